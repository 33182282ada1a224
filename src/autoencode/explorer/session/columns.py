r"""Labels and other values of examples, as numbers that color them."""

__all__ = ["COLOR", "Color", "color_of", "text_of"]

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..wire.schemas import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    Schema,
    choice,
    maybe,
    record,
    several,
)

MAX_LEVELS = 256
_MAX_NUMBERED_LEVELS = 20  # whole numbers with more values are numbers
_SECONDS_PER_YEAR = 365.2425 * 86400

COLOR: Schema = record(
    {
        "levels": several(TEXT),
        "counts": several(INTEGER),
        "low": maybe(NUMBER),
        "high": maybe(NUMBER),
    },
    name=TEXT,
    title=TEXT,
    kind=choice("category", "number"),
    ready=BOOLEAN,
)


class Color(NamedTuple):
    r"""A value of each example: a number, or the index of a level."""

    name: str
    r"""A name without special characters, for the page."""

    title: str
    values: NDArray[np.float32] | None
    r"""The values, NaN where one is missing; `None` as long as they are not computed."""

    levels: list[str] | None = None
    r"""The levels of a category."""

    def value(self, i: int) -> float | str | None:
        r"""Returns the value of one example, `None` if it is missing."""
        if self.values is None or self.values[i] != self.values[i]:
            return None

        value = float(self.values[i])
        return value if self.levels is None else self.levels[int(value)]

    def document(self) -> dict[str, Any]:
        r"""Returns the description for JSON."""
        shown = {"name": self.name, "title": self.title, "ready": self.values is not None}

        if self.levels is not None:
            assert self.values is not None
            known = self.values[np.isfinite(self.values)].astype(int)
            counts = np.bincount(known, minlength=len(self.levels)).tolist()
            return shown | {"kind": "category", "levels": self.levels, "counts": counts}

        low, high = None, None

        if self.values is not None and np.isfinite(self.values).any():
            finite = self.values[np.isfinite(self.values)]
            low, high = (float(q) for q in np.quantile(finite, (0.01, 0.99)))

        return shown | {"kind": "number", "low": low, "high": high}


def color_of(name: str, title: str, values: Any) -> Color:
    r"""Color examples by their values.

    Arguments:
        name: The name for the page.
        title: The name for people.
        values: A value for each example: numbers, dates or anything with a text.

    Returns:
        Numbers, or a category with at most 256 levels, the most frequent ones; the last one,
        `other`, stands for the rest.

    Example:
        >>> color = color_of("label", "label", ["b", "a", "b", None])
        >>> color.levels, color.values.tolist()
        (['a', 'b'], [1.0, 0.0, 1.0, nan])
    """
    cells = pd.Series(values).reset_index(drop=True)
    cells = cells.astype(object).infer_objects() if cells.dtype == object else cells

    if pd.api.types.is_datetime64_any_dtype(cells):
        seconds = (cells - pd.Timestamp(1970, 1, 1, tz=cells.dt.tz)).dt.total_seconds()
        years = 1970 + seconds.to_numpy(float, na_value=np.nan) / _SECONDS_PER_YEAR
        return Color(name, f"{title} (year)", years.astype(np.float32))

    if _are_numbers(cells):
        return Color(name, title, cells.to_numpy(np.float64, na_value=np.nan).astype(np.float32))

    known = cells.notna()
    texts = cells[known].map(text_of)
    order = texts.value_counts(sort=True).index.tolist()
    kept = order[:MAX_LEVELS] if len(order) <= MAX_LEVELS else order[: MAX_LEVELS - 1]
    levels = _sorted(kept) + ["other"] * (len(kept) < len(order))
    index = {level: i for i, level in enumerate(levels)}
    numbers = np.full(len(cells), np.nan, np.float32)
    numbers[known.to_numpy()] = [index.get(text, len(levels) - 1) for text in texts]

    return Color(name, title, numbers, levels)


def text_of(value: Any) -> str:
    r"""The text of a value; whole floats are written as integers."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))

    return str(value)


def _are_numbers(cells: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(cells) or not pd.api.types.is_numeric_dtype(cells):
        return False

    values = cells.dropna()
    few = values.nunique() <= min(_MAX_NUMBERED_LEVELS, max(2, len(values) // 2))
    return not (few and (values == values.round()).all())


def _sorted(levels: Sequence[str]) -> list[str]:
    r"""Returns levels in the order of their numbers if all are numbers, else of their letters."""
    try:
        return sorted(levels, key=float)
    except ValueError:
        return sorted(levels)
