r"""Priors :math:`p(z)` of the code."""

__all__ = ["Prior", "StandardNormal"]

import abc
from typing import TypeVar

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from .configurable import Configurable

Self = TypeVar("Self", bound="Prior")


class Prior(Configurable, nn.Module, abc.ABC):
    r"""Abstract prior: a module that returns :math:`p(z)` when called.

    Its arguments are known before the size of the code is; `build` makes the parameters.
    """

    @abc.abstractmethod
    def build(self: Self, latent_dim: int) -> Self:
        r"""Makes the prior's parameters for codes with shape `(latent_dim,)`, and returns it."""

    @abc.abstractmethod
    def forward(self) -> Distribution:
        r"""
        Returns:
            The distribution :math:`p(z)`, with batch shape `()` and event shape `(D,)`.
        """


class StandardNormal(Prior):
    r"""The unit Gaussian.

    .. math:: p(z) = \mathcal{N}(z \mid 0, I)

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
