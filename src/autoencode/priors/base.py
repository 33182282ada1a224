r"""Priors :math:`p(z)` of the code."""

__all__ = ["Prior"]

import abc
from collections.abc import Callable
from typing import TypeVar

import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution

from ..common.configurable import Configurable

Self = TypeVar("Self", bound="Prior")


class Prior(Configurable, nn.Module, abc.ABC):
    r"""Abstract prior: a module that returns :math:`p(z)` when called.

    Its arguments are known before the size of the code is; `build` makes the parameters.
    """

    fits: bool = False
    r"""Whether it follows the codes, wherever a training has put them."""

    @abc.abstractmethod
    def build(self: Self, latent_dim: int) -> Self:
        r"""Makes the prior's parameters for codes with shape `(latent_dim,)`, and returns it."""

    @abc.abstractmethod
    def forward(self) -> Distribution:
        r"""
        Returns:
            The distribution :math:`p(z)`, with batch shape `()` and event shape `(D,)`.
        """

    def fit(self, codes: Callable[[], Tensor]) -> None:
        r"""Learns from codes once encoder and decoder are trained. Most priors learn nothing.

        Arguments:
            codes: Draws codes :math:`z_i \sim q(z \mid x_i)`, some of each example, with shape
                `(N, k, D)`.
        """
