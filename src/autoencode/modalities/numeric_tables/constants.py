r"""Constant columns of numeric tables, and columns that only seem constant."""

__all__ = ["changed_constants", "warn_of_rounded"]

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...common.failures import warn
from ...data.tabular.frames.kinds import EXACT
from ..statistics import Columns
from .scaling import ROUNDING

_MAX_NAMES_SHOWN = 12


def warn_of_rounded(
    X: NDArray, low: NDArray, high: NDArray, constant: NDArray, name: Callable[[int], str]
) -> None:
    r"""Warn of columns that vary, but by less than floats hold.

    Arguments:
        X: The rows, with shape `(N, D)`.
        low: The least number of each column.
        high: The greatest number of each column.
        constant: A mask of the columns that count as constant.
        name: The name of a column, by its index.

    Example:
        >>> warn_of_rounded(np.ones((2, 1)), np.ones(1), np.ones(1), np.array([True]), str)
    """
    small = low < high
    small &= high - low > ROUNDING * np.maximum(-low, high)
    large = np.maximum(-low, high) > EXACT
    large &= X.dtype.kind in "iu" and X.dtype.itemsize == 8
    large &= constant
    large[large] = [X[:, j].min() < X[:, j].max() for j in np.flatnonzero(large)]

    for which, what in (
        (
            small,
            "the numbers are too small to be squared, and count as constant. Multiply them",
        ),
        (
            large,
            "the whole numbers differ by less than floats can tell, and count as constant."
            " Subtract the least from them, or use a data frame, pd.DataFrame(X)",
        ),
    ):
        if names := [name(j) for j in np.flatnonzero(which & constant).tolist()]:
            rest = len(names) - _MAX_NAMES_SHOWN
            more = f" and {rest:,} more" * (rest > 0)
            warn(f"columns {', '.join(names[:_MAX_NAMES_SHOWN])}{more}: {what}.")


def changed_constants(columns: Columns, low: NDArray, high: NDArray, scaled: NDArray) -> list[int]:
    r"""Columns that were constant in the fit, and vary in later rows.

    Arguments:
        columns: The statistics of the later rows.
        low: The least number of each column in the fit.
        high: The greatest number of each column in the fit.
        scaled: The columns that were not constant.

    Example:
        >>> from autoencode.modalities.statistics import column_statistics
        >>> later = column_statistics(np.array([[1.0, 5.0], [2.0, 6.0]]))
        >>> changed_constants(later, np.array([1.0, 5.0]), np.array([3.0, 5.0]), np.array([0]))
        [1]
    """
    slack = ROUNDING * np.maximum(np.abs(low), np.abs(high))
    changed = (columns.low < low - slack) | (columns.high > high + slack)
    changed[scaled] = False

    return np.flatnonzero(changed).tolist()
