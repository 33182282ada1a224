r"""Point masses: the posterior of a plain autoencoder."""

__all__ = ["Dirac", "PointMass"]

from typing import ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints

from .base import Family


class PointMass(Distribution):
    r"""Point mass :math:`\delta(z - \mu)`, a distribution without a density.

    Arguments:
        loc: The point :math:`\mu`, with shape `(*)`.

    See Also:
        :class:`~autoencode.distributions.Dirac`

    Example:
        >>> PointMass(torch.tensor([1.0, 2.0])).rsample((3,)).shape
        torch.Size([3, 2])
    """

    arg_constraints: ClassVar[dict] = {"loc": constraints.real}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Tensor) -> None:
        super().__init__(loc.shape, validate_args=False)

        self.loc = loc

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return torch.zeros_like(self.loc)

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "PointMass":
        return PointMass(self.loc.expand(batch_shape))

    def rsample(self, sample_shape: Size = Size()) -> Tensor:
        return self.loc.expand(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        raise ValueError(
            "a Dirac posterior has no density. Use posterior=Gaussian(), or an objective that"
            " needs no density, such as Reconstruction()."
        )


class Dirac(Family):
    r"""Family of point masses at :math:`\phi`: :math:`q(z \mid x) = \delta(z - f(x))`.

    See Also:
        :class:`~autoencode.distributions.PointMass`,
        :class:`~autoencode.objectives.Reconstruction`

    Example:
        >>> Dirac()(torch.ones(4, 1)).mean
        tensor([1., 1., 1., 1.])
    """

    n_params = 1
    has_density = False

    def forward(self, phi: Tensor) -> PointMass:
        return PointMass(phi.squeeze(dim=-1))
