r"""Columns of dates."""

__all__ = ["DATES", "DateColumn"]

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...configurable import Configurable
from ...data import place
from ..scores import NormalScores
from .cells import plain
from .numbers import NumberColumn

DATES = {"date", "datetime", "datetime64"}  # as pandas infers them
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal", "boolean"}
_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class DateColumn(Configurable):
    r"""Dates, as numbers of days since the first of the fit.

    Those of whole days come back as such.

    Arguments:
        name: The column's name, for messages.

    Example:
        >>> import pandas as pd
        >>> cells = pd.Series(pd.to_datetime(["2024-02-28", "2024-03-01"]))
        >>> column = DateColumn("day").fit(cells)
        >>> column.numbers(cells).tolist()
        [0.0, 2.0]
        >>> column.decode(np.array([9.0])).dt.day_name().tolist()
        ['Friday']
    """

    is_text = False

    def __init__(self, name: str | int) -> None:
        self.name = name

    def fit(self, cells: Any) -> "DateColumn":
        r"""Learns the type, range and distribution of a column.

        Raises:
            ValueError: If a cell is no date.
        """
        import pandas as pd

        dates = self._dates(cells)
        self.unit_ = dates.unit
        self.zone_ = getattr(cells.dtype, "tz", None) and str(cells.dtype.tz)
        self.origin_ = int(dates.dropna().asi8.min()) if not dates.isna().all() else 0

        times = cells.dtype == object and pd.api.types.infer_dtype(cells, skipna=True) != "date"
        self.dtype_ = f"datetime64[{dates.unit}]" if times else str(cells.dtype)
        self.days_ = NumberColumn(self.name).fit(pd.Series(self.numbers(cells)))

        return self

    @property
    def scores_(self) -> NormalScores:
        r"""The map from days to normal scores."""
        return self.days_.scores_

    @property
    def constant_(self) -> bool:
        r"""Whether all dates are the same, and none is missing."""
        return self.days_.constant_

    def encode(self, cells: Any) -> NDArray:
        r"""Returns the scores of cells, NaN where one is missing.

        Raises:
            ValueError: If a cell is no such date.
        """
        return self.scores_.encode(self.numbers(cells))

    def decode(self, scores: NDArray) -> Any:
        r"""Returns what scores stand for, as cells of the type and range of the fit."""
        import pandas as pd

        days = self.days_.decode(scores).to_numpy()
        missing = np.isnan(days)
        ticks = np.rint(np.nan_to_num(days) * self._day).astype(np.int64) + self.origin_
        dates = pd.Series(ticks.view(f"M8[{self.unit_}]")).where(~missing)

        if self.zone_ is not None:
            return dates.dt.tz_localize("UTC").dt.tz_convert(self.zone_)

        if self.dtype_ == "object":
            return dates.dt.date.astype(object).where(~missing, None)

        return dates.astype(self.dtype_)

    def given(self, cell: Any) -> Any:
        r"""Returns a cell that new rows shall have, which may be a word for it.

        Raises:
            ValueError: If it is a number.
        """
        if isinstance(plain(cell), (int, float)):
            raise ValueError(f"column {self.name!r}: expected a date, got {cell!r}.")

        return cell

    def numbers(self, cells: Any) -> NDArray:
        r"""Returns cells as days since the first of the fit, NaN where one is missing."""
        dates = self._dates(cells)
        zoned = dates.tz is not None

        if cells.notna().any() and zoned != (self.zone_ is not None):
            raise ValueError(f"column {self.name!r}: expected dates with time zone {self.zone_}.")

        dates = (dates.tz_convert("UTC").tz_localize(None) if zoned else dates).as_unit(self.unit_)
        return np.where(dates.isna(), np.nan, (dates.asi8 - self.origin_) / self._day)

    @property
    def _day(self) -> int:
        return 86400 * _SECOND[self.unit_]

    def _dates(self, cells: Any) -> Any:
        import pandas as pd

        if pd.api.types.infer_dtype(cells, skipna=True) in _NUMBERS and cells.notna().any():
            raise ValueError(f"column {self.name!r}: expected dates, got numbers.")

        try:
            return pd.DatetimeIndex(pd.to_datetime(cells))
        except (ValueError, TypeError) as error:
            read = pd.to_datetime(cells, errors="coerce", utc=True)
            wrong = np.flatnonzero((read.isna() & cells.notna()).to_numpy())
            message = str(error).splitlines()[0]

            if len(wrong):
                message = f"got {cells.iloc[wrong[0]]!r} in {place(cells, wrong[0])}"

            raise ValueError(f"column {self.name!r}: expected dates, {message}.") from None
