r"""Statistics of data from one pass, in chunks that fit in memory.

Means and squared deviations of parts are merged in double precision by

.. math:: M = M_a + M_b + \delta^2 \frac{n_a n_b}{n_a + n_b}, \qquad \delta = m_b - m_a,

which stays accurate if the mean is much larger than the spread.

Sums of floats depend on their order. Therefore a part has the same number of rows for all types
of data, and its numbers are in double precision, row by row, for all strides of the source. The
same numbers give the same statistics, to the bit. Negative zeros become positive, because the sign
of an extreme zero would depend on the order, too.

References:
    | Updating Formulae and a Pairwise Algorithm for Computing Sample Variances
      (Chan et al., 1979)
"""

__all__ = ["Columns", "Range", "check_finite", "column_statistics", "value_range"]

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..common.batching import data_limits
from ..data import chunks


class Range(NamedTuple):
    r"""The smallest and the largest number of an array, and whether it has no other numbers."""

    low: float
    high: float
    only_these: bool


class Columns(NamedTuple):
    r"""Statistics of the columns of a table, in arrays with shape `(D,)`."""

    low: NDArray
    high: NDArray
    mean: NDArray

    deviations: NDArray
    r"""The sums of the squared deviations from the mean."""

    def largest(self) -> float:
        r"""Returns the largest magnitude of all."""
        return float(np.abs([self.low, self.high]).max())


def value_range(X: NDArray) -> Range:
    r"""The range of all numbers of an array.

    Raises:
        ValueError: If a number is NaN or infinite.

    Example:
        >>> value_range(np.array([[0, 3], [3, 0]]))
        Range(low=0.0, high=3.0, only_these=True)
    """
    low, high = np.inf, -np.inf
    values: set[float] = set()

    for part in _finite(X):
        ends = part.min(), part.max()
        low, high = min(low, float(ends[0])), max(high, float(ends[1]))

        if len(values) <= 2:
            inside = np.count_nonzero((part != ends[0]) & (part != ends[1]))
            values |= {*map(float, ends), *([np.nan] * bool(inside))}

    return Range(low + 0.0, high + 0.0, values <= {low, high})


def column_statistics(X: NDArray) -> Columns:
    r"""The range, mean and spread of each column.

    Arguments:
        X: The table, with shape `(N, D)`.

    Raises:
        ValueError: If a number is NaN or infinite.

    Example:
        >>> column_statistics(np.array([[1.0, 5.0], [3.0, 5.0]])).deviations
        array([2., 0.])
    """
    n, known = 0, None

    with np.errstate(over="ignore", invalid="ignore"):  # statistics may be infinite
        for part in _finite(X):
            rows = np.ascontiguousarray(part, dtype=float)
            low, high, mean = rows.min(axis=0) + 0.0, rows.max(axis=0) + 0.0, rows.mean(axis=0)
            deviations = rows - mean
            np.square(deviations, out=deviations)
            new = Columns(low, high, mean, deviations.sum(axis=0))
            known = new if known is None else _merge(n, known, len(rows), new)
            n += len(rows)

    if known is None:
        raise ValueError(f"expected at least one row, got shape {X.shape}.")

    return known


def check_finite(X: NDArray) -> None:
    r"""
    Raises:
        ValueError: If a number is NaN or infinite; the message has the first row and the count.

    Example:
        >>> check_finite(np.array([[1.0, np.nan]]))
        Traceback (most recent call last):
        ValueError: Input contains NaN or infinity: 1 values in 1 rows, the first in row 0. ...
    """
    if X.dtype.kind == "f":
        for _ in _finite(X):
            pass


def _finite(X: NDArray) -> Iterator[NDArray]:
    r"""Yields the finite parts of an array, and raises at the end if some were not finite."""
    start, values, rows, first = 0, 0, 0, 0

    size = max(1, data_limits().block_numbers // max(1, math.prod(X.shape[1:])))

    for part in chunks(X, size):
        # A test of the sum is far faster than a test of each element
        with np.errstate(over="ignore", invalid="ignore"):
            fine = X.dtype.kind != "f" or np.isfinite(part.sum(dtype=float))

        bad = np.zeros((0, 0), bool) if fine else ~np.isfinite(part).reshape(len(part), -1)

        if bad.any():
            bad_rows = np.flatnonzero(bad.any(axis=1))
            first = first if rows else start + int(bad_rows[0])
            values, rows = values + int(bad.sum()), rows + len(bad_rows)
        else:
            yield part

        start += len(part)

    if rows:
        raise ValueError(
            f"Input contains NaN or infinity: {values} values in {rows} rows, the first in"
            f" row {first}. Remove these rows or fill them in, for example with"
            " sklearn.impute.SimpleImputer."
        )


def _merge(n: int, a: Columns, m: int, b: Columns) -> Columns:
    delta = b.mean - a.mean

    return Columns(
        np.minimum(a.low, b.low),
        np.maximum(a.high, b.high),
        a.mean + delta * (m / (n + m)),
        a.deviations + b.deviations + delta**2 * (n * m / (n + m)),
    )
