r"""The unit Gaussian as a prior."""

__all__ = ["StandardNormal"]

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from .base import Prior


class StandardNormal(Prior):
    r"""The unit Gaussian.

    .. math:: p(z) = \mathcal{N}(z \mid 0, I)

    See Also:
        :class:`~autoencode.priors.Mixture`

    Example:
        >>> StandardNormal().build(3)().sample((5,)).shape
        torch.Size([5, 3])
    """

    loc: Tensor
    scale: Tensor

    def build(self, latent_dim: int) -> "StandardNormal":
        self.register_buffer("loc", torch.zeros(latent_dim), persistent=False)
        self.register_buffer("scale", torch.ones(latent_dim), persistent=False)

        return self

    def forward(self) -> Independent:
        return Independent(Normal(self.loc, self.scale, validate_args=False), 1)
