r"""Cells of rows of mixed columns: the missing, the hidden and the new ones."""

__all__ = ["MixedCells", "check_column_names", "to_frame"]

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from ...data import is_frame, names_of, to_pandas
from ..capabilities import CellDecomposable
from ..columns import Column, DateColumn, LevelColumn, NumberColumn
from .filling import fill_column
from .layout import RowLayout
from .new_cells import is_new, log_mass, surprisal_of_new
from .scores import mean_in_units


class MixedCells(CellDecomposable):
    r"""Methods of :class:`~autoencode.modalities.MixedTables` for single cells.

    Attributes:
        columns_: The columns of the fit.
    """

    columns_: list[Column]

    def mean_given(self, p: Distribution, x: Tensor) -> Tensor:
        r"""Returns means of missing cells in double precision, for numbers in the user's units.

        .. math:: \mathbb{E}[v(t)], \qquad t \sim \mathcal{N}(\mu, \sigma^2)

        The map from scores to numbers is nonlinear. The mean therefore differs from the number
        of the mean score, which is the median. See
        :meth:`~autoencode.modalities.normal_scores.NormalScores.mean`.
        """
        return mean_in_units(self._scored(), p, x)

    def log_mass(self, x: Tensor) -> Tensor:
        return log_mass(self.columns_, x)

    def is_new(self, x: Tensor) -> Tensor:
        return is_new(self.columns_, x)

    def cells(self, x: Tensor, p: Distribution) -> Tensor:
        row: Any = p.base_dist if isinstance(p, Independent) else p
        ll = row.cells(x)
        return self.per_column(torch.where(self.observed(x), ll, torch.nan))

    def per_column(self, cells: Tensor) -> Tensor:
        return self._layout().per_column(cells)

    def known(self, x: Tensor) -> Tensor:
        return self.observed(x)[:, self._layout().slots]

    @property
    def n_numbers(self) -> int:
        r"""Number of columns with scores, and of the indicators of their cells."""
        return len(self._layout().numbers)

    def new_level_surprisal(self, t: Tensor) -> Tensor:
        r"""Returns the surprisal of cells that networks cannot see, minus its expected value.

        See :func:`~autoencode.modalities.mixed_tables.new_cells.surprisal_of_new`.

        Arguments:
            t: The rows, as `load` returned them, with shape `(N, columns)`.
        """
        return surprisal_of_new(self.columns_, t)

    def has_density(self) -> list[bool]:
        return [
            not isinstance(column, LevelColumn)
            and not column.constant_
            and not column.scores_.intervals()
            for column in self.columns_
        ]

    def mask_each_cell(self, x: Tensor) -> Iterator[Tensor]:
        return self._layout().mask_each_cell(x)

    def fill(self, X: Any, R: Any) -> Any:
        X = to_frame(X)
        filled = {}

        for name in X.columns:
            filled[name] = fill_column(X[name], R[name].set_axis(X.index))

        return type(X)(filled, index=X.index)

    def observed(self, x: Tensor) -> Tensor:
        return self._layout().is_observed(x)

    def _layout(self) -> RowLayout:
        return RowLayout.of(self.columns_)

    def _scored(self) -> list[NumberColumn | DateColumn]:
        columns = [self.columns_[j] for j in self._layout().numbers]
        return [c for c in columns if not isinstance(c, LevelColumn)]


def to_frame(X: Any) -> Any:
    r"""Rows as a data frame of pandas.

    Arguments:
        X: A data frame of any library.

    Raises:
        ValueError: If it is something else, or two columns have the same name.
    """
    if not is_frame(X):
        raise ValueError(f"expected a data frame, as in the fit, got {type(X).__name__}.")

    names_of(X)  # raises if two names are the same
    return to_pandas(X)


def check_column_names(names: Sequence[Any]) -> None:
    r"""Refuse names of columns that are neither text nor whole numbers.

    Arguments:
        names: The names.

    Raises:
        ValueError: If there are others, with advice.

    Example:
        >>> check_column_names(["a", 1])
    """
    if wrong := [n for n in names if not isinstance(n, (str, int)) or isinstance(n, bool)]:
        raise ValueError(
            "expected columns with names of text or whole numbers, got"
            f" {', '.join(map(repr, wrong[:3]))}. {_rename(wrong[0])}"
        )


def _rename(name: Any) -> str:
    r"""Returns advice about columns whose names are neither text nor whole numbers."""
    if isinstance(name, tuple):
        return "Join their levels: X.columns = ['_'.join(map(str, name)) for name in X.columns]"

    return "Turn them into text: X.columns = X.columns.astype(str)"
