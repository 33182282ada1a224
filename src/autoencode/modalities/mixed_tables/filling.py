r"""Missing cells of a column, filled in from another column."""

from typing import Any

import numpy as np

from ..columns.dtypes import close, missing, name_of, open_cells


def fill_column(cells: Any, other: Any) -> Any:
    r"""Returns a column with missing cells from another column, in its own type if possible."""
    import pandas as pd

    is_missing = missing(cells)
    of_python = isinstance(cells.dtype, np.dtype) and cells.dtype.kind == "O"

    if not is_missing.any() and (not of_python or cells.dtype == other.dtype):
        return cells

    viewed = isinstance(other.dtype, pd.ArrowDtype) and "view" in str(other.dtype)

    if cells.dtype == other.dtype and not viewed:  # Arrow cannot select rows of string views
        n = len(cells)
        chosen = np.where(is_missing, np.arange(n) + n, np.arange(n))
        return pd.concat([cells, other]).iloc[chosen].set_axis(cells.index)

    a, b = (open_cells(c) if viewed else c.astype(object) for c in (cells, other))
    whole = a.where(~is_missing, b)

    if cells.dtype != other.dtype and not _holds(other.dtype, cells):
        return whole.infer_objects()

    if isinstance(other.dtype, pd.ArrowDtype):
        declared = getattr(open_cells(other).dtype, "categories", None)
        return close(whole, name_of(other.dtype), declared).set_axis(cells.index)

    return whole.astype(other.dtype)


def _holds(dtype: Any, cells: Any) -> bool:
    r"""Tell whether a type can hold all cells that are not missing, unchanged."""
    there = open_cells(cells).dropna().infer_objects()
    dtype = getattr(dtype, "numpy_dtype", dtype)

    if {there.dtype.kind, dtype.kind} <= {*"biuf"}:
        v = there.to_numpy()

        with np.errstate(invalid="ignore", over="ignore"):  # the comparison finds such cells
            return bool((v.astype(dtype) == v).all())

    if {there.dtype.kind, dtype.kind} == {"M"}:
        return bool((there.astype(dtype) == there).all())

    return True
