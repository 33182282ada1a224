r"""Missing numbers of series, filled in from other series."""

__all__ = ["fill_gaps"]

from typing import Any

import numpy as np

from ..windows import Windows
from .cuts import whole_series
from .lists import SeriesList


def fill_gaps(windows: Windows, R: Any) -> Any:
    r"""Series with missing numbers filled in from the windows of other series.

    Arguments:
        windows: All windows of the series, with their source.
        R: Windows of other series, one for each window.

    Example:
        >>> from autoencode.modalities.series.cuts import cut_series
        >>> windows = cut_series(np.array([[[1.0], [np.nan]]]), 2, 1)
        >>> fill_gaps(windows, np.full((1, 2, 1), 5.0)).tolist()
        [[[1.0], [5.0]]]
    """
    origin, whole = windows.origin, whole_series(R, windows)
    filled = [
        np.where(np.isnan(x), r.reshape(x.shape), x) if x.dtype.kind == "f" else x
        for x, r in zip([*origin], whole)
    ]

    return origin.returned(filled) if isinstance(origin, SeriesList) else np.stack(filled)
