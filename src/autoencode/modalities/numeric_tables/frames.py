r"""Conversion of data frames of numbers to arrays, and back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.arrays import cast
from ...data import is_frame, to_pandas
from ...data.disk_arrays import spread_rows
from ..columns.cells import plain
from ..columns.dtypes import close, dtype_of, name_of, open_cells
from ..columns.grids import grid_of

_GRID_NUMBERS, _GRID_ROWS = 2**22, 2**12  # numbers of a table to examine, and minimum of rows


def types_of(X: Any) -> list[tuple[str | int, str]]:
    r"""Returns the names and types of the columns of a data frame; none for an array."""
    if not is_frame(X):
        return []

    X = to_pandas(X)
    return [(name, name_of(dtype)) for name, dtype in X.dtypes.items()]


def array_of(X: Any) -> NDArray:
    r"""Returns a data frame as an array, in a type that can hold all columns."""
    if not is_frame(X):
        return X

    X = to_pandas(X)
    kinds = [_numpy(dtype) for dtype in X.dtypes]

    if not kinds:
        raise ValueError(f"expected a table with rows and columns, got shape {X.shape}.")

    if all(isinstance(dtype, np.dtype) for dtype in X.dtypes):
        return X.to_numpy(np.result_type(*kinds))

    columns = [open_cells(X.iloc[:, j]).to_numpy(kind) for j, kind in enumerate(kinds)]
    return np.stack(columns, axis=1, dtype=np.result_type(*kinds))


def _numpy(dtype: Any) -> np.dtype:
    r"""Returns the numpy type of a pandas type, or the closest numpy type."""
    return np.dtype(getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", dtype)))


def grids_of(X: NDArray) -> tuple[NDArray, NDArray]:
    r"""Returns the steps and the decimals of the columns of a table; zero steps without a grid.

    Only evenly spaced rows of a large table are examined.
    """
    X = spread_rows(X, max(_GRID_ROWS, _GRID_NUMBERS // X.shape[1]))
    grids = [grid_of(np.asarray(X[:, j])) for j in range(X.shape[1])]

    return np.array([step for step, _ in grids], float), np.array([k for _, k in grids], int)


def first_cells(X: Any, constant: NDArray) -> list[tuple[int, Any]]:
    r"""Returns the positions and the first cells of constant columns, as Python objects."""
    columns = np.flatnonzero(constant).tolist()

    if not is_frame(X):
        return [(j, _stored(X[0, j].item())) for j in columns]

    X = to_pandas(X)
    return [(j, _stored(plain(X.iloc[:, j].iloc[0]))) for j in columns]


def _stored(cell: Any) -> Any:
    r"""Returns a cell, or its digits if it is a whole number that files do not hold."""
    large = isinstance(cell, int) and not -(2**63) <= cell < 2**63
    return str(cell) if large else cell


def frame_of(
    X: NDArray, types: list[tuple[str | int, str]], constants: list[tuple[int, Any]]
) -> Any:
    r"""Returns rows as a data frame with given names and types of columns."""
    import pandas as pd

    cells, fixed = {}, {j: int(c) if isinstance(c, str) else c for j, c in constants}

    for j, (v, (name, kind)) in enumerate(zip(X.T, types)):
        if j in fixed:
            cells[name] = close(pd.Series([fixed[j]] * len(X), dtype=object), kind)
        else:
            cells[name] = close(pd.Series(cast(v, str(_numpy(dtype_of(kind))))), kind)

    return pd.DataFrame(cells)
