r"""Numbers of series: their moments, and which of them are valid."""

__all__ = ["Moments", "check_numbers", "moments"]

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...common.batching import data_limits
from ...data import chunks


class Moments(NamedTuple):
    r"""Moments of each channel.

    Example:
        >>> Moments(np.array([4.0]), np.array([8.0]), np.array([16.0]), False).scale.tolist()
        [2.0]
    """

    n: NDArray
    r"""The count of numbers that are not missing."""

    total: NDArray
    r"""Their sum."""

    squares: NDArray
    r"""The sum of squared deviations from the mean."""

    missing: bool
    r"""True if some numbers are missing."""

    @property
    def loc(self) -> NDArray:
        r"""Mean of each channel."""
        return self.total / self.n

    @property
    def constant(self) -> NDArray:
        r"""Mask of channels that vary only by rounding."""
        return self._spread <= 1e-12 * np.maximum(1, np.abs(self.loc))

    @property
    def scale(self) -> NDArray:
        r"""Standard deviation of each channel, and one for constant channels."""
        return np.where(self.constant, 1.0, self._spread)

    @property
    def _spread(self) -> NDArray:
        return np.sqrt(np.maximum(self.squares / self.n, 0))


def moments(X: NDArray) -> Moments:
    r"""Moments of each channel, in two passes over blocks.

    Arguments:
        X: Windows with shape `(N, T)` or `(N, T, C)`.

    Raises:
        ValueError: If a number is infinite.

    Example:
        >>> moments(np.array([[1.0, 3.0, np.nan]])).loc.tolist()
        [2.0]
    """
    X = X[..., None] if X.ndim == 2 else X
    C = X.shape[-1]
    n, total, squares = np.zeros(C), np.zeros(C), np.zeros(C)

    for part in _blocks(X):
        part = np.asarray(part, dtype=float).reshape(-1, C)
        _refuse_infinity(part)
        known = ~np.isnan(part)
        n, total = n + known.sum(axis=0), total + np.nansum(part, axis=0)

    mean = total / np.maximum(n, 1)

    for part in _blocks(X):
        part = np.asarray(part, dtype=float).reshape(-1, C)
        squares = squares + np.nansum(np.square(part - mean), axis=0)

    return Moments(n, total, squares, bool((n < X.size // C).any()))


def check_numbers(X: NDArray, gaps: bool) -> None:
    r"""Check that numbers are finite, or missing if gaps are allowed.

    Arguments:
        X: Windows with shape `(N, T)` or `(N, T, C)`.
        gaps: Whether numbers may be missing.

    Raises:
        ValueError: If a number is infinite, or missing without `gaps`.
    """
    for part in _blocks(X):
        if part.dtype.kind != "f":
            break

        _refuse_infinity(part)

        if not gaps and np.isnan(part).any():
            raise ValueError(
                "Input contains NaN, or series shorter than a window, but those of the fit had"
                " no gaps. Fit with modality=ae.modalities.Series(gaps=True) (command line:"
                " --modality Series --modality.gaps), so that the networks see them."
            )


def _blocks(X: NDArray) -> Iterator[NDArray]:
    rows = max(1, data_limits().block_numbers // math.prod(X.shape[1:]))
    yield from chunks(np.asarray(X), rows)


def _refuse_infinity(part: NDArray) -> None:
    if np.isinf(part).any():
        raise ValueError(
            "Input contains infinity. Use np.nan for missing numbers, or a large number."
        )
