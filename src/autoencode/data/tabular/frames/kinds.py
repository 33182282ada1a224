r"""Detection of data frames, their names of columns, and frames of numbers."""

__all__ = [
    "EXACT",
    "NUMBERS_ALONE",
    "describe_other_columns",
    "is_exact",
    "is_frame",
    "is_numbers",
    "names_of",
]

from collections import Counter
from typing import Any

import numpy as np

from ..libraries import to_pandas

EXACT = 2**53  # floats hold all whole numbers up to here


NUMBERS_ALONE = (
    "expected numbers alone for this kind of model, got {}. Use a recipe for columns of all kinds,"
    " such as ae.autoencoder() or ae.vae() (command line: --recipe autoencoder); or leave out such"
    " columns, or turn them into numbers, for example with pd.get_dummies(X)."
)
_SHOWN = 5  # names of columns in a message


def is_frame(X: object) -> bool:
    r"""Tell whether an object is a data frame, of pandas or of a library that converts to it.

    Example:
        >>> is_frame(np.ones((2, 2)))
        False
    """
    if isinstance(X, type) or not hasattr(X, "columns"):
        return False

    return any(hasattr(X, name) for name in ("iloc", "__arrow_c_stream__", "__dataframe__"))


def is_numbers(frame: Any) -> bool:
    r"""True if all cells of a frame or array are numbers or booleans, and none is missing.

    Example:
        >>> import pandas as pd
        >>> is_numbers(pd.DataFrame({"a": [1, 2]})), is_numbers(pd.DataFrame({"a": ["b", "c"]}))
        (True, False)
    """
    if not is_frame(frame):
        X = np.asarray(frame)
        return X.dtype.kind in "bui" or (X.dtype.kind == "f" and not np.isnan(X).any())

    frame = to_pandas(frame)
    kinds = {getattr(dtype, "kind", "O") for dtype in frame.dtypes}

    return kinds <= {*"buif"} and not any(
        _has_gaps(frame.iloc[:, j]) for j in range(frame.shape[1])
    )


def describe_other_columns(frame: Any) -> str:
    r"""Describe the columns of a frame that are not numbers, or have missing cells.

    Example:
        >>> import pandas as pd
        >>> describe_other_columns(pd.DataFrame({"a": [1.0, None], "b": ["c", "d"]}))
        "text, dates or others in ['b'], and missing cells in ['a']"
    """
    frame = to_pandas(frame)
    kinds = [getattr(dtype, "kind", "O") for dtype in frame.dtypes]
    others = [name for name, kind in zip(frame.columns, kinds) if kind not in "buif"]
    gaps = [
        name
        for j, (name, kind) in enumerate(zip(frame.columns, kinds))
        if kind in "buif" and _has_gaps(frame.iloc[:, j])
    ]

    def some(names: list[Any]) -> str:
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        return f"{names[:_SHOWN]}{more}"

    parts = [f"text, dates or others in {some(others)}"] * bool(others)
    parts += [f"missing cells in {some(gaps)}"] * bool(gaps)

    return ", and ".join(parts) or "whole numbers that floats cannot hold"


def is_exact(frame: Any) -> bool:
    r"""Tell whether floats hold all whole numbers of a frame exactly, but for constants.

    Example:
        >>> import pandas as pd
        >>> is_exact(pd.DataFrame({"a": [1, 2]})), is_exact(pd.DataFrame({"id": [2**60, 1]}))
        (True, False)
    """
    frame = to_pandas(frame)
    wide = [j for j, dtype in enumerate(frame.dtypes) if _is_wide(dtype)]
    ends = ((frame.iloc[:, j].min(), frame.iloc[:, j].max()) for j in wide if len(frame))

    return all(low == high or -EXACT <= low <= high <= EXACT for low, high in ends)


def names_of(frame: Any) -> list[Any]:
    r"""The names of the columns of a frame.

    Raises:
        ValueError: If two columns have the same name.

    Example:
        >>> import pandas as pd
        >>> names_of(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
        ['a', 'b']
    """
    of_arrow = not hasattr(frame, "iloc") and hasattr(frame, "column_names")
    names = [*(frame.column_names if of_arrow else frame.columns)]

    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise ValueError(f"expected columns with different names, got {twice} more than once.")

    return names


def _is_wide(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "iu" and getattr(dtype, "itemsize", 8) > 4


def _has_gaps(cells: Any) -> bool:
    return bool(
        cells.isna().any()
        or (cells.dtype.kind == "f" and np.isnan(cells.to_numpy(float, na_value=np.nan)).any())
    )
