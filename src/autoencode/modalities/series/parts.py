r"""Division of series into two parts: one to train on, and one to calibrate with."""

__all__ = ["split_series"]

from typing import Any

from .cuts import choose_window
from .lists import SeriesList

_MIN_SERIES_TO_LEAVE_OUT = 10  # minimum number of series to leave out some of them as a whole


def split_series(X: Any, share: float, window: int | None = None) -> tuple[Any, Any]:
    r"""Split series: by whole series if there are many, and else each at the same fraction.

    Arguments:
        X: The series, as an array or a list.
        share: The fraction of the first part.
        window: The number of steps of an example; by default chosen by the length of the first
            parts.

    Raises:
        ValueError: If a part of a series is shorter than a window.

    Example:
        >>> import numpy as np
        >>> [part.shape for part in split_series(np.zeros((1, 10)), 0.6, window=4)]
        [(1, 6), (1, 4)]
    """
    n = max(1, round(share * len(X)))

    if len(X) >= _MIN_SERIES_TO_LEAVE_OUT:
        if isinstance(X, SeriesList):
            return X.select(range(n)), X.select(range(n, len(X)))

        return X[:n], X[n:]

    cuts = [max(1, round(share * len(x))) for x in X]
    window = window or choose_window(cuts)

    if min(min(c, len(x) - c) for c, x in zip(cuts, X)) < window:
        shortest = min(map(len, X))
        raise ValueError(
            f"expected both parts of each series ({100 * share:.0f} % and the rest) to have at"
            f" least a window of {window} steps, got {shortest} steps. Use a shorter window=..."
            " (command line: --modality.window), or a model that was trained on other series."
        )

    if isinstance(X, SeriesList):
        return X.parts([slice(c) for c in cuts]), X.parts([slice(c, None) for c in cuts])

    return X[:, : cuts[0]], X[:, cuts[0] :]
