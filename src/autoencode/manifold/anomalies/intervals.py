r"""Intervals of series in which scores are beyond a threshold."""

__all__ = ["Interval", "find_intervals", "smoothed"]

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_NAMED_FRACTION = 0.8  # fraction of the surprisal for which the named channels account


class Interval(NamedTuple):
    r"""An anomalous interval of a series.

    See Also:
        :class:`~autoencode.manifold.SeriesDetector`
    """

    series: str
    r"""The name of the series, or its index."""

    start: Any
    r"""The time of the first step, or its index."""

    end: Any
    r"""The time of the last step, or its index."""

    severity: float
    r"""The largest score of the interval, in units of the threshold."""

    channels: dict[str, float]
    r"""The channels that account for most of the score, and the fraction of each."""

    steps: slice
    r"""The indices of the steps of the interval."""


def smoothed(scores: NDArray, width: int) -> NDArray:
    r"""The moving average of scores, shorter at both ends. Missing scores (NaN) are skipped.

    Arguments:
        scores: The scores, with shape `(T, *)`.
        width: The number of steps of the average.

    Example:
        >>> smoothed(np.array([0.0, 3.0, np.nan, 5.0]), 3).tolist()
        [1.5, 1.5, 4.0, 5.0]
    """
    known = ~np.isnan(scores)
    before, after = (width - 1) // 2, width // 2
    T = len(scores)
    first, last = np.maximum(np.arange(T) - before, 0), np.minimum(np.arange(T) + after + 1, T)
    sums = [
        np.concatenate([np.zeros((1, *v.shape[1:])), np.cumsum(v, axis=0)])
        for v in (np.nan_to_num(scores), known.astype(float))
    ]
    total, n = (s[last] - s[first] for s in sums)

    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def find_intervals(
    scores: NDArray, threshold: float, merge: int, channels: NDArray, names: Sequence[str]
) -> list[tuple[slice, float, dict[str, float]]]:
    r"""The intervals of one series whose scores are beyond a threshold.

    Arguments:
        scores: The score of each step, with shape `(T,)`.
        threshold: The score beyond which a step is anomalous.
        merge: The maximum number of normal steps between two intervals that are joined.
        channels: The score of each channel at each step, with shape `(T, C)`.
        names: The names of the channels.

    Returns:
        The steps, the severity and the responsible channels of each interval.

    Example:
        >>> scores = np.array([0.0, 4.0, 0.0, 6.0, 0.0])
        >>> find_intervals(scores, 2.0, 1, scores[:, None], ["heat"])
        [(slice(1, 4, None), 3.0, {'heat': 1.0})]
    """
    beyond = np.flatnonzero(np.nan_to_num(scores, nan=-np.inf) > threshold)
    breaks = np.flatnonzero(np.diff(beyond) > merge + 1) + 1
    intervals = []

    for run in np.split(beyond, breaks) if len(beyond) else []:
        steps = slice(int(run[0]), int(run[-1]) + 1)
        parts = np.nansum(channels[steps], axis=0)
        shares = parts / max(float(parts.sum()), np.finfo(float).tiny)
        order = np.argsort(-shares, kind="stable")
        k = 1 + int((np.cumsum(shares[order]) < _NAMED_FRACTION).sum())
        blamed = {names[j]: float(shares[j]) for j in order[:k]}
        severity = float(np.nanmax(scores[steps])) / threshold if threshold > 0 else np.inf
        intervals.append((steps, severity, blamed))

    return intervals
