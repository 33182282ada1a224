r"""Summaries of tables: the kinds of all columns in one line, and warnings about columns."""

__all__ = ["identifier_warnings", "spelling_warnings", "summarize"]

import datetime
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from ...common.visible_text import visible
from .conversions.durations import are_durations
from .conversions.periods import frequency_of_periods
from .formats import TEXTS, table_suffix
from .spellings import form_of_times, kind_of

_MAX_EXAMINED = 1000  # maximum number of columns, and of distinct words of a column
_MIN_DISTINCT_WORDS = 8  # minimum number of distinct words for a warning
_MAX_NAMES_SHOWN = 8  # maximum number of names of columns of one kind
_MIN_ROWS = 20  # minimum number of rows to tell that nearly all cells are different
_MAX_NAME_LETTERS = 80  # maximum number of letters of a name
_OBJECTS = {
    datetime.time: "time",
    datetime.date: "date",
    datetime.timedelta: "duration",
    Decimal: "number",
}
_PLURALS = {"category": "categories", "column without a cell": "columns without a cell"}
_PERIODS = {"Q": "quarter", "M": "month"}
_WAYS = {
    "number": "pd.to_numeric({})",
    "date": "pd.to_datetime({})",
    "time": "pd.to_datetime({}, format='mixed').dt.time",
    "duration": "pd.to_timedelta({})",
    "quarter": "pd.Series(pd.PeriodIndex({}, freq='Q'), X.index)",
    "month": "pd.Series(pd.PeriodIndex({}, freq='M'), X.index)",
}


def summarize(frame: Any) -> str:
    r"""One line with the kinds of the columns of a pandas frame.

    Example:
        >>> import pandas as pd
        >>> summarize(pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": ["x", "x"]}))
        'table of 2 rows: 1 whole number (a); 1 number (b, 1 missing); 1 constant (c)'
    """
    by_kind: dict[str, list[str]] = defaultdict(list)
    names = [*frame.columns]

    for name in names[:_MAX_EXAMINED]:
        cells = frame[name]
        missing = int(cells.isna().sum())
        kind, detail = _kind(cells, missing)
        details = [*([detail] if detail else []), *([f"{missing:,} missing"] if missing else [])]
        by_kind[kind].append(", ".join([visible(str(name), _MAX_NAME_LETTERS), *details]))

    parts = []

    for kind, which in by_kind.items():
        shown = "; ".join(which[:_MAX_NAMES_SHOWN]) if any("," in w for w in which) else None
        shown = shown or ", ".join(which[:_MAX_NAMES_SHOWN])
        more = (
            f" and {len(which) - _MAX_NAMES_SHOWN:,} more" if len(which) > _MAX_NAMES_SHOWN else ""
        )
        kind = _PLURALS.get(kind, kind) if len(which) > 1 else kind
        parts.append(f"{len(which):,} {kind}{_plural(kind, len(which))} ({shown}{more})")

    if len(names) > _MAX_EXAMINED:
        parts.append(f"{len(names) - _MAX_EXAMINED:,} more columns")

    if frame.index.name is not None:
        parts.append(f"rows named by {frame.index.name!r}")

    return f"table of {len(frame):,} row{'s' * (len(frame) != 1)}: {'; '.join(parts)}"


def identifier_warnings(frame: Any) -> Iterator[str]:
    r"""Yields warnings about columns of text that identify rows.

    Example:
        >>> import pandas as pd
        >>> len([*identifier_warnings(pd.DataFrame({"id": [f"u{i}" for i in range(30)]}))])
        1
    """
    for name in [*frame.columns][:_MAX_EXAMINED]:
        cells = frame[name]

        if _is_text(cells) and (n := _distinct(cells)):
            yield (
                f"column {name!r} tells rows apart: {n:,} of its {cells.notna().sum():,} cells"
                " are different. It says little about other rows, and new rows repeat its cells"
                f" word for word: leave it out, or set index_column={str(name)!r} when you"
                f" read the file (command line: --index-column {name})."
            )


