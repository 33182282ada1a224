r"""Columns of quarters and months, such as `2024Q1` and `2024-01`."""

__all__ = ["as_period", "frequency_of_periods", "periods_of"]

import re
from collections.abc import Sequence
from typing import Any

from .words import words_of

_PERIODS = {
    "Q": re.compile(r"(?P<y>\d{4})[ /-]?Q(?P<n>[1-4])|Q(?P<m>[1-4])[ /-]?(?P<z>\d{4})"),
    "M": re.compile(r"(?P<y>\d{4})[-/](?P<n>0[1-9]|1[0-2])|(?P<m>0[1-9]|1[0-2])[/.](?P<z>\d{4})"),
}


def frequency_of_periods(cells: Sequence[str]) -> str:
    r"""The length of the periods in a column, if all of its cells are quarters or months.

    Arguments:
        cells: The distinct cells of the column, without missing ones.

    Returns:
        `"Q"` for quarters, `"M"` for months, or an empty text.

    Example:
        >>> frequency_of_periods(["2024Q1", "Q2 2024"]), frequency_of_periods(["2024-01"])
        ('Q', 'M')
        >>> frequency_of_periods(["2024-13"])
        ''
    """
    words = [cell.strip() for cell in cells]
    kinds = _PERIODS.items() if words else ()

    return next((kind for kind, way in kinds if all(map(way.fullmatch, words))), "")


def as_period(cell: str, kind: str) -> str:
    r"""The period of a cell in the spelling that pandas reads.

    Arguments:
        cell: The cell.
        kind: The kind of periods, see :func:`frequency_of_periods`.

    Example:
        >>> as_period("Q2/2024", "Q"), as_period("01.2024", "M")
        ('2024Q2', '2024-01')
    """
    found = _PERIODS[kind].fullmatch(cell.strip())

    if found is None:
        raise ValueError(f"expected a period, got {cell!r}.")

    sign = {"Q": "Q", "M": "-"}[kind]
    return f"{found['y'] or found['z']}{sign}{found['n'] or found['m']}"


def periods_of(cells: Any, kind: str) -> Any:
    r"""Quarters or months in the type of pandas, which Arrow stores as an extension.

    Arguments:
        cells: The words, as an Arrow column.
        kind: The kind of periods, see :func:`frequency_of_periods`.

    Example:
        >>> import pyarrow as pa
        >>> periods_of(pa.chunked_array([["Q2 2024", None]]), "Q").to_pandas().tolist()
        [Period('2024Q2', 'Q-DEC'), NaT]
    """
    import pandas as pd
    import pyarrow as pa

    found = {word: pd.Period(as_period(word, kind), freq=kind) for word in words_of(cells)}
    periods = [None if word is None else found[word] for word in cells.to_pylist()]

    return pa.chunked_array([pa.array(pd.array(periods, dtype=f"period[{kind}]"))])
