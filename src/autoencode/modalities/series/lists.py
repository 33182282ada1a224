r"""Series from lists, arrays and data frames, on regular grids."""

__all__ = [
    "SeriesList",
    "as_list",
    "column_numbers",
    "from_frame",
    "grouped_rows",
    "index_times",
]

import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data import to_pandas
from ...data.disk_arrays import is_mapped
from ...data.listing.names import first_few
from ...data.tabular.libraries import from_pandas, library_of
from .grids import Grid, check_grid, find_grid, numeric_times

log = logging.getLogger(__name__)


class Placed(NamedTuple):
    r"""Rows of a user's table that a series was read from."""

    rows: NDArray[np.intp]
    positions: NDArray[np.intp]


class SeriesList(list[NDArray]):
    r"""Series of different lengths, each an array with shape `(T, C)` and NaN for gaps.

    Arguments:
        series: The arrays.

    Example:
        >>> SeriesList([np.zeros((5, 1)), np.zeros((3, 1))]).lengths
        (5, 3)
    """

    names: Sequence[str] | None = None
    channels: list[str] | None = None
    grid: Grid | None = None
    placed: list[Placed] | None = None
    table: Any = None
    times: Any = None
    time: str | None = None
    keys: Sequence[str] = ()
    covariates: list[NDArray] | None = None
    r"""The covariates of each series, with shape `(T, K)` and NaN for gaps."""

    flat = False
    r"""True if the user's series have no axis of channels."""

    @property
    def lengths(self) -> tuple[int, ...]:
        r"""The number of steps of each series."""
        return tuple(map(len, self))

    def parts(self, slices: Sequence[slice]) -> "SeriesList":
        r"""Returns a slice of each series, without their table."""
        part = SeriesList(x[at] for x, at in zip(self, slices))
        part.names, part.channels, part.grid, part.flat = self._about()

        if self.covariates is not None:
            part.covariates = [c[at] for c, at in zip(self.covariates, slices)]

        return part

    def select(self, rows: Sequence[int]) -> "SeriesList":
        r"""Returns some of the series, without their table."""
        part = SeriesList(self[i] for i in rows)
        names, part.channels, part.grid, part.flat = self._about()
        part.names = None if names is None else [names[i] for i in rows]
        part.covariates = self.covariates and [self.covariates[i] for i in rows]

        return part

    def _about(self) -> tuple[Sequence[str] | None, list[str] | None, Grid | None, bool]:
        return self.names, self.channels, self.grid, self.flat

    def describe_step(self, series: int, step: int) -> tuple[str, Any]:
        r"""Returns the name of a series and the time of a step, or else their indices.

        A step in a gap has the time of the last measurement before it.
        """
        name = str(series) if self.names is None else str(self.names[series])

        if self.times is not None and self.placed is not None:
            rows, positions = self.placed[series]

            if len(before := np.flatnonzero(positions <= step)):
                return name, self.times.iloc[int(rows[before[positions[before].argmax()]])]

        return name, step

    def returned(self, R: Sequence[NDArray]) -> Any:
        r"""Returns other series in the type of container of these series.

        Arguments:
            R: An array for each series, with the same length, `(T, C)` or `(T,)`.
        """
        if self.table is None or self.placed is None or self.channels is None:
            return [r[:, 0] if self.flat and r.ndim == 2 else r for r in R]

        frame = to_pandas(self.table).copy()
        numbers = np.full((len(frame), len(self.channels)), np.nan)

        for r, (rows, positions) in zip(R, self.placed):
            numbers[rows] = r.reshape(len(r), -1)[positions]

        labels = {str(label): label for label in frame.columns}

        for name, column in zip(self.channels, numbers.T):
            frame[labels[name]] = column

        return from_pandas(frame, library_of(self.table), {})


