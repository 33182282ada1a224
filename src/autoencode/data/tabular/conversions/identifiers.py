r"""Columns of numbers that may be identifiers or versions."""

__all__ = ["names_like_numbers"]

import re
from collections.abc import Callable
from typing import Any

from .words import as_text, words_of

_BARE = re.compile(r"[0-9]+[eE][0-9]+")
_VERSION = re.compile(r"[0-9]+\.[0-9]{1,2}")
_LOOKED_AT, _FEW = 100_000, 200  # maximum numbers of cells, and of distinct numbers in them
_LARGE = 1e6  # the numbers of versions are smaller


def names_like_numbers(
    table: Any, read: Callable[[set[str], list[str]], Any], converted: set[str]
) -> dict[str, list[str]]:
    r"""Finds columns of numbers that may be names, such as `12e4`, or `1.1` beside `1.10`.

    Programs write numbers as `1e+05` or `1.2e5`. An exponent without a sign or a decimal point may
    be part of an identifier. Two words for one number may be versions.

    Arguments:
        table: The columns, as they were read.
        read: A function that reads columns again, as text.
        converted: The names of columns that Arrow took for text.

    Returns:
        Examples of such words, by the name of their column.

    Example:
        >>> import pyarrow as pa
        >>> words = pa.table({"id": ["12e4", "123"]})
        >>> names_like_numbers(pa.table({"id": [12e4, 123.0]}), lambda texts, only: words, set())
        {'id': ['12e4']}
    """
    from pyarrow import types

    floats = [
        name
        for name, cells in zip(table.column_names, table.columns)
        if name not in converted and types.is_floating(cells.type) and _are_few_digits(cells)
    ]

    if not floats:
        return {}

    found = {}

    for name, cells in as_text(floats, table.num_rows, read):
        words = words_of(cells)
        bare = [word for word in words if _BARE.fullmatch(word)]

        if bare and all(word.isdecimal() for word in {*words} - {*bare}):
            found[name] = bare[:1]
        elif len(shorter := [*filter(_VERSION.fullmatch, words)]) == len(words):
            same = {float(word): word for word in shorter}
            twice = [w for w in shorter if same[float(w)] != w]

            if twice:
                found[name] = [twice[0], same[float(twice[0])]]

    return found


def _are_few_digits(cells: Any) -> bool:
    r"""Tell whether numbers are whole, or few and of at most two decimals."""
    import numpy as np
    from pyarrow import compute

    if compute.all(compute.equal(cells, compute.trunc(cells))).as_py():
        return True

    if len(cells) > _LOOKED_AT or len(few := cells.unique()) > _FEW:
        return False

    v = few.drop_null().to_numpy()
    return bool((np.abs(v) < _LARGE).all() and (v == np.round(v, 2)).all())
