r"""Covariates of series, such as the hour of the day or a control signal."""

__all__ = ["check_covariates", "covariate_windows", "fill_covariates", "later_covariates"]

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import to_pandas
from ...data.listing.names import first_few
from .cuts import cut_series
from .grids import numeric_times
from .lists import SeriesList, column_numbers, grouped_rows, index_times

log = logging.getLogger(__name__)


def check_covariates(covariates: Any, others: Sequence[str | None]) -> None:
    r"""Check that covariates are names of columns without another role.

    Arguments:
        covariates: The names.
        others: The columns of times and of identities.

    Raises:
        ValueError: If they are not.

    Example:
        >>> check_covariates(["hour"], ["time", None])
    """
    named = isinstance(covariates, (list, tuple)) and all(isinstance(c, str) for c in covariates)

    if covariates is not None and not (named and 0 < len(covariates) == len({*covariates})):
        raise ValueError(
            "expected covariates as different names of columns, such as ['hour', 'valve'], got"
            f" {covariates!r}."
        )

    if twice := [name for name in covariates or () if name in others]:
        raise ValueError(f"the covariates {twice} are already the column of times or identities.")


def fill_covariates(x: NDArray, names: Sequence[str], series: str) -> NDArray:
    r"""Covariates with missing numbers interpolated in time.

    Arguments:
        x: The covariates of a series, with shape `(T, K)`.
        names: Their names.
        series: The name of the series, for messages.

    Raises:
        ValueError: If a covariate has no number at all, or an infinite one.

    Example:
        >>> fill_covariates(np.array([[1.0], [np.nan], [3.0]]), ["hour"], "a")[:, 0].tolist()
        [1.0, 2.0, 3.0]
    """
    known = ~np.isnan(x)

    if np.isinf(x).any() or not known.any(axis=0).all():
        bad = np.isinf(x).any(axis=0) | ~known.any(axis=0)
        raise ValueError(
            "expected finite covariates, got no number or infinity in"
            f" {first_few(np.array(names)[bad])} of series {series!r}."
        )

    if known.all():
        return x

    log.info("%d missing covariates of series %r are interpolated.", (~known).sum(), series)
    t = np.arange(len(x))

    return np.stack([np.interp(t, t[k], v[k]) for v, k in zip(x.T, known.T)], axis=1)


def covariate_windows(known: Sequence[NDArray], n: int, stride: int) -> NDArray:
    r"""The covariates of all windows of series, with shape `(N, n, K)`.

    After the end of a series that is shorter than a window, they keep their last number.

    Arguments:
        known: The covariates of each series, with shape `(T, K)`.
        n: The number of steps in a window.
        stride: The number of steps from one window to the next.

    Example:
        >>> covariate_windows([np.array([[1.0], [2.0]])], 3, 1)[..., 0].tolist()
        [[1.0, 2.0, 2.0]]
    """
    held = [np.pad(x, ((0, max(0, n - len(x))), (0, 0)), mode="edge") for x in known]
    return np.asarray(cut_series(held, n, stride))


def later_covariates(
    series: SeriesList, table: Any, names: Sequence[str], steps: int
) -> list[NDArray]:
    r"""The covariates of series and of their later steps, each with shape `(T + steps, K)`.

    Arguments:
        series: The series, as they were read from a table, with their covariates.
        table: A table with a row for each later step: the columns of the covariates, of times and
            of identities. Other columns and steps do not matter.
        names: The covariates.
        steps: The number of later steps.

    Raises:
        ValueError: If a column or a later step is missing.

    Example:
        >>> import pandas as pd
        >>> from autoencode.modalities.series.lists import from_frame
        >>> X = pd.DataFrame({"t": [0, 1], "x": [1.0, 2.0], "u": [5.0, 6.0]})
        >>> series = from_frame(X, "t", None, covariates=["u"])
        >>> new = pd.DataFrame({"t": [2, 3], "u": [7.0, 8.0]})
        >>> later_covariates(series, new, ["u"], 2)[0][:, 0].tolist()
        [5.0, 6.0, 7.0, 8.0]
    """
    frame = to_pandas(table)
    index = index_times(frame) if series.time is None and series.times is not None else None
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1).reset_index(drop=True)
    wanted = [*([series.time] if series.time else []), *series.keys, *names]

    if missing := [name for name in wanted if name not in frame.columns]:
        raise ValueError(
            f"expected the columns {wanted} in the table of later covariates: {missing} are"
            f" missing; there are {[*frame.columns]}."
        )

    index = frame[series.time] if series.time else index
    times = None if index is None else numeric_times(index, series.time or "index")[0]
    numbers, groups = column_numbers(frame, names, True), dict(grouped_rows(frame, series.keys))
    begins: Any = None if times is None else numeric_times(series.times, "index")[0]
    result = []

    for i, name in enumerate(series.names or []):
        known: Any = (series.covariates or [])[i]
        rows = groups.get(name, np.array([], int))
        x = np.concatenate([known, np.full((steps, known.shape[1]), np.nan)])

        if times is None or series.grid is None or series.placed is None:
            at = len(known) + np.arange(len(rows))
        else:
            at = series.grid.positions(times[rows], begins[series.placed[i].rows[0]])

        later = (at >= len(known)) & (at < len(x))
        x[at[later]] = numbers[rows[later]]

        if n := int(np.isnan(x).any(axis=1).sum()):
            raise ValueError(
                f"expected the covariates of {steps} steps after the end of series {name!r}, got"
                f" {steps - n} of them."
            )

        result.append(x)

    return result
