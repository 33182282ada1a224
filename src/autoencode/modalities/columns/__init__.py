r"""Columns of mixed tables.

A column learns the type and range of its cells. It turns cells into numbers, with NaN for a
missing cell, and turns such numbers back into cells of the same type and range.

- `numbers`, `dates`, `levels`: columns of numbers, of dates and times, and of categories
- `categories`, `cells`: categories of any type as text and numbers; kinds of single cells
- `grids`, `marginals`: grids that numbers lie on; kinds of numeric columns
- `exclusive`, `flags`: exclusive flags, as in one-hot encodings; new flags
- `dtypes`, `containers`: types of cells, and frames like the user's
"""

__all__ = ["UNKNOWN", "Column", "DateColumn", "LevelColumn", "NumberColumn", "describe_column"]

from typing import Any

import numpy as np

from .cells import no_use
from .dates import DATE_TYPES, DateColumn
from .dtypes import open_cells, returns
from .levels import UNKNOWN, LevelColumn
from .numbers import NumberColumn

Column = NumberColumn | DateColumn | LevelColumn

_NUMBER_TYPES = {"integer", "floating", "mixed-integer-float", "decimal"}  # as pandas infers them
_UNSUPPORTED_TYPES = {"complex", "bytes", "period", "interval"}


def describe_column(
    name: str | int, cells: Any, limit: int = 200, unknown: str = "rare"
) -> Column:
    r"""The kind of a column, with its types, levels and range.

    Arguments:
        name: The column's name.
        cells: A pandas series.
        limit: The number of levels of a category that the model distinguishes.
        unknown: The treatment of levels that the fit did not see, see :class:`LevelColumn`.

    Raises:
        ValueError: If no kind of column can hold the cells.

    Example:
        >>> import pandas as pd
        >>> describe_column("kind", pd.Series(["a", "b"]))
        LevelColumn(name='kind')
    """
    try:
        return _describe(name, cells, limit, unknown)
    except NotImplementedError:  # Arrow lacks operations for some types
        raise ValueError(
            f"column {name!r}: cells of type {cells.dtype} are not supported. Cast it to a type"
            " of numbers, text or dates, or drop it."
        ) from None


def _describe(name: str | int, cells: Any, limit: int, unknown: str) -> Column:
    import pandas as pd

    opened = open_cells(cells)
    kind = opened.dtype.kind
    there = opened.dropna()
    inferred = "" if opened.dtype == "category" else pd.api.types.infer_dtype(there)

    if inferred in _UNSUPPORTED_TYPES or isinstance(opened.dtype, pd.ArrowDtype):
        cell = next(iter(there), None)
        what = no_use(cell) if cell is not None else f"{cells.dtype} is not supported."
        raise ValueError(f"column {name!r}: {what}")

    if isinstance(cells.dtype, pd.ArrowDtype) and not returns(cells.dtype):
        cell = next(iter(there), None)
        raise ValueError(
            f"column {name!r}: "
            + (
                no_use(cell)
                if isinstance(cell, (dict, list, np.ndarray))
                else f"cells of type {cells.dtype.pyarrow_dtype} are not supported. Cast it to a"
                " type of numbers, text or dates, or drop it."
            )
        )

    if kind in "mM" or inferred in DATE_TYPES:
        return DateColumn(name).fit(cells)

    if kind in "iuf" or inferred in _NUMBER_TYPES:
        return NumberColumn(name).fit(cells)

    return LevelColumn(name, limit, unknown).fit(cells)
