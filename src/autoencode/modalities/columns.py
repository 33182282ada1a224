r"""Columns of mixed tables: numbers and dates to normal scores, categories to numbers of levels.

A column learns what its cells are, turns them into numbers with NaN where one is missing, and
such numbers back into cells of the same type and range.
"""

__all__ = ["LevelColumn", "NumberColumn", "describe_column"]

import logging
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..configurable import Configurable
from ..data import place
from .scores import NormalScores

log = logging.getLogger(__name__)

_LARGEST = 1e300
_EXACT = 2**53  # up to which floats are all whole numbers
_DAY = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}
_TRUTHS = {"true", "false"}
_DATES = {"date", "datetime", "datetime64"}


class NumberColumn(Configurable):
    r"""Numbers or dates, as :class:`NormalScores`.

    Numbers that were all whole come back whole, and dates of whole days as such.

    Arguments:
        name: The column's name, for messages.

    Example:
        >>> import pandas as pd
        >>> column = NumberColumn("age").fit(pd.Series([1, 2, 3]))
        >>> column.encode(pd.Series([1.0, 2.0, None])).round(2).tolist()
        [-0.97, 0.0, nan]
        >>> column.decode(np.array([-9.0, 0.1, 9.0])).tolist()
        [1, 2, 3]
    """

    is_text = False

    def __init__(self, name: str | int) -> None:
        self.name = name

    def fit(self, cells: Any) -> "NumberColumn":
        r"""Learns the type, range and distribution of a column.

        Raises:
            ValueError: If a number is infinite, or too large.
        """
        import pandas as pd

        self.dtype_ = str(cells.dtype)
        self.zone_ = getattr(cells.dtype, "tz", None) and str(cells.dtype.tz)
        self.unit_: str | None = None
        self.origin_ = 0
        kind = pd.api.types.infer_dtype(cells, skipna=True)

        if cells.dtype.kind == "M" or kind in _DATES:
            dates = self._dates(cells)
            self.unit_ = dates.unit
            objects = self.dtype_ == "object" and not _is_date(cells)
            self.dtype_ = f"datetime64[{dates.unit}]" if objects else self.dtype_
            self.origin_ = int(dates.dropna().asi8.min()) if not dates.isna().all() else 0
        elif kind == "integer" and cells.notna().any():
            low, high = int(cells.dropna().min()), int(cells.dropna().max())
            self.origin_ = low if max(-low, high) > _EXACT else 0

        values = self.numbers(cells)
        values = values[~np.isnan(values)]
        self.empty_ = len(values) == 0
        values = np.zeros(1) if self.empty_ else values

        self.low_, self.high_ = float(values.min()), float(values.max())

        if kind == "integer" and self.origin_:
            self.high_ = high - low  # exactly

        self.whole_ = bool((values == np.rint(values)).all())

        if max(-self.low_, self.high_) > _LARGEST:
            raise ValueError(
                f"column {self.name!r}: the numbers are too large, from {self.low_:g} to"
                f" {self.high_:g}. Divide them."
            )

        self.scores_ = NormalScores().fit(values)
        return self

    def encode(self, cells: Any) -> NDArray:
        r"""Returns the scores of cells, NaN where one is missing.

        Raises:
            ValueError: If a cell is no such number.
        """
        return self.scores_.encode(self.numbers(cells))

    def decode(self, scores: NDArray) -> Any:
        r"""Returns what scores stand for, as cells of the type and range of the fit."""
        import pandas as pd

        v = np.where(self.empty_, np.nan, self.scores_.decode(scores))
        v = np.rint(v) if self.whole_ else v

        if self.unit_ is not None:
            return self._to_dates(v)

        cells = pd.Series(v)

        if self.dtype_ == "object" or self.origin_:
            values = [self._exact(x) if self.whole_ else x for x in np.nan_to_num(v).tolist()]
            cells = pd.Series(values, dtype=object).where(~np.isnan(v), None)

        numpy = not pd.api.types.is_extension_array_dtype(self.dtype_)

        if not numpy:
            return cells.where(cells.notna(), None).astype(self.dtype_)

        # A type of whole numbers alone has no way to say that one is missing
        whole = np.dtype(self.dtype_).kind in "iu"
        return cells if whole and cells.isna().any() else cells.astype(self.dtype_)

    def given(self, cell: Any) -> Any:
        r"""Returns a cell that new rows shall have, which may be a word for it.

        Raises:
            ValueError: If it is not like those of the fit.
        """
        import pandas as pd

        if self.unit_ is not None:
            if isinstance(_plain(cell), (int, float)):
                raise ValueError(f"column {self.name!r}: expected a date, got {cell!r}.")

            return cell

        try:
            number = float(cell)
        except (TypeError, ValueError):
            raise ValueError(f"column {self.name!r}: expected a number, got {cell!r}.") from None

        if self.whole_ and not number.is_integer():
            raise ValueError(f"column {self.name!r}: expected a whole number, got {cell!r}.")

        dtype = pd.api.types.pandas_dtype(self.dtype_)
        dtype = getattr(dtype, "numpy_dtype", dtype)
        number = float(dtype.type(number)) if dtype.kind == "f" else number

        if not self.whole_ or dtype.kind == "f":
            return number

        whole = int(Decimal(_plain(cell)))  # all digits, of which floats hold some

        if dtype.kind in "iu" and not np.iinfo(dtype).min <= whole <= np.iinfo(dtype).max:
            raise ValueError(
                f"column {self.name!r}: expected a number from {np.iinfo(dtype).min} to"
                f" {np.iinfo(dtype).max}, the limits of {dtype}, got {cell!r}."
            )

        return whole

    def numbers(self, cells: Any) -> NDArray:
        r"""Returns cells as floats, NaN where one is missing.

        Dates are days since the first; whole numbers beyond floats are counted from the least.
        """
        if self.unit_ is not None:
            dates = self._dates(cells).as_unit(self.unit_)
            days = (dates.asi8 - self.origin_) / (86400 * _DAY[self.unit_])
            return np.where(dates.isna(), np.nan, days)

        v = self._plain_numbers(cells)
        infinite = np.flatnonzero(np.isinf(v))

        if len(infinite):
            where = place(cells, infinite[0])
            raise ValueError(f"column {self.name!r}: the number in {where} is infinite.")

        if self.origin_:
            there = cells.notna().to_numpy()
            v = np.full(len(cells), np.nan)
            v[there] = [float(cell - self.origin_) for cell in cells[there].astype(object)]

        return v

    def _exact(self, x: float) -> int:
        r"""Returns a whole number, at most the largest of the fit."""
        return min(int(x), int(self.high_)) + self.origin_

    def _plain_numbers(self, cells: Any) -> NDArray:
        import pandas as pd

        if pd.api.types.is_numeric_dtype(cells.dtype):
            return cells.to_numpy(dtype=float, na_value=np.nan)

        found = pd.to_numeric(cells.astype(object), errors="coerce").to_numpy(float)
        wrong = np.flatnonzero(np.isnan(found) & cells.notna().to_numpy())
        words = [i for i, cell in enumerate(cells) if isinstance(cell, str)]

        if len(wrong) or words:
            row = int([*wrong, *words][0])  # beside a word, a file has all cells as text
            raise ValueError(
                f"column {self.name!r}: expected numbers, got {cells.iloc[row]!r} in"
                f" {place(cells, row)}."
            )

        return found

    def _dates(self, cells: Any) -> Any:
        import pandas as pd

        kind = pd.api.types.infer_dtype(cells, skipna=True)

        if kind in {*_NUMBERS, "boolean"} and cells.notna().any():
            raise ValueError(f"column {self.name!r}: expected dates, got numbers.")

        try:
            dates = pd.DatetimeIndex(pd.to_datetime(cells))
        except (ValueError, TypeError) as error:
            read = pd.to_datetime(cells, errors="coerce", utc=True)
            wrong = np.flatnonzero((read.isna() & cells.notna()).to_numpy())
            message = str(error).splitlines()[0]

            if len(wrong):
                message = f"got {cells.iloc[wrong[0]]!r} in {place(cells, wrong[0])}"

            raise ValueError(f"column {self.name!r}: expected dates, {message}.") from None

        zoned = dates.tz is not None
        if cells.notna().any() and self.unit_ is not None and zoned != (self.zone_ is not None):
            raise ValueError(f"column {self.name!r}: expected dates with time zone {self.zone_}.")

        return dates.tz_convert("UTC").tz_localize(None) if zoned else dates

    def _to_dates(self, v: NDArray) -> Any:
        import pandas as pd

        missing = np.isnan(v)
        ticks = np.rint(np.nan_to_num(v) * (86400 * _DAY[str(self.unit_)])).astype(np.int64)
        dates = pd.Series((ticks + self.origin_).view(f"M8[{self.unit_}]")).where(~missing)

        if self.zone_ is not None:
            return dates.dt.tz_localize("UTC").dt.tz_convert(self.zone_)

        if self.dtype_ == "object":
            return dates.dt.date.astype(object).where(~missing, None)

        return dates.astype(self.dtype_)


