r"""Grids that the numbers of a column lie on: cents, whole numbers, multiples of five, months."""

__all__ = ["decimals_of", "grid_of", "snap", "snap_months", "snap_tensor", "step_of"]

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

_MIN_DISTINCT_NUMBERS = 8  # this many distinct numbers rarely have a common divisor by chance

# Limits for decimals that are not due to chance: the largest number in units of the last
# decimal, by the bytes of a float; and the difference from a decimal number, in roundings
_DIGITS = {8: 1e12, 4: 1e5, 2: 0.0}
_ROUNDING = 4
_MAX_EXACT_INTEGER = 2**53  # floats represent all whole numbers up to this limit


def decimals_of(values: NDArray) -> int | None:
    r"""Number of decimals of numbers, or `None` if there are too many to be intended.

    Arguments:
        values: Finite numbers, in the precision of the data.

    Example:
        >>> decimals_of(np.array([18.79, 3.5])), decimals_of(np.array([1 / 3]))
        (2, None)
    """
    if len(values) == 0 or (values == np.rint(values)).all():
        return 0

    largest = float(np.abs(values).max())
    slack = _ROUNDING * np.finfo(values.dtype).eps * np.abs(values.astype(float))

    for n in range(1, 13):
        if largest * 10**n > _DIGITS.get(values.dtype.itemsize, 1e12):
            break

        if (np.abs(values - np.round(values.astype(float), n)) <= slack).all():
            return n

    return None


def step_of(units: Sequence[int] | NDArray) -> int:
    r"""The largest number of units that divides all differences.

    It is one if there are too few distinct numbers to tell.

    Arguments:
        units: Whole numbers, at least one.

    Example:
        >>> step_of([99, 199, 499, 899, 999, 1099, 1299, 2099]), step_of([5, 10])
        (100, 1)
    """
    units = np.asarray(units)
    distinct = np.unique(units) if units.dtype.kind in "iu" else sorted({*units.tolist()})

    if len(distinct) < _MIN_DISTINCT_NUMBERS:
        return 1

    if isinstance(distinct, np.ndarray) and float(distinct[-1]) - float(distinct[0]) < 2**62:
        return int(np.gcd.reduce(distinct - distinct[0]))

    first = int(distinct[0])
    return math.gcd(*(int(unit) - first for unit in distinct))


def grid_of(values: NDArray) -> tuple[float, int]:
    r"""The step and the number of decimals of numbers; both are zero if there is no grid.

    Arguments:
        values: Numbers, in the precision of the data. NaN is ignored.

    Example:
        >>> grid_of(np.arange(10) * 0.25), grid_of(np.array([7, 9])), grid_of(np.array([1 / 3]))
        ((0.25, 2), (1.0, 0), (0.0, 0))
    """
    if values.dtype.kind == "b":
        return 0.0, 0

    values = values[np.isfinite(values)]
    n = decimals_of(values if values.dtype.kind == "f" else values.astype(float))

    if (
        n is None
        or len(values) == 0
        or np.abs(values.astype(float)).max() * 10.0**n > _MAX_EXACT_INTEGER
    ):
        return 0.0, 0

    return step_of(np.rint(values.astype(float) * 10.0**n).astype(np.int64)) / 10**n, n


def snap(values: NDArray, low: float, step: float, decimals: int) -> NDArray:
    r"""Numbers moved to the nearest points of a grid.

    .. math:: v_0 + s \operatorname{round} \frac{v - v_0}{s}

    Arguments:
        values: The numbers. NaN stays.
        low: A number :math:`v_0` on the grid.
        step: The distance :math:`s > 0` between two neighbors.
        decimals: The number of decimals to which the result is rounded, because few decimals are
            exact as floats.

    Example:
        >>> snap(np.array([18.794952]), 0.99, 0.5, 2)
        array([18.99])
    """
    return np.round(low + step * np.rint((values - low) / step), decimals)


def snap_tensor(x: Tensor, low: float, step: float, decimals: int) -> Tensor:
    r"""Numbers moved to the nearest points of a grid, as by :func:`snap`.

    Arguments:
        x: The numbers.
        low: A number on the grid.
        step: The distance between two neighbors.
        decimals: The number of decimals to which the result is rounded.

    Example:
        >>> import torch
        >>> snap_tensor(torch.tensor([18.794952]).double(), 0.99, 0.5, 2).item()
        18.99
    """
    unit = 10.0**decimals
    return ((low + step * ((x - low) / step).round()) * unit).round() / unit


def snap_months(days: NDArray, first: int, step: int, end: bool) -> NDArray:
    r"""Days moved to the nearest first, or last, day of a month on a grid of months.

    Arguments:
        days: The days since 1970, with shape `(N,)`.
        first: A month on the grid, in months since January 1970.
        step: The number of months between two neighbors on the grid.
        end: Whether to use the last day of each month instead of the first.

    Example:
        >>> snap_months(np.array([17.0, 12.0]), first=0, step=1, end=False)
        array([31,  0])
    """
    months = (np.floor(days) + end).astype("M8[D]").astype("M8[M]")
    begin = months.astype("M8[D]").astype(np.int64)
    length = (months + 1).astype("M8[D]").astype(np.int64) - begin
    at = months.astype(np.int64) + (days + end - begin) / length
    nearest = first + step * np.rint((at - first) / step).astype(np.int64)

    return nearest.astype("M8[M]").astype("M8[D]").astype(np.int64) - end
