r"""Base class of modalities: conversion to tensors and back, defaults of the model."""

__all__ = ["WIDE", "Modality", "warn_of_constants"]

import abc
import logging
from typing import Any, ClassVar, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ..common.configurable import Configurable
from ..distributions import Family
from ..networks import Network

log = logging.getLogger(__name__)

_MAX_NAMES_SHOWN = 10  # maximum number of columns in a message

# Types whose numbers do not fit into single precision
WIDE = {torch.float64, torch.int32, torch.int64, torch.uint32, torch.uint64}

Self = TypeVar("Self", bound="Modality")


class Modality(Configurable, abc.ABC):
    r"""Abstract kind of data: conversion to tensors and back, and the default model.

    Data stay where they are, in memory or in a file: `load` makes a tensor on their memory, and
    `normalize` scales one minibatch of it. `restore` reverses both.

    Every kind has these ten methods. Abilities of some kinds, such as reading folders, missing
    cells or windows, are classes of :mod:`~autoencode.modalities.capabilities`. A kind with such
    an ability also inherits from its class.

    See Also:
        :class:`~autoencode.modalities.Tables`, :class:`~autoencode.modalities.Images`
    """

    shape_: tuple[int, ...]
    r"""The shape of one scaled example. The networks see it, and `fit` sets it."""

    format_: dict[str, Any] | None = None
    r"""The format of the files of a table, if the examples were read from one."""

    takes_sparse: ClassVar[bool] = False
    r"""True if examples may be rows of a sparse matrix, :class:`~autoencode.data.SparseRows`."""

    suffixes: ClassVar[tuple[str, ...]] = (".npy", ".csv", ".parquet")
    r"""The files that examples can be written to. The empty suffix stands for a folder."""

    @classmethod
    @abc.abstractmethod
    def accepts(cls, X: object) -> bool:
        r"""Tell whether `X` is of this kind: examples, or the path of a file or folder."""

    @abc.abstractmethod
    def fit(self: Self, X: NDArray, support: Constraint = constraints.real) -> Self:
        r"""Learns the shape, scale and type of the data.

        Arguments:
            X: The examples, with shape `(N, *)`.
            support: The set in which the scaled data must lie, according to the likelihood.

        Raises:
            ValueError: If the data are not of this kind.
        """

    @abc.abstractmethod
    def load(self, X: NDArray) -> Tensor:
        r"""Returns the examples as a tensor. Numbers are unchanged, and share the memory of `X`.

        Raises:
            ValueError: If the examples differ in shape from those of `fit`, or are not finite.
        """

    @abc.abstractmethod
    def normalize(self, x: Tensor) -> Tensor:
        r"""Returns the scaled examples of a tensor from `load`, as float32, `(B, *shape_)`."""

    @abc.abstractmethod
    def restore(self, x: Tensor) -> Any:
        r"""Returns scaled examples in the shape, scale and type of the user's examples.

        Each example is restored on its own, so that large results are restored in batches.
        """

    @abc.abstractmethod
    def network(self) -> Network:
        r"""Returns the default architecture."""

    @abc.abstractmethod
    def likelihood(self) -> Family:
        r"""Returns the default likelihood for the data of `fit`."""

    draws_means: ClassVar[bool] = False
    r"""True if `draw` leaves out the noise of :math:`p(x \mid z)`."""

    def draw(self, p: Distribution) -> Tensor:
        r"""Returns new scaled examples under :math:`p(x \mid z)`: by default a sample."""
        return p.sample()

    def unit(self) -> Tensor:
        r"""Returns the size of one scaled unit in the user's unit, by default one.

        Its shape broadcasts to `shape_`. Squared errors are multiplied by its square, and
        densities are divided by it for each number, so that both are in the user's units.
        """
        return torch.ones(())

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns the reconstruction errors of examples, by default squared, in the user's units.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
            p: The decoder's distributions for their codes, with batch shape `(B,)`.

        Returns:
            The errors in double precision, with shape `(B,)`.
        """
        residual = (x - p.mean) * self.unit().to(x.device)
        return residual.flatten(start_dim=1).square().sum(dim=-1, dtype=torch.float64)


def warn_of_constants(names: list[str]) -> None:
    r"""Log a warning if columns that were constant in the fit vary.

    Arguments:
        names: The names of the columns.

    Example:
        >>> warn_of_constants([])
    """
    if names:
        more = (
            f" and {len(names) - _MAX_NAMES_SHOWN:,} more" if len(names) > _MAX_NAMES_SHOWN else ""
        )
        log.warning(
            "columns that were constant in the fit vary now, which is ignored: %s%s.",
            *(", ".join(names[:_MAX_NAMES_SHOWN]), more),
        )