class LevelColumn(Configurable):
    r"""Categories: text, truth values, or whatever stands in a categorical column.

    Levels are numbered by their frequency. Rare ones beyond a limit are one level to the
    model, the last; what comes back for it is one of them.

    Arguments:
        name: The column's name, for messages.
        limit: How many levels have a number of their own in the model.

    Example:
        >>> import pandas as pd
        >>> column = LevelColumn("kind").fit(pd.Series(["b", "a", "b", None]))
        >>> column.encode(pd.Series(["a", None, "b"])).tolist()
        [1.0, nan, 0.0]
        >>> column.decode(np.array([0.0, 1.0])).tolist()
        ['b', 'a']
    """

    def __init__(self, name: str | int, limit: int = 200) -> None:
        self.name = name
        self.limit = limit

    def fit(self, cells: Any) -> "LevelColumn":
        r"""Learns the type and the levels of a column.

        Raises:
            ValueError: If levels are neither text nor numbers nor truth values.
        """
        import pandas as pd

        self.dtype_ = str(cells.dtype)
        declared = [*getattr(cells.dtype, "categories", [])]
        declared = [False, True] if cells.dtype.kind == "b" else [*map(_plain, declared)]

        try:
            codes, found = pd.factorize(cells)
        except TypeError as error:
            raise ValueError(f"column {self.name!r}: expected text or numbers, {error}.") from None

        counts = np.bincount(codes[codes >= 0], minlength=len(found))
        frequency = dict.fromkeys(declared, 0)
        frequency |= dict(zip(map(_plain, found), counts.tolist()))
        wrong = [level for level in frequency if not isinstance(level, (str, bool, int, float))]

        if wrong:
            raise ValueError(
                f"column {self.name!r}: expected text, numbers or dates, got"
                f" {type(wrong[0]).__name__} {wrong[0]!r}. Turn it into text, or drop it."
            )

        self.categories_ = declared
        self.ordered_ = bool(getattr(cells.dtype, "ordered", False))
        self.levels_ = sorted(frequency, key=lambda level: -frequency[level])
        self.counts_ = [frequency[level] for level in self.levels_]

        if len(self.levels_) > self.limit:
            log.info(
                "column %r has %s levels; all but the %s most frequent are one to the model.",
                *(self.name, f"{len(self.levels_):,}", self.limit),
            )

        return self

    @property
    def size(self) -> int:
        r"""How many levels the model sees, at least one."""
        return max(1, min(len(self.levels_), self.limit + 1))

    @property
    def is_text(self) -> bool:
        r"""Whether all levels are text."""
        return all(isinstance(level, str) for level in self.levels_)

    def encode(self, cells: Any) -> NDArray:
        r"""Returns the numbers of the levels of cells, NaN where one is missing.

        Raises:
            ValueError: If there is a level that was not in the fit, naming the row.
        """
        import pandas as pd

        codes, found = pd.factorize(cells)
        index = np.array([*self._find(found), -1])[codes]
        wrong = np.flatnonzero((index < 0) & (codes >= 0))

        if len(wrong):
            levels = ", ".join(map(repr, self.levels_[:10])) + ", ..." * (len(self.levels_) > 10)
            level = _plain(found[codes[wrong[0]]])
            raise ValueError(
                f"column {self.name!r}: {level!r} in {place(cells, wrong[0])} is no level of the"
                f" fit ({levels})."
            )

        return np.where(codes < 0, np.nan, index)

    def decode(self, index: NDArray) -> Any:
        r"""Returns the levels of numbers, as cells of the type of the fit."""
        import pandas as pd

        levels = np.array([*self.levels_, None], dtype=object)
        at = np.where(np.isnan(index), len(self.levels_), np.nan_to_num(index)).astype(int)
        cells = pd.Series(levels[np.minimum(at, len(self.levels_))], dtype=object)

        if self.dtype_ == "category":
            return cells.astype(pd.CategoricalDtype(self.categories_, self.ordered_))

        lost = self.dtype_ == "bool" and cells.isna().any()
        return cells if lost else cells.astype(self.dtype_)

    def numbers(self, cells: Any) -> NDArray:
        r"""Returns what `encode` does, to draw."""
        return self.encode(cells)

    def given(self, cell: Any) -> Any:
        r"""Returns the level that new rows shall have, which may be given by a word for it."""
        (k,) = self._find([cell])
        return cell if k < 0 else self.levels_[k]

    def _find(self, cells: Iterable[Any]) -> list[int]:
        r"""Returns the numbers of levels, known by themselves or a word for them, -1 of others."""
        known = {level: k for k, level in enumerate(self.levels_)}
        words = {str(level): k for level, k in known.items()}
        truths = {word.lower(): k for word, k in words.items() if word.lower() in _TRUTHS}

        def find(cell: Any) -> int:
            word = str(cell)
            return known.get(cell, words.get(word, truths.get(word.lower(), -1)))

        return [find(_plain(cell)) for cell in cells]

    def draw_rare(self, n: int) -> NDArray:
        r"""Draws rare levels by their frequency: how far each is behind the most frequent."""
        weights = torch.tensor(self.counts_[self.limit :], dtype=torch.float64)
        weights = weights if weights.sum() > 0 else torch.ones_like(weights)

        return torch.multinomial(weights, n, replacement=True).numpy()


