r"""Numbers that examples can have, for lossless compression."""

__all__ = ["Axis", "Gridded", "GriddedCells"]

import abc
from typing import Any, NamedTuple

from numpy.typing import NDArray
from torch import Tensor

from ..normal_scores import NormalScores


class Axis(NamedTuple):
    r"""Numbers that one element of the examples can have, and their place as the networks see it.

    Example:
        >>> Axis("uint8", 0.0, 255.0, step=1.0, scale=255.0).scores is None
        True
    """

    dtype: str
    r"""The type of the numbers."""

    low: float
    r"""The least number of the fit."""

    high: float
    r"""The greatest number of the fit."""

    step: float = 0.0
    r"""The distance of neighbors on a grid, or zero if there is no grid."""

    decimals: int = 0
    r"""The number of decimals to which numbers on the grid are rounded."""

    loc: float = 0.0
    r"""The number that the networks see as zero."""

    scale: float = 1.0
    r"""The size of one scaled unit."""

    scores: NormalScores | None = None
    r"""The map to normal scores, in place of `loc` and `scale`."""


class Gridded(abc.ABC):
    r"""Kinds whose scaled numbers each belong to one number of the user."""

    @abc.abstractmethod
    def axes(self) -> list[Axis]:
        r"""Returns the axis of each element of an example, or one that all elements share."""

    @abc.abstractmethod
    def elements(self, x: Tensor) -> Tensor:
        r"""Returns the unscaled numbers of examples, with shape `(B, *shape_)`.

        Arguments:
            x: The examples, as `load` returned them.
        """

    @abc.abstractmethod
    def arranged(self, x: Tensor) -> Any:
        r"""Returns the user's array or frame: the inverse of `load` and `elements`.

        Arguments:
            x: The unscaled numbers, with shape `(B, *shape_)`.
        """


class GriddedCells(abc.ABC):
    r"""Kinds of tables whose cells each belong to a number or a level, or are missing."""

    @abc.abstractmethod
    def cell_axes(self) -> list[Axis | list[int]]:
        r"""Returns the axis of each number, then the counts of the levels of each category.

        They are in the order of the likelihood, without constant columns.
        """

    @abc.abstractmethod
    def numbers_of(self, X: Any) -> NDArray:
        r"""Returns the cells of rows as numbers and indices of levels, NaN if missing.

        They are in the order of :meth:`cell_axes`. A new level is missing.

        Arguments:
            X: The rows, as a pandas frame.
        """

    @abc.abstractmethod
    def rows_of(self, cells: NDArray) -> Any:
        r"""Returns the rows of such cells, with the constant columns of the fit."""