def as_list(X: Iterable[Any], channels: int | None = None) -> SeriesList:
    r"""List of series from arrays of different lengths, which are checked.

    Arguments:
        X: Arrays with shape `(T,)` or `(T, C)`.
        channels: The number of channels that they must have, if it is known.

    Raises:
        ValueError: If an array is empty, has another number of channels, or does not hold numbers.

    Example:
        >>> as_list([[1.0, 2.0], [3.0]]).lengths
        (2, 1)
    """
    converted: list[NDArray] = []
    flat = True

    for i, x in enumerate(X):
        x = np.asarray(x)

        if x.ndim not in {1, 2} or x.size == 0 or x.dtype.kind not in "buif":
            raise ValueError(
                "expected series of numbers, with shape (T,) or (T, channels), got shape"
                f" {x.shape} and type {x.dtype} for series {i}."
            )

        flat = flat and x.ndim == 1
        x = x[:, None] if x.ndim == 1 else x
        C = channels or (converted[0].shape[1] if converted else x.shape[1])

        if x.shape[1] != C:
            raise ValueError(
                f"expected series of {C} channel{'s' * (C > 1)}, got {x.shape[1]} in series {i},"
                f" of shape {x.shape}."
            )

        stays = x.dtype == np.float32 or (x.dtype == np.float64 and is_mapped(x))
        converted.append(x if stays else x.astype(float))

    if not converted:
        raise ValueError("expected at least one series, got none.")

    series = SeriesList(converted)
    series.flat = flat

    return series


def from_frame(
    X: Any,
    time: str | None,
    identity: str | Sequence[str] | None,
    step: float | None = None,
    channels: Sequence[str] | None = None,
    grid: Grid | None = None,
    covariates: Sequence[str] | None = None,
) -> SeriesList:
    r"""The series of a long table, on a regular grid of time.

    All rows with one identity are one series, in the order of their times. Rows at the same
    position are averaged, and positions without a row are gaps.

    Arguments:
        X: A data frame.
        time: The column of times. By default, times are taken from the index if it has dates or
            times; otherwise rows are in order, one step apart.
        identity: The column, or columns, that tell the series apart; by default there is one
            series.
        step: The step of the grid; by default the median difference of times.
        channels: The columns of the fit; by default all other columns.
        grid: The grid of the fit.
        covariates: The columns of covariates, which are no channels. A table without any of them
            has series without covariates.

    Raises:
        ValueError: If columns are missing, or do not hold numbers.

    Example:
        >>> import pandas as pd
        >>> X = pd.DataFrame({"t": [0, 1, 3], "x": [1.0, 2.0, 4.0]})
        >>> from_frame(X, "t", None)[0][:, 0].tolist()
        [1.0, 2.0, nan, 4.0]
    """
    frame = to_pandas(X)
    index = index_times(frame) if time is None else None
    names = [str(name) for name in frame.columns]
    frame = frame.set_axis(names, axis=1).reset_index(drop=True)
    keys = [identity] if isinstance(identity, str) else [*(identity or ())]
    others = [time] * (time is not None) + keys
    known = [*(covariates or ())]
    known = known if any(name in names for name in known) else []
    wanted = [*others, *(channels or []), *known]

    if missing := [name for name in wanted if name not in names]:
        raise ValueError(
            f"expected the columns {wanted}: {missing} are missing; there are {names}."
        )

    chosen = [*channels] if channels else [name for name in names if name not in {*others, *known}]
    numbers = column_numbers(frame, chosen)

    if channels and (new := [name for name in names if name not in wanted]):
        log.warning("columns that the fit did not have are ignored: %s.", first_few(new))

    if len(frame) == 0:
        raise ValueError("expected at least one row, got none.")

    dates = False

    if time is not None:
        index = frame[time]

    if index is not None:
        times, dates = numeric_times(index, time or "index")
    else:
        times = np.arange(len(frame), dtype=float)

    groups = grouped_rows(frame, keys)
    ordered = [rows[np.argsort(times[rows], kind="stable")] for _, rows in groups]

    if index is None:
        parts = [np.arange(len(rows), dtype=float) for rows in ordered]
        grid = Grid(1.0)
    else:
        parts = [times[rows] for rows in ordered]
        logged = grid is not None
        grid = grid or find_grid(parts, step, dates)
        check_grid(grid, parts, logged)

    placed = [Placed(rows, grid.positions(t)) for rows, t in zip(ordered, parts)]
    series = SeriesList([_on_grid(numbers[rows], at) for rows, at in placed])
    shared = sum(len(at) - len(np.unique(at)) for _, at in placed)

    if shared:
        log.warning(
            "%d rows have the same position in time as another row of their series, and are"
            " averaged. identity=... and step=... (command line: --modality.identity,"
            " --modality.step) tell them apart.",
            shared,
        )

    series.names = [name for name, _ in groups]
    series.channels, series.grid, series.placed, series.table = chosen, grid, placed, X
    series.times, series.time, series.keys = index, time, keys

    if known:
        numbers = column_numbers(frame, known, covariates=True)
        series.covariates = [_on_grid(numbers[rows], at) for rows, at in placed]

    return series


