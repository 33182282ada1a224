r"""Conversion of categories of any type to text and numbers for files, and back."""

__all__ = ["categories_of", "category_index", "word", "words_of"]

from typing import Any

from .cells import plain
from .dtypes import close, dtype_of, name_of, open_cells

_SIMPLE = (str, bool, int, float)


def word(level: Any) -> Any:
    r"""A level, or its text if the level is not text, a number or a boolean.

    Example:
        >>> import datetime
        >>> word(3), word(datetime.date(2024, 2, 29))
        (3, '2024-02-29')
    """
    level = plain(level)
    return level if _is_simple(level) else str(level)


def words_of(cells: Any) -> Any:
    r"""Cells with categories of text, numbers or booleans; other categories become text.

    Arguments:
        cells: A pandas series.

    Example:
        >>> import pandas as pd
        >>> words_of(pd.Series(pd.Categorical([pd.Timestamp("2024-02-29")]))).tolist()
        ['2024-02-29 00:00:00']
    """
    opened = open_cells(cells)

    if opened.dtype != "category" or all(_is_simple(plain(c)) for c in opened.cat.categories):
        return opened

    words = opened.cat.rename_categories([*map(word, opened.cat.categories)])
    words.attrs = cells.attrs

    return words


def categories_of(index: Any) -> dict[str, Any]:
    r"""Categories as numbers and text that can be stored.

    Arguments:
        index: The categories, as a pandas index.

    Raises:
        ValueError: If categories of this type cannot be stored.

    Example:
        >>> import pandas as pd
        >>> categories_of(pd.Index(["b", "a"], dtype=object))
        {'dtype': 'object', 'values': ['b', 'a']}
    """
    import pandas as pd

    if isinstance(index, pd.IntervalIndex):
        ends = {side: categories_of(getattr(index, side)) for side in ("left", "right")}
        return {"closed": index.closed, **ends}

    if isinstance(index, pd.PeriodIndex):
        return {"freq": index.freqstr, "values": index.asi8.tolist()}

    if isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return {"dtype": str(index.dtype), "unit": index.unit, "values": index.asi8.tolist()}

    values = [*map(plain, index)]

    if wrong := [value for value in values if not _is_simple(value)]:
        kind = type(wrong[0])

        if kind.__name__ not in _READERS or any(type(value) is not kind for value in values):
            raise ValueError(
                f"expected categories of text, numbers, dates or intervals, got {kind.__name__}"
                f" {wrong[0]!r}. Turn them into text: .cat.rename_categories(str)"
            )

        return {"objects": kind.__name__, "values": [*map(str, values)]}

    return {"dtype": name_of(index.dtype), "values": values}


def category_index(stored: dict[str, Any]) -> Any:
    r"""The categories that :func:`categories_of` has stored, as a pandas index.

    Example:
        >>> category_index({"dtype": "int8", "values": [3, 1]}).dtype
        dtype('int8')
    """
    import numpy as np
    import pandas as pd

    if "closed" in stored:
        left, right = (category_index(stored[side]) for side in ("left", "right"))
        return pd.IntervalIndex.from_arrays(left, right, closed=stored["closed"])

    values = stored["values"]

    if "freq" in stored:
        return pd.PeriodIndex.from_ordinals(np.array(values, np.int64), freq=stored["freq"])

    if "unit" in stored:
        kind = "m8" if stored["dtype"].startswith("timedelta") else "M8"
        index = pd.Index(np.array(values, np.int64).view(f"{kind}[{stored['unit']}]"))
        zone = dtype_of(stored["dtype"])
        zone = getattr(zone, "tz", None)
        return index if zone is None else index.tz_localize("UTC").tz_convert(zone)

    if "objects" in stored:
        return pd.Index([*map(_READERS[stored["objects"]], values)], dtype=object)

    return pd.Index(close(pd.Series(values, dtype=object), stored["dtype"]))


def _is_simple(level: Any) -> bool:
    large = isinstance(level, int) and abs(level) >= 2**63  # files cannot hold such numbers
    return isinstance(level, _SIMPLE) and not large


def _readers() -> dict[str, Any]:
    from datetime import date, datetime, time
    from decimal import Decimal

    ways = {kind.__name__: kind.fromisoformat for kind in (date, datetime, time)}
    return {**ways, "Decimal": Decimal, "int": int}


_READERS = _readers()
