r"""Cells of mixed rows as numbers on the grids of their columns, for lossless compression."""

__all__ = ["LatticeCells"]

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..capabilities import GriddedCells
from ..capabilities.lattices import Axis
from ..columns import Column, DateColumn, LevelColumn
from .layout import RowLayout


class LatticeCells(GriddedCells):
    r"""Methods of :class:`~autoencode.modalities.MixedTables` for lossless compression.

    Attributes:
        columns_: The columns of the fit.
    """

    columns_: list[Column]

    def cell_axes(self) -> list[Axis | list[int]]:
        layout, found = RowLayout.of(self.columns_), []

        for j in layout.cells:
            column = self.columns_[j]
            found.append(
                [*column.counts_] or [0] if isinstance(column, LevelColumn) else _axis(column)
            )

        return found

    def numbers_of(self, X: Any) -> NDArray:
        cells = np.empty((len(X), len(self._cells())))

        with _quiet():
            for k, j in enumerate(self._cells()):
                column = self.columns_[j]
                cells[:, k] = _numbers(column, X[column.name])

        return cells

    def rows_of(self, cells: NDArray) -> Any:
        import pandas as pd

        place = {j: k for k, j in enumerate(self._cells())}
        first = np.zeros(len(cells))
        decoded = {}

        for j, column in enumerate(self.columns_):
            if isinstance(column, LevelColumn) or j not in place:
                decoded[column.name] = column.decode(cells[:, place[j]] if j in place else first)
            else:
                decoded[column.name] = column.cells(cells[:, place[j]])

        return pd.DataFrame(decoded, index=pd.RangeIndex(len(cells)))

    def _cells(self) -> list[int]:
        return RowLayout.of(self.columns_).cells


def _axis(column: Any) -> Axis:
    if isinstance(column, DateColumn):
        days, step = column.days_, column.step_ / column.ticks_per_day
        return Axis("float64", 0.0, days.high_, step, 15, scores=column.scores_)

    return Axis(
        *("float64", column.low_, column.high_, column.step_, column.decimals_),
        scores=column.scores_,
    )


def _numbers(column: Any, cells: Any) -> NDArray:
    r"""Returns cells as numbers or levels; NaN for new levels, and for cells of another type."""
    try:
        index = column.encode(cells) if isinstance(column, LevelColumn) else None
        return column.to_numeric(cells) if index is None else np.where(index < 0, np.nan, index)
    except ValueError:
        return np.full(len(cells), np.nan)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    r"""Turns off warnings of new levels, which are stored beside the rows."""
    log = logging.getLogger("autoencode.modalities.columns.levels")
    level = log.level
    log.setLevel(logging.ERROR)

    try:
        yield
    finally:
        log.setLevel(level)
