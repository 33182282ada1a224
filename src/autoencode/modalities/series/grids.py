r"""Regular grids of time for series with a column of times."""

__all__ = ["Grid", "check_grid", "find_grid", "numeric_times"]

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.tabular.doubts import are_days

log = logging.getLogger(__name__)

_MAX_SILENT_ROUNDING = 0.01  # steps; larger rounding of times is logged
_MAX_POSITIONS_PER_OBSERVATION = 50  # maximum number of positions of a grid for each observation
_MIN_MONTH_DAYS = 27.9  # days; shorter differences are not months


class Grid(NamedTuple):
    r"""Step of time, in the units of the times. Dates are in seconds or in months.

    Example:
        >>> Grid(0.5).positions(np.array([10.0, 10.5, 12.1])).tolist()
        [0, 1, 4]
    """

    step: float
    months: bool = False

    def positions(self, times: NDArray, start: float | None = None) -> NDArray[np.intp]:
        r"""Returns the nearest positions of times, counted from the first."""
        places = self.places(times)
        first = places.min() if start is None else self.places(np.array([start]))[0]

        return np.rint((places - first) / self.step).astype(np.intp)

    def places(self, times: NDArray) -> NDArray:
        r"""Returns times in the unit of `step`."""
        if not self.months:
            return times

        dates = np.round(times).astype("datetime64[s]")
        months = dates.astype("datetime64[M]")
        share = (dates - months) / (months + 1 - months).astype("timedelta64[s]")

        return months.astype(int) + share.astype(float)

    def spelled(self) -> str:
        r"""Returns the step in words."""
        if self.months:
            return f"{self.step:g} month{'s' * (self.step != 1)}"

        return f"{self.step:g}"


def find_grid(times: Sequence[NDArray], step: float | None, dates: bool) -> Grid:
    r"""The grid of several series, with the median difference of neighboring times as its step.

    If dates are one or several months apart, the grid counts months.

    Arguments:
        times: The times of each series, in order.
        step: The step, if it is given.
        dates: Whether the times are seconds of dates.

    Raises:
        ValueError: If no series has two times.

    Example:
        >>> find_grid([np.array([0.0, 1.0, 2.0, 5.0])], None, False)
        Grid(step=1.0, months=False)
    """
    if step is not None:
        if not (np.isfinite(step) and step > 0):
            raise ValueError(f"expected a step > 0 between times, got {step!r}.")

        return Grid(float(step))

    apart = np.concatenate([np.diff(t) for t in times])
    apart = apart[apart > 0]

    if len(apart) == 0:
        raise ValueError(
            "expected series with at least two different times, got none. Leave the column of"
            " times out if the rows are in order."
        )

    if dates and apart.min() >= _MIN_MONTH_DAYS * 86400:
        months = np.concatenate([np.diff(Grid(1, True).places(t)) for t in times])
        whole = np.rint(months)

        if np.abs(months - whole).max() < 0.2:  # months differ by up to a tenth in length
            return Grid(max(1.0, _median(whole[whole > 0])), True)

    return Grid(_median(apart))


def _median(v: NDArray) -> float:
    r"""Returns the lower median, which is one of the numbers."""
    return float(np.quantile(v, 0.5, method="lower"))


def check_grid(grid: Grid, times: Sequence[NDArray], logged: bool) -> None:
    r"""Log the distance of times from a grid, and refuse a grid that is nearly empty.

    Arguments:
        grid: The grid.
        times: The times of each series.
        logged: Whether the log has already described it.

    Raises:
        ValueError: If nearly all positions would be empty.

    Example:
        >>> check_grid(Grid(1.0), [np.array([0.0, 1.0])], False)
    """
    n = sum(len(t) for t in times)
    length = sum(int(grid.positions(t).max()) + 1 for t in times if len(t))

    if length > _MAX_POSITIONS_PER_OBSERVATION * n:
        raise ValueError(
            f"a grid with a step of {grid.spelled()} would have {length:,} positions for {n:,}"
            " times. Set step=... (command line: --modality.step) to the usual difference of"
            " neighboring times."
        )

    off = 0.0

    for t in times:
        places = grid.places(t) / grid.step
        places = places - places[:1]
        off = max(off, float(np.abs(places - np.rint(places)).max(initial=0)))

    if off > (0.2 if grid.months else _MAX_SILENT_ROUNDING) and not logged:
        log.info(
            "times are rounded to a grid with a step of %s, by up to %.0f %% of it; step=..."
            " (command line: --modality.step) changes it.",
            *(grid.spelled(), 100 * off),
        )


def numeric_times(cells: Any, name: str) -> tuple[NDArray[np.float64], bool]:
    r"""The times of a column as numbers: seconds since 1970, for dates.

    Arguments:
        cells: The column, as a pandas series.
        name: The name of the column, for messages.

    Returns:
        The times, and whether they are dates.

    Raises:
        ValueError: If the cells are not times, or a time is missing.

    Example:
        >>> import pandas as pd
        >>> numeric_times(pd.Series(["1970-01-02", "1970-01-03"]), "day")
        (array([ 86400., 172800.]), True)
    """
    import pandas as pd

    if (n := int(cells.isna().sum())) > 0:
        raise ValueError(f"expected a time in each row, got none in {n:,} rows of {name!r}.")

    if pd.api.types.is_bool_dtype(cells):
        raise ValueError(f"expected times in the column {name!r}, got booleans.")

    if pd.api.types.is_numeric_dtype(cells):
        times = cells.to_numpy(float)

        if not np.isfinite(times).all():
            raise ValueError(f"expected finite times in the column {name!r}, got infinity.")

        if are_days(cells.to_numpy()):
            raise ValueError(
                f"the times in the column {name!r} look like dates, such as {int(times[0])}, whose"
                " differences are not steps of time. Write them as 2024-12-31, or use"
                f" pd.to_datetime(X[{name!r}].astype(int).astype(str))."
            )

        return times, False

    if pd.api.types.is_timedelta64_dtype(cells):
        return (cells / pd.Timedelta(seconds=1)).to_numpy(float), False

    is_text = not pd.api.types.is_datetime64_any_dtype(cells)

    try:  # in other spellings, day and month could be mistaken for each other
        dates = pd.to_datetime(cells, utc=True, format="ISO8601" if is_text else None)
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:80]
        raise ValueError(
            f"expected numbers, times or dates such as 2024-12-31 in the column {name!r}:"
            f" {reason}. Use pd.to_datetime(X[...], format=...) for other spellings."
        ) from None

    return ((dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)).to_numpy(float), True
