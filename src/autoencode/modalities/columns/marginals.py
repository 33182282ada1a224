r"""The kinds of numeric columns, guessed from their content.

Most columns are only scaled. Others would come back with other frequencies than they have:
skewed ones, of which a Gaussian makes negative numbers, and those with numbers that many rows
share, such as flags, ratings and the zeros of an amount. These become normal scores.
"""

__all__ = ["describe_columns", "knots_for", "marginal", "shared_numbers"]

import math

import numpy as np
from numpy.typing import NDArray

from ...data.disk_arrays import FileArray
from ..normal_scores import NormalScores

_NUMBERS, _FEWEST = 2**22, 2**12  # numbers of a table, and rows of it, that are looked at

_LEVELS = 32  # distinct numbers of a column of flags, ratings or small counts, at most
_ROWS_PER_LEVEL = 5

_SPIKE = 0.05  # of the rows, at least, have a number that is alone so frequent
_ALONE = 5  # times as many rows as the next have it
_ROWS_PER_SPIKE, _OTHERS = 10, 10

_SKEWNESS, _KURTOSIS, _ROWS = 1.2, 6.0, 50


def describe_columns(X: NDArray, columns: NDArray) -> dict[int, NormalScores]:
    r"""The maps of those columns of a table that need normal scores, by number.

    Of large tables, rows from all over are looked at.

    Arguments:
        X: Finite numbers, with shape `(N, D)`, in memory or mapped into it.
        columns: The columns in question.

    Example:
        >>> X = np.stack([np.arange(40.0) % 2, np.arange(40.0)], axis=1)
        >>> describe_columns(X, np.array([0, 1]))
        {0: NormalScores(knots=13)}
    """
    n = min(len(X), max(_FEWEST, _NUMBERS // X.shape[1]))

    if n < len(X):
        rows = FileArray.of(X) if isinstance(X, np.memmap) else None
        X = (X if rows is None else rows)[np.linspace(0, len(X) - 1, n).astype(int)]

    found = {int(j): marginal(np.asarray(X[:, j], float)) for j in columns}
    return {j: scores for j, scores in found.items() if scores is not None}


def marginal(values: NDArray) -> NormalScores | None:
    r"""The map of a column to normal scores, or `None` if it is better only scaled.

    Normal scores are for columns

    - of at most 32 different whole numbers, or halves, of at least five rows each on average,
    - with one or two numbers that at least a twentieth of the rows share, five times as many
      as any further one, beside at least ten others,
    - whose skewness is beyond 1.2 by two standard errors, or whose excess kurtosis is beyond
      6, with at least 50 rows.

    Arguments:
        values: Finite numbers, at least one.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> marginal(rng.normal(size=100)), marginal(rng.normal(size=100).round(1))
        (None, None)
        >>> marginal(np.exp(rng.normal(size=100)))
        NormalScores(knots=21)
    """
    values = np.sort(values)  # whatever their order and layout, sums are the same
    shared = shared_numbers(values)

    if len(shared) == 0 and not _is_far_from_normal(values):
        return None

    return NormalScores(knots_for(len(values))).fit(values, shared)


def shared_numbers(values: NDArray) -> NDArray:
    r"""The numbers of a column that many rows share for what they are, not for rounding.

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

    if halves and (set(v) == {0.0, 1.0} or (1 < u <= _LEVELS and n >= _ROWS_PER_LEVEL * u)):
        return v

    descending = np.append(np.sort(counts)[::-1], 0)

    for k in (1, 2):
        least, further = descending[k - 1 : k + 1] if k < len(descending) else (0, 0)
        many = least >= max(_SPIKE * n, _ROWS_PER_SPIKE)

        if many and least >= _ALONE * further and u >= k + _OTHERS:
            return v[counts >= least]

    return v[:0]


def knots_for(n: int) -> int:
    r"""The number of knots for a map from so many numbers, about twice their root.

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