def index_times(frame: Any) -> Any:
    r"""The times of the index as a column, or `None` if the index has no times.

    Arguments:
        frame: A pandas frame.

    Example:
        >>> import pandas as pd
        >>> index_times(pd.DataFrame({"x": [1.0]})) is None
        True
    """
    import pandas as pd

    index = frame.index

    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()

    if not isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return None

    log.info(
        "times are those of the index; time=... (command line: --modality.time) names a column."
    )
    return pd.Series(index)


def column_numbers(
    frame: Any, channels: Sequence[str], covariates: bool = False
) -> NDArray[np.float64]:
    r"""Columns of a data frame as numbers, with shape `(rows, C)`.

    Arguments:
        frame: A pandas frame.
        channels: The names of the columns.
        covariates: Whether they are covariates, for messages.

    Raises:
        ValueError: If a column does not hold numbers.

    Example:
        >>> import pandas as pd
        >>> column_numbers(pd.DataFrame({"x": [1, None]}), ["x"])[:, 0].tolist()
        [1.0, nan]
    """
    import pandas as pd

    kinds = {name: frame[name].dtype for name in channels}
    wrong = [
        f"{name!r} ({kind})"
        for name, kind in kinds.items()
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind))
        and frame[name].notna().any()
    ]

    if wrong and covariates:
        raise ValueError(
            f"expected covariates of numbers, got {first_few(wrong)}. Use a column of zeros and"
            " ones for each category, as pandas.get_dummies makes them, and numbers for dates."
        )

    if wrong or not channels:
        raise ValueError(
            f"expected channels of numbers, got {first_few(wrong) or 'no column'}. Name the"
            " columns of times and of series, Series(time=..., identity=...) (command line:"
            " --modality.time, --modality.identity), and drop other columns of text."
        )

    columns = [pd.to_numeric(frame[name], errors="coerce").to_numpy(float, na_value=np.nan)
               for name in channels]  # fmt: skip
    return np.stack(columns, axis=1)


def grouped_rows(frame: Any, keys: Sequence[str]) -> list[tuple[str, NDArray[np.intp]]]:
    r"""The name and the rows of each series, in the order of their first rows.

    Arguments:
        frame: A pandas frame.
        keys: The columns that tell the series apart.

    Raises:
        ValueError: If a row has no identity.

    Example:
        >>> import pandas as pd
        >>> [name for name, _ in grouped_rows(pd.DataFrame({"k": ["b", "a", "b"]}), ["k"])]
        ['b', 'a']
    """
    if not keys:
        return [("series", np.arange(len(frame)))]

    for name in keys:
        if (n := int(frame[name].isna().sum())) > 0:
            raise ValueError(f"expected a series in each row, got none in {n:,} rows of {name!r}.")

    groups = frame.groupby([*keys], sort=False, observed=True).indices
    first = sorted(groups.items(), key=lambda item: item[1].min())
    parts = [(key if isinstance(key, tuple) else (key,), np.sort(rows)) for key, rows in first]

    return [("/".join(map(str, key)), rows) for key, rows in parts]


def _on_grid(x: NDArray, positions: NDArray[np.intp]) -> NDArray:
    r"""Returns rows at their positions, means of rows at the same position, and NaN elsewhere."""
    T = int(positions.max()) + 1

    if len(x) == T and (np.diff(positions) == 1).all():
        return x

    total, count = np.zeros((T, x.shape[1])), np.zeros((T, x.shape[1]))
    np.add.at(total, positions, np.nan_to_num(x))
    np.add.at(count, positions, ~np.isnan(x))

    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
