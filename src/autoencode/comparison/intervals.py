r"""Means over folds, with intervals that allow for their shared training data."""

__all__ = ["Interval", "corrected_interval", "interval_factor"]

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t

_CONFIDENCE = 0.95


class Interval(NamedTuple):
    r"""A mean with a confidence interval of 95 %.

    See Also:
        :func:`~autoencode.compare`

    Example:
        >>> Interval(0.5, 0.4, 0.6).value
        0.5
    """

    value: float
    r"""The mean over folds."""

    low: float
    r"""The lower end; NaN with a single fold."""

    high: float
    r"""The upper end; NaN with a single fold."""


def corrected_interval(values: Sequence[float], test_ratio: float) -> Interval:
    r"""Mean over folds and its interval, by the corrected resampled t-test.

    .. math:: \bar v \pm t_{K - 1} \, s \, \sqrt{
        \frac{1}{K} + \frac{n_\text{test}}{n_\text{train}}}

    The training sets of the folds overlap, so that their results are correlated. Without the
    second term, the interval would be too narrow.

    References:
        | Inference for the Generalization Error (Nadeau & Bengio, 2003)
        | https://doi.org/10.1023/A:1024068626366

    Arguments:
        values: The values of `K` folds.
        test_ratio: The ratio of test to training examples.

    Example:
        >>> mean, low, high = corrected_interval([1.0, 2.0, 3.0], test_ratio=0.5)
        >>> mean, round(low, 2), round(high, 2)
        (2.0, -1.93, 5.93)
    """
    K, mean = len(values), float(np.mean(values))

    if K < 2:
        return Interval(mean, math.nan, math.nan)

    error = float(np.std(values, ddof=1)) * math.sqrt(1 / K + test_ratio)
    half = interval_factor(K) * error

    return Interval(mean, mean - half, mean + half)


def interval_factor(n_folds: int) -> float:
    r"""Half of the width of an interval, in standard errors.

    Arguments:
        n_folds: The number of folds, at least two.

    Example:
        >>> round(interval_factor(5), 2)
        2.78
    """
    return float(t.ppf((1 + _CONFIDENCE) / 2, n_folds - 1))
