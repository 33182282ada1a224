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

    Its arguments do not depend on the code size; `build` creates the parameters.

    See Also:
        :class:`~autoencode.priors.StandardNormal`, :class:`~autoencode.priors.Mixture`
    """

    fits: bool = False
    r"""True if the prior is fitted to the codes after the training."""

    @abc.abstractmethod
    def build(self: Self, latent_dim: int) -> Self:
        r"""Creates the parameters for codes with shape `(latent_dim,)`, and returns the prior."""

    @abc.abstractmethod
    def forward(self) -> Distribution:
        r"""
        Returns:
            The distribution :math:`p(z)`, with batch shape `()` and event shape `(D,)`.
        """

    def fit(self, codes: Callable[[], Tensor]) -> None:
        r"""Fits the prior to codes of the trained encoder. Most priors have nothing to fit.

        Arguments:
            codes: Draws codes :math:`z_i \sim q(z \mid x_i)`, `k` per example, with shape
                `(N, k, D)`.
        """
