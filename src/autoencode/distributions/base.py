r"""Abstract family: a map from raw network outputs to distributions.

A network returns :math:`P` raw parameters :math:`\phi` for each element (a pixel, a cell, a
feature of the code). A family maps them to a distribution

.. math:: p(\cdot \mid \phi),

and may have parameters that all elements share. Log-densities are in nats and include their
constants, so that the likelihoods of two families can be compared.
"""

__all__ = ["RESOLUTION", "SMALLEST_SCALE", "Family", "saturate"]

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

_OTHER = "Use other data, or another likelihood, such as SharedGaussian()."
_KNOWN = {  # supports in words, and advice on data outside of them
    id(constraints.unit_interval): (
        "values between 0 and 1",
        "Scale the data to this range, or use another likelihood, such as SharedGaussian().",
    ),
    id(constraints.nonnegative_integer): ("whole numbers from 0 on", _OTHER),
    id(constraints.nonnegative): ("numbers from 0 on", _OTHER),
    id(constraints.positive): ("numbers above 0", _OTHER),
}


class Family(Configurable, nn.Module, abc.ABC):
    r"""Abstract family of distributions :math:`p(\cdot \mid \phi)`.

    See Also:
        :class:`~autoencode.distributions.Gaussian`
    """

    n_params: ClassVar[int]
    r"""Number of raw parameters per element."""

    support: ClassVar[Constraint] = constraints.real
    r"""Set of valid data, as a `torch` constraint."""

    support_text: ClassVar[str] = ""
    r"""The support in words, for messages; by default that of the constraint."""

    remedy: ClassVar[str] = ""
    r"""Advice on data outside of the support."""

    discrete: ClassVar[bool] = False
    r"""True if `log_prob` is the logarithm of a probability rather than of a density."""

    takes_offset: ClassVar[bool] = False
    r"""True if the first raw parameter is the logarithm of the mean, to which the logarithm of a
    size may be added."""

    elementwise: ClassVar[bool] = True
    r"""False if the family scores the elements of an example together, given their total."""

    has_density: ClassVar[bool] = True
    r"""True if the distributions have a density or probabilities, as all but point masses do."""

    has_reference: ClassVar[bool] = False
    r"""True if codes lie in a smaller space than all vectors, such as a sphere or a finite set,
    where :meth:`reference` is defined. Such a family is a posterior, not a likelihood."""

    finite: ClassVar[bool] = False
    r"""True if codes have finitely many values, where :meth:`index_shape`, :meth:`indices` and
    :meth:`values` are defined: categories, or entries of a codebook. Such a family is a
    posterior."""

    couples_examples: bool = False
    r"""True if the distribution of an example depends, in training, on the other examples of its
    minibatch, as the entries of a learned codebook do."""

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
        valid = self.support.check(x)

        if not valid.all():
            known = _KNOWN.get(id(self.support), (f"data in {self.support}", _OTHER))
            needed, remedy = self.support_text or known[0], self.remedy or known[1]
            raise ValueError(
                f"{type(self).__name__} needs {needed}, got {x.min():g} to {x.max():g}, such as"
                f" {x[~valid].flatten()[0]:g}. {remedy}"
            )

    def project(self, z: Tensor) -> Tensor:
        r"""Returns the nearest values in the support of the family.

        Arguments:
            z: Values, with shape `(*, D)`.
        """
        return z

    def reference(self, z: Tensor) -> Distribution:
        r"""Returns the distribution of codes before an example is seen, such as a uniform one.

        Only families with `has_reference` have this distribution. Its batch shape is `()`.

        Arguments:
            z: A vector of the size, type and device of a code, with shape `(D,)`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no reference distribution.")

    def index_shape(self, D: int) -> tuple[int, int]:
        r"""Returns the number of indices of a code of `D` numbers, and the values of an index.

        Only families with `finite` have them.
        """
        raise NotImplementedError(f"{type(self).__name__} has no indices of codes.")

    def indices(self, z: Tensor) -> Tensor:
        r"""Returns the indices of codes `(*, D)`, with shape `(*, G)`."""
        raise NotImplementedError(f"{type(self).__name__} has no indices of codes.")

    def values(self, index: Tensor, D: int) -> Tensor:
        r"""Returns the codes `(*, D)` of indices `(*, G)`, the inverse of :meth:`indices`."""
        raise NotImplementedError(f"{type(self).__name__} has no indices of codes.")

    @abc.abstractmethod
    def forward(self, phi: Tensor) -> Distribution:
        r"""
        Arguments:
            phi: The raw parameters :math:`\phi \in \mathbb{R}^P`, with shape `(*, P)`.

        Returns:
            A distribution with batch shape `(*)`.
        """


def saturate(t: Tensor, limit: float) -> Tensor:
    r"""Numbers that rise toward a limit, and are unchanged far below it.

    .. math:: \frac{t}{1 + t / t_{\max}}

    Arguments:
        t: Numbers of at least zero.
        limit: The limit :math:`t_{\max} > 0`.

    Example:
        >>> import torch
        >>> saturate(torch.tensor([1.0, 100.0, 1e9]), 100.0)
        tensor([  0.9901,  50.0000, 100.0000])
    """
    return t / (1 + t / limit)