def spelling_warnings(frame: Any) -> Iterator[str]:
    r"""Yields warnings about columns of text that spell numbers or dates, in a frame in memory.

    In text files, :func:`~autoencode.data.read_table` converts numbers and dates.

    Example:
        >>> import pandas as pd
        >>> len([*spelling_warnings(pd.DataFrame({"a": [f"{i}.5" for i in range(30)]}))])
        1
    """
    suffix = table_suffix(Path(frame.attrs.get("file", "")))
    converted = "format" in frame.attrs and suffix in (None, *TEXTS)
    texts = frame.attrs.get("format", {}).get("text_columns", ())

    for name in [*frame.columns][: 0 if converted else _MAX_EXAMINED]:
        cells = frame[name]

        if name in texts:
            continue

        if not _is_text(cells) or str(cells.dtype).startswith(("category", "dictionary")):
            continue

        try:
            words = cells.dropna().drop_duplicates().head(_MAX_EXAMINED).tolist()
        except (TypeError, NotImplementedError):  # the cells cannot be hashed
            continue

        if len(words) < _MIN_DISTINCT_WORDS or not all(isinstance(word, str) for word in words):
            continue

        kinds = {kind_of(word) for word in words} - {""}

        if kinds == {"text"}:
            kinds = {"duration"} if are_durations(words) else kinds
            kinds = {"time"} if form_of_times(words) else kinds
            kinds = {_PERIODS[k]} if (k := frequency_of_periods(words)) else kinds

        padded = any(word[:1] == "0" and word[1:2].isdecimal() for word in words)  # identifiers

        if (
            len(kinds) == 1
            and (kind := kinds.pop()) in _WAYS
            and (kind not in ("number", "date") or not padded)
        ):
            way = _WAYS[kind].format(f"X[{name!r}]")
            yield (
                f"the cells of column {name!r} are text that spells {kind}s, such as {words[0]!r},"
                f" and are taken for words. Convert them with {way}, or to the type"
                " 'category' if they are categories."
            )


def _plural(kind: str, n: int) -> str:
    return (
        ""
        if n == 1 or kind.endswith(("apart", "rows", "ies", "no", "columns without a cell"))
        else "s"
    )


def _is_text(cells: Any) -> bool:
    return cells.dtype.kind not in "biufMmc"


def _distinct(cells: Any) -> int:
    r"""Returns the number of distinct cells of text if nearly all cells differ, else zero."""
    there = cells.dropna()

    if len(there) < _MIN_ROWS or not isinstance(there.iloc[0], str):
        return 0

    n = there.nunique()
    return n if n > 0.9 * len(there) else 0


def _kind(cells: Any, missing: int) -> tuple[str, str]:
    r"""Returns the kind of a column, and a detail."""
    if missing == len(cells):
        return "empty column", ""

    if hasattr(cells.dtype, "freq"):
        return "period", ""

    if not _is_text(cells):
        same = missing == 0 and cells.iloc[0] == cells.iloc[-1]

        if same and cells.nunique() == 1:  # Arrow cannot compare some integers of Python
            return "constant", ""

        kind = cells.dtype.kind

        if kind in "iu":
            v = np.zeros(1) if missing else cells.to_numpy(np.float64)
            counts = len(v) > 2 and v[0] in (0, 1) and bool((np.diff(v) == 1).all())

            if counts:
                return "count of the rows", "index_column='...' leaves it out"

            return "whole number", ""

        named = {"b": "yes or no", "f": "number", "M": "date", "m": "duration"}
        return named.get(kind, "column"), ""

    first = next(iter(cells.dropna()), None)

    if kind := next((name for of, name in _OBJECTS.items() if isinstance(first, of)), None):
        return kind, ""

    try:
        n = cells.nunique()
    except (TypeError, NotImplementedError):  # the cells cannot be hashed
        return "column", ""

    if missing == 0 and n == 1:
        return "constant", ""

    return (
        ("text that tells rows apart", "") if _distinct(cells) else ("category", f"{n:,} levels")
    )
