r"""Normal distributions with a full covariance, or with a minimum rate."""

__all__ = ["DeltaGaussian", "FullGaussian"]

import math
from collections.abc import Sequence

import torch
from scipy.special import lambertw
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal
from torch.nn.functional import softplus

from ...common.checks.ranges import check_above, check_within
from ...networks import Network
from ..base import RESOLUTION, Family


class FullGaussian(Family):
    r"""Normal distributions whose mean and covariance depend on the example.

    .. math:: \mathcal{N}(\mu, L L^\top), \qquad \phi_j = (\mu_j, L_{j1}, \dots, L_{jD})

    :math:`L` is lower triangular, with a softplus on its diagonal. The encoder has
    :math:`D (1 + D)` outputs, so that codes of more than about 64 numbers are costly.

    References:
        | An Introduction to Variational Autoencoders (Kingma & Welling, 2019), section 2.5.1
        | https://arxiv.org/abs/1906.02691

    See Also:
        :class:`~autoencode.distributions.Gaussian`

    Example:
        >>> family = FullGaussian().build(None, (3,))
        >>> q = family(torch.zeros(5, 3, family.n_params))
        >>> q.batch_shape, q.event_shape
        (torch.Size([5]), torch.Size([3]))
    """

    n_params = 2

    def build(self, network: Network | None, event: Sequence[int]) -> "FullGaussian":
        self.n_params = 1 + event[0]  # type: ignore[misc]
        return self

    def forward(self, phi: Tensor) -> MultivariateNormal:
        raw = phi[..., 1 : 1 + phi.shape[-2]]
        scale = RESOLUTION + softplus(raw.diagonal(dim1=-2, dim2=-1))
        L = raw.tril(diagonal=-1) + torch.diag_embed(scale)

        return MultivariateNormal(phi[..., 0], scale_tril=L, validate_args=False)


class DeltaGaussian(Family):
    r"""Normal distributions whose divergence from the unit Gaussian is at least :math:`\delta`.

    .. math:: \mathcal{N}(\mu, \sigma^2), \qquad \phi = (m, s), \quad
        \sigma = \sigma_l + (\sigma_u - \sigma_l) \, \mathrm{sigmoid}(s), \quad
        \mu = \pm \sqrt{m^2 + 2 \delta + 1 + \log \sigma^2 - \sigma^2}

    The sign is that of :math:`m`. The scales :math:`\sigma_l < 1 < \sigma_u` solve
    :math:`\sigma^2 - 1 - \log \sigma^2 = 2 \delta`, so that the root is real. The divergence from
    the unit Gaussian is :math:`\delta + m^2 / 2` for each unit, whatever the scale: no unit can
    collapse. No term of the objective changes, so that the bound remains a bound. A decoder that
    could ignore the code, such as that of texts, gains nothing by doing so, because the rate is
    paid in any case.

    References:
        | Preventing Posterior Collapse with delta-VAEs (Razavi et al., 2019), for
          posteriors with a committed rate
        | https://arxiv.org/abs/1901.03416

    Arguments:
        min_rate: The minimum rate :math:`\delta > 0` of each unit, in nats, up to 50.

    Raises:
        ValueError: If the rate is out of its range.

    See Also:
        :class:`~autoencode.distributions.Gaussian`, :class:`~autoencode.objectives.ELBO`

    Example:
        >>> from torch.distributions import Normal, kl_divergence
        >>> q = DeltaGaussian(min_rate=0.5)(torch.randn(1000, 2))
        >>> bool(kl_divergence(q, Normal(0.0, 1.0)).min() > 0.4999)
        True
    """

    n_params = 2

    def __init__(self, min_rate: float = 0.1) -> None:
        super().__init__()

        check_above(0, min_rate=min_rate)
        check_within(0, 50, min_rate=min_rate)

        self.min_rate = min_rate

        # v - log v = 1 + 2 delta for v = -W(-exp(-1 - 2 delta)), on both branches
        x = -math.exp(-1 - 2 * min_rate)
        self.scales = tuple(math.sqrt(-lambertw(x, k).real) for k in (0, -1))

    def forward(self, phi: Tensor) -> Normal:
        m, s = phi.unbind(dim=-1)
        low, high = self.scales
        scale = low + (high - low) * s.sigmoid()
        left = 2 * self.min_rate + 1 + 2 * scale.log() - scale.square()
        tiny = torch.finfo(m.dtype).eps  # a square root has no derivative at zero
        loc = (m.square() + left).clamp(min=tiny).sqrt()

        return Normal(torch.where(m < 0, -loc, loc), scale, validate_args=False)
