r"""Mixtures of discretized logistic distributions, for 8-bit images."""

__all__ = ["MixtureOfLogistics"]

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, constraints

from ...common.checks.ranges import check_at_least
from ..base import SMALLEST_SCALE, Family
from .logistic import Logistic256


class MixtureOfLogistics(Family):
    r"""Mixtures of discretized logistic distributions of each gray level.

    .. math:: P(x) = \sum_{k=1}^K \pi_k \, P_k(x), \qquad \phi = (\ell, m, r), \quad
        \pi = \mathrm{softmax}(\ell), \quad \mu_k = m_k + \frac{k - 1/2}{K}

    where :math:`P_k` is a :class:`Logistic256` of location :math:`\mu_k`, whose scale follows from
    :math:`r_k` as in :class:`DiscretizedLogistic`. The locations start evenly between black and
    white. Colors of a pixel are independent given the code.

    References:
        | PixelCNN++: Improving the PixelCNN with Discretized Logistic Mixture Likelihood and Other
          Modifications (Salimans et al., 2017)
        | https://arxiv.org/abs/1701.05517

    Arguments:
        n_components: The number of components :math:`K`.

    Raises:
        ValueError: If there is no component.

    See Also:
        :class:`~autoencode.distributions.DiscretizedLogistic`

    Example:
        >>> p = MixtureOfLogistics()(torch.zeros(5, 15))
        >>> p.log_prob(torch.rand(5)).shape
        torch.Size([5])
    """

    support = constraints.unit_interval
    discrete = True

    def __init__(self, n_components: int = 5) -> None:
        super().__init__()

        check_at_least(1, n_components=n_components)

        self.n_components = n_components

    @property
    def n_params(self) -> int:  # type: ignore[override]
        r"""Number of raw parameters per element."""
        return 3 * self.n_components

    def forward(self, phi: Tensor) -> MixtureSameFamily:
        logits, m, r = phi.unflatten(-1, (3, self.n_components)).unbind(dim=-2)
        start = torch.arange(0.5, self.n_components, device=phi.device) / self.n_components
        parts = Logistic256(m + start.to(phi), SMALLEST_SCALE + F.softplus(r))

        return MixtureSameFamily(Categorical(logits=logits), parts, validate_args=False)
