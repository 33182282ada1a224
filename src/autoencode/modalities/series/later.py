r"""Steps after the end of a series, in the form of the user's data."""

__all__ = ["later_rows"]

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import to_pandas
from ...data.tabular.libraries import from_pandas, library_of
from .lists import SeriesList


def later_rows(series: SeriesList, R: NDArray) -> Any:
    r"""Returns the steps after the end of each series, as rows of a table.

    The table has the columns of times and of identities of the user's table. The times continue
    with the step of the grid.

    Arguments:
        series: The series, with the table that they were read from.
        R: The later steps, with shape `(N, steps, C)`.

    Example:
        >>> import pandas as pd
        >>> from autoencode.modalities.series.lists import from_frame
        >>> X = pd.DataFrame({"t": [0, 2, 4], "x": [1.0, 2.0, 3.0]})
        >>> later_rows(from_frame(X, "t", None), np.array([[[4.0], [5.0]]]))
           t    x
        0  6  4.0
        1  8  5.0
    """
    import pandas as pd

    table = to_pandas(series.table)
    labels = {str(label): label for label in table.columns}
    parts, times = [], []

    for x, (rows, _), r in zip(series, series.placed or [], R):
        columns = {labels[key]: [table[labels[key]].iloc[rows[0]]] * len(r) for key in series.keys}
        columns |= {labels[name]: v for name, v in zip(series.channels or [], r.T)}
        parts.append(pd.DataFrame(columns))
        times.append(_times(series, rows, len(x) + np.arange(len(r))))

    frame = pd.concat(parts, ignore_index=True)

    if series.times is not None:
        column = pd.concat([pd.Series(t) for t in times], ignore_index=True)

        if series.time is None:
            frame.index = pd.Index(column, name=table.index.name)
        else:
            frame[labels[series.time]] = column

    order = [label for label in table.columns if label in frame.columns]
    return from_pandas(frame[order], library_of(series.table), {})


def _times(series: SeriesList, rows: NDArray, positions: NDArray) -> Any:
    r"""Returns the times of positions on the grid of a series, in the type of its column."""
    import pandas as pd

    if series.times is None or series.grid is None:
        return positions

    first, step = series.times.iloc[int(rows[0])], series.grid.step

    if pd.api.types.is_number(first):
        times = first + step * positions
        whole = pd.api.types.is_integer(first) and float(step).is_integer()
        return times.astype(int) if whole else times

    if isinstance(first, str):
        first = pd.Timestamp(first)

    if series.grid.months:
        return [first + pd.DateOffset(months=round(step * k)) for k in positions]

    return [first + pd.Timedelta(seconds=step * int(k)) for k in positions]
