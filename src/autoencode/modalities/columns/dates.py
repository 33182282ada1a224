r"""Columns of dates, times of the day and durations."""

__all__ = ["DATE_TYPES", "DateColumn"]

import datetime
import re
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.checks.types import check_agreement
from ...common.configurable import Configurable
from ...data import locate_cell
from ...data.tabular.spellings import order_of_dates
from ..normal_scores import NormalScores
from .cells import plain
from .dtypes import close, dtype_of, name_of_cells, open_cells
from .grids import snap_months, step_of
from .numbers import NumberColumn

DATE_TYPES = {"date", "datetime", "datetime64"}  # as pandas infers them
_TIME_OBJECTS = {"date", "datetime", "time", "timedelta"}
_PANDAS_CLASSES = {"datetime": "Timestamp", "timedelta": "Timedelta"}
_NUMBER_TYPES = {"integer", "floating", "mixed-integer-float", "decimal", "boolean"}
_TICKS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_STEP_SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


class DateColumn(Configurable):
    r"""Dates, times of the day and durations, as numbers of days since the first date of the fit.

    Decoded dates lie on the grid of the fit, in the local time of their zone: whole days, hours
    or minutes, first or last days of months, or multiples of another step.

    Arguments:
        name: The column's name, for messages.

    Example:
        >>> import pandas as pd
        >>> cells = pd.Series(pd.to_datetime(["2024-02-28", "2024-03-01"]))
        >>> column = DateColumn("day").fit(cells)
        >>> column.to_numeric(cells).tolist()
        [0.0, 2.0]
        >>> column.decode(np.array([9.0])).dt.day_name().tolist()
        ['Friday']
    """

    is_text = False

    dtype_: str
    spans_: bool
    unit_: str
    zone_: str | None
    origin_: int
    step_: int
    start_: int
    months_: int
    days_: NumberColumn

    def __init__(self, name: str | int) -> None:
        self.name = name

    def fit(self, cells: Any) -> "DateColumn":
        r"""Learns the type, range, grid and distribution of a column.

        Raises:
            ValueError: If a cell is not a date.
        """
        import pandas as pd

        kind = pd.api.types.infer_dtype(cells, skipna=True) if cells.dtype == object else ""
        self.dtype_ = name_of_cells(cells)
        self.dtype_ = kind if kind in _TIME_OBJECTS and self.dtype_ == "object" else self.dtype_

        if self.dtype_ in _PANDAS_CLASSES and all(
            isinstance(c, (pd.Timestamp, pd.Timedelta)) for c in cells.dropna()
        ):
            self.dtype_ = _PANDAS_CLASSES[kind]

        opened = open_cells(cells)
        self.spans_ = opened.dtype.kind == "m"
        dates = self._dates(opened)
        self.unit_ = dates.unit
        zoned = not self.spans_ and dates.tz is not None
        self.zone_ = str(dates.dtype).split(", ", 1)[1][:-1] if zoned else None

        if zoned:
            try:
                pd.Timestamp(0, tz=self.zone_)
            except (ValueError, KeyError) as error:  # an unknown zone is a KeyError
                raise ValueError(
                    f"column {self.name!r}: expected a time zone with a name, got {dates.tz}."
                    " Use .dt.tz_convert('UTC'), or another zone by its name."
                ) from error

        there = dates.dropna()
        self.origin_ = int(there.asi8.min()) if len(there) else 0
        self._find_grid(self._wall(there.asi8))

        self.days_ = NumberColumn(self.name).fit(pd.Series(self.to_numeric(opened)))
        self.days_.step_ = 0.0  # the grid is in local time

        return self

    def check_learned(self) -> None:
        import pandas as pd

        # For some names, pandas reads a file of this machine
        zone = self.zone_ is None or re.fullmatch(r"[A-Z][\w+:-]*(/[A-Z][\w+-]*){0,2}", self.zone_)
        check_agreement(
            type(self),
            unit_=self.unit_ in _TICKS_PER_SECOND,
            zone_=bool(zone),
            step_=self.step_ > 0,
            months_=abs(self.months_) < 2**31,
        )
        pd.Timestamp(0, tz=self.zone_)

    @property
    def scores_(self) -> NormalScores:
        r"""The map from days to normal scores."""
        return self.days_.scores_

    @property
    def constant_(self) -> bool:
        r"""Tell whether all dates are the same, and none is missing."""
        return self.days_.constant_

    @property
    def of_day(self) -> bool:
        r"""Tell whether the cells are times of the day."""
        return self.dtype_ == "time" or self.dtype_.startswith(("arrow time32", "arrow time64"))

    @property
    def grid(self) -> str:
        r"""Grid step of the dates, in words."""
        what = "durations" if self.spans_ else "dates"
        what = "times" if self.of_day else what

        if self.months_:
            ends = "last" if self.months_ < 0 else "first"
            many = f", each {abs(self.months_)}" if abs(self.months_) > 1 else ""
            return f"{ends} days of months{many}"

        for name, seconds in _STEP_SECONDS.items():
            if self.step_ % (seconds * _TICKS_PER_SECOND[self.unit_]) == 0:
                n = self.step_ // (seconds * _TICKS_PER_SECOND[self.unit_])
                return f"{what} in " + (f"whole {name}" if n == 1 else f"steps of {n:,} {name}")

        return what

    def encode(self, cells: Any) -> NDArray:
        r"""Returns the scores of cells, with NaN for a missing cell.

        Raises:
            ValueError: If a cell is not a date, or if only the cells or only the fit have a time
                zone.
        """
        return self.scores_.encode(self.to_numeric(cells))

    def decode(self, scores: NDArray) -> Any:
        r"""Returns the cells of scores, with the type, range and grid of the fit."""
        return self.cells(self.scores_.decode(scores))

    def cells(self, values: NDArray) -> Any:
        r"""Returns cells in the type of the fit, from the numbers of :meth:`to_numeric`."""
        import pandas as pd

        days = np.where(self.days_.empty_, np.nan, np.clip(values, 0, self.days_.high_))
        missing = np.isnan(days)
        ticks = np.rint(np.nan_to_num(days) * self.ticks_per_day).astype(np.int64) + self.origin_
        ticks = self._snapped(ticks)
        kind = "m8" if self.spans_ else "M8"
        dates = pd.Series(ticks.view(f"{kind}[{self.unit_}]")).where(~missing)

        if self.zone_ is not None:
            dates = dates.dt.tz_localize("UTC").dt.tz_convert(self.zone_)

        if self.dtype_ in {"date", "datetime", "Timestamp", "Timedelta"}:
            objects = [_object(d, self.dtype_) for d in dates]
            return pd.Series(objects, dtype=object).where(~missing, None)

        return close(dates, self.dtype_)

    def given(self, cell: Any) -> Any:
        r"""Returns the cell that is given for new rows. Text is converted.

        Raises:
            ValueError: If the cell is a number.
        """
        import pandas as pd

        if isinstance(plain(cell), (int, float)):
            raise ValueError(f"column {self.name!r}: expected a date, got {cell!r}.")

        if self.spans_:  # the text of a duration is not a date
            cell = pd.Timedelta(self._dates(open_cells(pd.Series([cell], dtype=object)))[0])
            return (datetime.datetime.min + cell).time() if self.of_day else cell

        if self.dtype_.startswith("period"):
            return pd.Period(cell, dtype_of(self.dtype_).freq)

        if isinstance(cell, str) and self.dtype_ in _TIME_OBJECTS | {*_PANDAS_CLASSES.values()}:
            return _object(pd.Timestamp(self._dates(pd.Series([cell]))[0]), self.dtype_)

        return cell

    def to_numeric(self, cells: Any) -> NDArray:
        r"""Returns cells as days since the first date of the fit, with NaN for missing cells."""
        cells = open_cells(cells)
        dates = self._dates(cells)
        zoned = not self.spans_ and dates.tz is not None

        if cells.notna().any() and zoned != (self.zone_ is not None):
            zone = "without a time zone" if self.zone_ is None else f"with time zone {self.zone_}"
            raise ValueError(
                f"column {self.name!r}: expected dates {zone}, got {cells.dtype}. Use"
                " .dt.tz_localize(...)."
            )

        dates = (dates.tz_convert("UTC").tz_localize(None) if zoned else dates).as_unit(self.unit_)
        return np.where(dates.isna(), np.nan, (dates.asi8 - self.origin_) / self.ticks_per_day)

    @property
    def ticks_per_day(self) -> int:
        r"""The number of ticks of a day."""
        return 86400 * _TICKS_PER_SECOND[self.unit_]

    def _find_grid(self, wall: NDArray) -> None:
        r"""Learns the grid of dates, in ticks of local time from the first date."""
        self.months_, self.step_ = 0, 1
        self.start_ = int(wall.min()) if len(wall) else 0
        natural = [seconds * _TICKS_PER_SECOND[self.unit_] for seconds in _STEP_SECONDS.values()]
        whole = [step for step in natural if (wall % step == 0).all()]
        common = step_of(wall) if len(wall) else 1
        self.step_ = max([common, *whole[:1]])

        if self.spans_ or common % self.ticks_per_day or self.start_ % self.ticks_per_day:
            return

        days = wall // self.ticks_per_day

        for end in (0, 1):
            months = (days + end).astype("M8[D]").astype("M8[M]")

            if (months.astype("M8[D]").astype(np.int64) == days + end).all():
                self.months_ = (1 - 2 * end) * step_of(months.astype(np.int64))

    def _snapped(self, ticks: NDArray) -> NDArray:
        r"""Returns ticks moved to the nearest point of the grid, which is in local time."""
        wall = self._wall(ticks)

        if self.months_:
            end = self.months_ < 0
            first = int(self.start_ // self.ticks_per_day + end)
            first = int(np.int64(first).astype("M8[D]").astype("M8[M]").astype(np.int64))
            days = snap_months(wall / self.ticks_per_day, first, abs(self.months_), end)
            near = days * self.ticks_per_day
        else:
            away = wall - self.start_
            near = self.start_ + (away + self.step_ // 2) // self.step_ * self.step_

        moved = ticks + (near - wall)
        wrong = self._wall(moved) != near  # clocks changed in between

        if wrong.any():
            moved[wrong] = self._moment(near[wrong])

        return moved

    def _wall(self, ticks: NDArray) -> NDArray:
        r"""Returns the local times of moments, as clocks of the time zone show them."""
        import pandas as pd

        if self.zone_ is None or len(ticks) == 0:
            return ticks

        dates = pd.DatetimeIndex(ticks.view(f"M8[{self.unit_}]"), tz="UTC")
        return dates.tz_convert(self.zone_).tz_localize(None).asi8

    def _moment(self, wall: NDArray) -> NDArray:
        import pandas as pd

        dates = pd.DatetimeIndex(wall.view(f"M8[{self.unit_}]"))
        return dates.tz_localize(
            self.zone_, ambiguous=np.zeros(len(wall), bool), nonexistent="shift_forward"
        ).asi8

    def _dates(self, cells: Any) -> Any:
        import pandas as pd

        what = "durations or times" if self.spans_ else "dates"

        if self.of_day and cells.dtype.kind != "m":
            cells = cells.map(_with_seconds)

        if cells.dtype.kind == "O" and pd.api.types.infer_dtype(cells, skipna=True) == "period":
            cells = pd.Series(cells.tolist()).dt.to_timestamp().set_axis(cells.index)

        if pd.api.types.infer_dtype(cells, skipna=True) in _NUMBER_TYPES and cells.notna().any():
            raise ValueError(f"column {self.name!r}: expected {what}, got numbers.")

        order = self._order(cells)
        read = pd.to_timedelta if self.spans_ else pd.to_datetime
        read = partial(read, **order) if order else read
        index = pd.TimedeltaIndex if self.spans_ else pd.DatetimeIndex

        try:
            return index(read(cells))
        except (ValueError, TypeError) as error:
            options = {} if self.spans_ else {"utc": True}
            dates = read(cells, errors="coerce", **options)
            wrong = np.flatnonzero((dates.isna() & cells.notna()).to_numpy())
            message = str(error).splitlines()[0]
            zones = {str(cell.tzinfo) for cell in cells.dropna() if hasattr(cell, "tzinfo")}

            if len(zones) > 1:
                message = (
                    f"got several time zones, {' and '.join(sorted(zones)[:2])}. Convert them to"
                    f" one: pd.to_datetime(X[{self.name!r}], utc=True)"
                )
            elif len(wrong):
                message = f"got {cells.iloc[wrong[0]]!r} in {locate_cell(cells, wrong[0])}"

            raise ValueError(f"column {self.name!r}: expected {what}, {message}.") from None

    def _order(self, cells: Any) -> dict[str, Any]:
        r"""Returns the options of pandas for dates in text, which may begin with the day."""
        import pandas as pd

        if self.spans_ or pd.api.types.infer_dtype(cells, skipna=True) != "string":
            return {}

        words = [*cells.dropna().unique()]
        order = order_of_dates(words)

        if order == "?":
            raise ValueError(
                f"column {self.name!r}: {words[0]!r} may begin with the day or the month. Convert"
                f" the text: pd.to_datetime(X[{self.name!r}], dayfirst=True), or dayfirst=False."
            )

        return {} if order == "ymd" else {"format": "mixed", "dayfirst": order == "dmy"}


def _with_seconds(cell: Any) -> Any:
    r"""Returns the text of a time with its seconds, which pandas needs."""
    hours = isinstance(cell, str) and re.fullmatch(r"\s*([01]?\d|2[0-3]):[0-5]\d\s*", cell)
    return f"{cell.strip()}:00" if hours else cell


def _object(date: Any, kind: str) -> Any:
    if date != date:
        return None

    return {"date": date.date, "datetime": date.to_pydatetime}.get(kind, lambda: date)()