def describe_column(name: str | int, cells: Any, limit: int = 200) -> NumberColumn | LevelColumn:
    r"""The kind of a column, with its types, levels and range.

    Arguments:
        name: The column's name.
        cells: A series of pandas.
        limit: How many levels of a category the model tells apart.

    Raises:
        ValueError: If there is none for its cells.

    Example:
        >>> import pandas as pd
        >>> describe_column("kind", pd.Series(["a", "b"]))
        LevelColumn(name='kind', limit=200)
    """
    import pandas as pd

    kind = cells.dtype.kind
    inferred = pd.api.types.infer_dtype(cells, skipna=True) if kind == "O" else ""

    if kind in "mc":
        raise ValueError(f"column {name!r}: no use for cells of type {cells.dtype}.")

    if kind in "iufM":
        return NumberColumn(name).fit(cells)

    if not isinstance(cells.dtype, pd.CategoricalDtype) and inferred in _NUMBERS | _DATES:
        return NumberColumn(name).fit(cells)

    return LevelColumn(name, limit).fit(cells)


def _is_date(cells: Any) -> bool:
    import pandas as pd

    return pd.api.types.infer_dtype(cells, skipna=True) == "date"


def _plain(level: Any) -> Any:
    r"""Returns a level as Python's own object."""
    return level.item() if isinstance(level, np.generic) else level
