r"""Series in two parts, the first of which a model is trained on."""

__all__ = ["split_series"]

from typing import Any

from .cuts import choose_window
from .lists import SeriesList

_MIN_SERIES_TO_LEAVE_OUT = 10  # series, of which some can be left out as a whole


def split_series(X: Any, share: float, window: int | None = None) -> tuple[Any, Any]:
    r"""Split series: whole ones if there are many, otherwise each at the same share of its steps.

    Arguments:
        X: The series, as an array or a list.
        share: The share of the first part.
        window: The steps of an example; by default chosen by the length of the first parts.

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
            f"expected series of which {100 * share:.0f} %, and the rest, have windows of"
            f" {window} steps, got {shortest} steps. Use a shorter window=... (command line:"
            " --modality.window), or a model that was trained on other series."
        )

    if isinstance(X, SeriesList):
        return X.parts([slice(c) for c in cuts]), X.parts([slice(c, None) for c in cuts])

    return X[:, : cuts[0]], X[:, cuts[0] :]
