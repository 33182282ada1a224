r"""Abstract family: a map from raw network outputs to distributions.

A network returns :math:`P` raw parameters :math:`\phi` for each element (a pixel, a cell, a
feature of the code). A family maps them to a distribution

.. math:: p(\cdot \mid \phi),

and may have parameters that all elements share. Log-densities are in nats and include their
constants, so that the likelihoods of two families can be compared.
"""

__all__ = ["RESOLUTION", "SMALLEST_SCALE", "Family"]

import abc
from collections.abc import Sequence
from typing import ClassVar, TypeVar

import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ..common.configurable import Configurable
from ..networks import Network

Self = TypeVar("Self", bound="Family")

SMALLEST_SCALE = 1e-3  # keeps the density finite where data can be predicted exactly
RESOLUTION = 5e-7  # rounding error of single precision, in units of the scaled data


class Family(Configurable, nn.Module, abc.ABC):
    r"""Abstract family of distributions :math:`p(\cdot \mid \phi)`.

    See Also:
        :class:`~autoencode.distributions.Gaussian`
    """

    n_params: ClassVar[int]
    r"""Number of raw parameters per element."""

    support: ClassVar[Constraint] = constraints.real
    r"""Set of valid data, as a `torch` constraint."""

    discrete: ClassVar[bool] = False
    r"""True if `log_prob` is the logarithm of a probability rather than of a density."""

    has_density: ClassVar[bool] = True
    r"""True if the distributions have a density or probabilities, as all but point masses do."""

    has_reference: ClassVar[bool] = False
    r"""True if codes lie in a smaller space than that of all vectors, where :meth:`reference` is
    defined: a sphere, or a finite set. Such a family is a posterior, not a likelihood."""

    free_nats: float = 0.0
    r"""Default free nats of the objective: the rate in nats per example that is not penalized."""

    def build(self: Self, network: Network, event: Sequence[int]) -> Self:
        r"""Creates the parameters that depend on the architecture, and returns the family.

        Most families have no such parameters.

        Arguments:
            network: The architecture of the decoder.
            event: The shape of the decoder output for each raw parameter.

        Raises:
            ValueError: If the family does not support the architecture.
        """
        return self

    def check_support(self, x: Tensor) -> None:
        r"""Checks that data lie in the support of the family.

        Raises:
            ValueError: If they do not.
        """
        if not self.support.check(x).all():
            raise ValueError(
                f"{type(self).__name__} needs values between 0 and 1, got"
                f" {x.min():g} to {x.max():g}. Scale the data to this range, or use another"
                " likelihood, such as SharedGaussian()."
            )

    def project(self, z: Tensor) -> Tensor:
        r"""Returns the nearest values that the family can take; most take any.

        Arguments:
            z: Values, with shape `(*, D)`.
        """
        return z

    def reference(self, z: Tensor) -> Distribution:
        r"""Returns what codes are distributed as before an example is seen, such as uniformly.

        Only families with `has_reference` have one. Its batch shape is `()`.

        Arguments:
            z: A vector of the size, type and device of a code, with shape `(D,)`.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def forward(self, phi: Tensor) -> Distribution:
        r"""
        Arguments:
            phi: The raw parameters :math:`\phi \in \mathbb{R}^P`, with shape `(*, P)`.

        Returns:
            A distribution with batch shape `(*)`.
        """
