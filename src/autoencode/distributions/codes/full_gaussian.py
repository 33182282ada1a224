r"""Normal distributions with a covariance."""

__all__ = ["FullGaussian"]

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal
from torch.nn.functional import softplus

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
