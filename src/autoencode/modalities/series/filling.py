r"""Missing numbers of series, taken from other series."""

__all__ = ["fill_gaps"]

from typing import Any

import numpy as np

from ..windows import Windows
from .cuts import whole_series
from .lists import SeriesList


def fill_gaps(windows: Windows, R: Any) -> Any:
    r"""Series with their missing numbers taken from the windows of others.

    Arguments:
        windows: All windows of the series, which know their origin.
        R: As many windows of other series.

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
