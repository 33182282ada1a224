r"""The kinds of numeric columns, guessed from their content.

Most columns are only scaled. For two kinds of columns, a Gaussian would give new rows with wrong
frequencies: skewed columns, and columns in which many rows share a number, such as flags, ratings
and the zeros of an amount. Both kinds become normal scores.
"""

__all__ = ["describe_columns", "knots_for", "marginal", "shared_numbers", "some_rows"]

import math

import numpy as np
from numpy.typing import NDArray

from ...data.disk_arrays import spread_rows
from ..normal_scores import NormalScores

# Numbers of a table to examine, and minimum number of rows
_MAX_EXAMINED_NUMBERS, _MIN_EXAMINED_ROWS = 2**22, 2**12

_MAX_LEVELS = 32  # maximum count of distinct numbers in columns of flags, ratings or small counts
_ROWS_PER_LEVEL = 5

# Minimum fraction of the rows with a number that is far more frequent than others
_MIN_SPIKE_FRACTION = 0.05
_MIN_SPIKE_RATIO = 5  # minimum ratio of its rows to the rows of the next number
_ROWS_PER_SPIKE, _MIN_OTHER_NUMBERS = 10, 10

_SKEWNESS, _KURTOSIS, _ROWS = 1.2, 6.0, 50


def describe_columns(X: NDArray, columns: NDArray) -> dict[int, NormalScores]:
    r"""The maps of the columns that need normal scores, by the index of the column.

    Arguments:
        X: Finite numbers, with shape `(N, D)`, in memory.
        columns: The indices of the columns to examine.

    Example:
        >>> X = np.stack([np.arange(40.0) % 2, np.arange(40.0)], axis=1)
        >>> describe_columns(X, np.array([0, 1]))
        {0: NormalScores(knots=13)}
    """
    marginals = {int(j): marginal(np.asarray(X[:, j], float)) for j in columns}
    return {j: scores for j, scores in marginals.items() if scores is not None}


def some_rows(X: NDArray) -> NDArray:
    r"""The rows that describe the columns of a table: all, or evenly spaced ones of a large table.

    Arguments:
        X: Numbers, with shape `(N, D)`, in memory or mapped into it.

    Example:
        >>> some_rows(np.zeros((10**4, 1000))).shape
        (4194, 1000)
    """
    return spread_rows(X, max(_MIN_EXAMINED_ROWS, _MAX_EXAMINED_NUMBERS // X.shape[1]))


def marginal(values: NDArray) -> NormalScores | None:
    r"""The map of a column to normal scores, or `None` if scaling alone is better.

    Normal scores are for columns

    - with at most 32 distinct whole numbers or halves, and on average five rows for each;
    - with one or two numbers that at least a twentieth of the rows share, five times the rows of
      any other number, and with at least ten other numbers;
    - with at least 50 rows, and a skewness two standard errors beyond 1.2 or an excess kurtosis
      beyond 6.

    Arguments:
        values: Finite numbers, at least one.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> marginal(rng.normal(size=100)), marginal(rng.normal(size=100).round(1))
        (None, None)
        >>> marginal(np.exp(rng.normal(size=100)))
        NormalScores(knots=21)
    """
    values = np.sort(values)  # so that sums do not depend on order and layout
    shared = shared_numbers(values)

    if len(shared) == 0 and not _is_far_from_normal(values):
        return None

    return NormalScores(knots_for(len(values))).fit(values, shared)


def shared_numbers(values: NDArray) -> NDArray:
    r"""The numbers that many rows of a column share because of their meaning, not of rounding.

    Arguments:
        values: Finite numbers, at least one.

    Example:
        >>> shared_numbers(np.repeat([0.0, 1.0], [30, 20]))
        array([0., 1.])
        >>> shared_numbers(np.arange(50.0))
        array([], dtype=float64)
    """
    v, counts = np.unique(values, return_counts=True)
    n, u = len(values), len(v)

    with np.errstate(over="ignore"):
        halves = bool((2 * v == np.rint(2 * v)).all())

    if halves and (set(v) == {0.0, 1.0} or (1 < u <= _MAX_LEVELS and n >= _ROWS_PER_LEVEL * u)):
        return v

    descending = np.append(np.sort(counts)[::-1], 0)

    for k in (1, 2):
        least, further = descending[k - 1 : k + 1] if k < len(descending) else (0, 0)
        many = least >= max(_MIN_SPIKE_FRACTION * n, _ROWS_PER_SPIKE)

        if many and least >= _MIN_SPIKE_RATIO * further and u >= k + _MIN_OTHER_NUMBERS:
            return v[counts >= least]

    return v[:0]


def knots_for(n: int) -> int:
    r"""The number of knots of a map for `n` numbers, about twice the square root of `n`.

    Example:
        >>> knots_for(10), knots_for(400), knots_for(10**6)
        (9, 41, 65)
    """
    return min(65, max(9, 2 * math.isqrt(max(0, n)) + 1))


def _is_far_from_normal(values: NDArray) -> bool:
    if len(values) < _ROWS:
        return False

    d = values - values.mean()
    largest = np.abs(d).max()
    d = d / largest if largest > 0 else d
    variance = (d**2).mean()

    if not variance > 0:
        return False

    skewness, kurtosis = (d**3).mean() / variance**1.5, (d**4).mean() / variance**2 - 3
    return bool(abs(skewness) > _SKEWNESS + 2 * math.sqrt(6 / len(values)) or kurtosis > _KURTOSIS)
