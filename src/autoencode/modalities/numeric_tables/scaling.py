r"""Means and scales of the columns of numeric tables."""

import numpy as np
from numpy.typing import NDArray

from ..statistics import Columns

# The share of the largest number by which the numbers of a constant column may differ
ROUNDING = 4 * np.finfo(float).eps


def varying(columns: Columns) -> NDArray:
    r"""Returns a mask of the columns that vary by more than rounding."""
    with np.errstate(over="ignore"):
        spread = columns.high - columns.low

    size = np.maximum(np.abs(columns.low), np.abs(columns.high))
    return (spread > ROUNDING * size) & (columns.deviations > 0)


def _by_column(columns: Columns, n: int) -> tuple[NDArray, NDArray]:
    scale = np.sqrt(columns.deviations / n)

    # Extremes are compared, because rounding gives a constant column a small standard deviation
    constant = (columns.low == columns.high) | (scale == 0)
    return np.where(constant, columns.low, columns.mean), np.where(constant, 1.0, scale)


def _by_whole(columns: Columns, n: int) -> tuple[NDArray, NDArray]:
    loc, scale = _by_column(columns, n)
    varying = columns.low < columns.high
    spread = np.sqrt(columns.deviations[varying].sum() / (n * len(scale)))

    return loc, np.full_like(scale, spread if spread > 0 else 1.0)


def _by_none(columns: Columns, n: int) -> tuple[NDArray, NDArray]:
    return np.zeros_like(columns.mean), np.ones_like(columns.mean)


SCALINGS = {"auto": _by_column, "columns": _by_column, "whole": _by_whole, "none": _by_none}
