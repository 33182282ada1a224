r"""Cells of tables: missing cells, scores of cells, conditions, new levels and rankings."""

__all__ = [
    "CellDecomposable",
    "CellScored",
    "Conditionable",
    "Imputable",
    "OpenLevels",
    "Rankable",
]

import abc
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor
from torch.distributions import Distribution


class Imputable(abc.ABC):
    r"""Kinds whose examples may have missing numbers. Their models can `impute`.

    The likelihood skips missing numbers.
    """

    @abc.abstractmethod
    def known(self, x: Tensor) -> Tensor:
        r"""Returns a mask of the numbers that are not missing, with the shape of `x`.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
        """

    @abc.abstractmethod
    def mean_given(self, p: Distribution, x: Tensor) -> Tensor:
        r"""Returns means of missing numbers, in the form that `restore_mean` takes.

        Arguments:
            p: The decoder's distributions, with batch shape `(*, B)`.
            x: The scaled examples, with shape `(B, *shape_)`.
        """

    @abc.abstractmethod
    def fill(self, X: Any, R: Any) -> Any:
        r"""Returns examples with missing cells filled in from other examples.

        Arguments:
            X: The user's examples.
            R: The other examples, one for each, as `restore` returns them.
        """


class CellScored(abc.ABC):
    r"""Kinds whose cells have their own probabilities. Their models have `cell_surprisal`."""

    @abc.abstractmethod
    def cells(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns :math:`\log p(x_j \mid z)` of each cell, NaN if it is missing.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
            p: The decoder's distributions, with batch shape `(*, B)`.

        Returns:
            The logarithms, with shape `(*, B, columns)`.
        """

    @abc.abstractmethod
    def mask_each_cell(self, x: Tensor) -> Iterator[Tensor]:
        r"""Yields the scaled examples once for each column, with its cells hidden."""


class Conditionable(abc.ABC):
    r"""Kinds whose new examples can have given or missing cells."""

    @abc.abstractmethod
    def template(self, given: Mapping[Any, Any], n: int = 1) -> Any:
        r"""Returns `n` examples with given cells, by column. All other cells are missing.

        Raises:
            ValueError: If there is no such column, or a cell has the wrong kind.
        """

    @abc.abstractmethod
    def hide(self, x: Tensor) -> Tensor:
        r"""Returns scaled examples with cells hidden in the patterns of the fitted data."""


class OpenLevels(abc.ABC):
    r"""Kinds with categories, of which later data may have new levels."""

    @abc.abstractmethod
    def is_new(self, x: Tensor) -> Tensor:
        r"""Returns a mask of the cells with a new level, with shape `(N, columns)`.

        Arguments:
            x: The examples, as `load` returned them.
        """

    @abc.abstractmethod
    def log_mass(self, x: Tensor) -> Tensor:
        r"""Returns the terms to add to log-probabilities of cells because levels may be new.

        .. math:: \log u \text{ for a new level}, \qquad \log(1 - u) \text{ for others}

        Arguments:
            x: The examples, as `load` returned them.

        Returns:
            The logarithms, with shape `(N, columns)`.
        """


class CellDecomposable(Imputable, CellScored, OpenLevels):
    r"""Kinds whose surprisal the anomaly detector decomposes into cells."""

    @abc.abstractmethod
    def observed(self, x: Tensor) -> Tensor:
        r"""Returns a mask of known cells, in the order of the likelihood, with shape `(B, F)`."""

    @abc.abstractmethod
    def per_column(self, cells: Tensor) -> Tensor:
        r"""Returns numbers of cells in the order of the columns, with zeros for constant columns.

        Arguments:
            cells: Numbers in the order of the likelihood, with shape `(*, F)`.
        """

    @abc.abstractmethod
    def new_level_surprisal(self, t: Tensor) -> Tensor:
        r"""Returns the excess surprisal of new levels, which networks cannot see.

        Arguments:
            t: The rows, as `load` returned them, with shape `(N, columns)`.
        """

    @abc.abstractmethod
    def has_density(self) -> list[bool]:
        r"""Returns whether each column holds numbers with a density, not levels or constants."""


class Rankable(abc.ABC):
    r"""Kinds whose features are things of which an example has some. Models can `recommend`."""

    @abc.abstractmethod
    def ranking(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns scores of the features, minus infinity for those that an example has.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
            p: The decoder's distributions for their codes, with batch shape `(B,)`.

        Returns:
            The scores, with shape `(B, D)`.
        """
