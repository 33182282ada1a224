r"""Long recordings, in windows that overlap by half, and put together again."""

__all__ = ["Windows", "cut", "join"]

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Windows(np.ndarray):
    r"""The windows of one sound, with shape `(N, n)` or `(N, n, channels)`.

    Example:
        >>> cut(np.zeros(5), 4).length
        5
    """

    length: int = 0
    r"""The samples of the whole."""


def cut(x: ArrayLike, n: int) -> Windows:
    r"""Cuts a long sound into windows, each of which begins in the middle of the one before.

    Arguments:
        x: The waveform, with shape `(T,)` or `(T, channels)`.
        n: The samples of a window.

    Returns:
        The windows, with shape `(N, n)` or `(N, n, channels)`. Silence fills up the last.

    Raises:
        ValueError: If the sound is empty, or `n` less than two.

    Example:
        >>> cut([1.0, 2.0, 3.0, 4.0, 5.0], 4).tolist()
        [[1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 0.0]]
    """
    x = np.asarray(x)

    if n < 2 or x.ndim not in {1, 2} or x.size == 0:
        raise ValueError(
            f"expected a sound and windows of at least two samples, got shape {x.shape} and {n}."
        )

    length = len(x)
    starts = _starts(length, n)
    x = np.pad(x, [(0, starts[-1] + n - length), *[(0, 0)] * (x.ndim - 1)])

    windows = cast(Windows, np.stack([x[i : i + n] for i in starts]).view(Windows))
    windows.length = length

    return windows


def join(X: ArrayLike, length: int) -> NDArray:
    r"""Puts windows together, each faded into the next.

    .. math:: x_t = \frac{\sum_i w_{t - i h} \, X_{i, t - i h}}{\sum_i w_{t - i h}},
        \qquad w_s = \sin^2 \Big( \tfrac{\pi}{n} (s + \tfrac{1}{2}) \Big)

    Arguments:
        X: Windows as of :func:`cut`, with shape `(N, n)` or `(N, n, channels)`.
        length: The samples of the whole.

    Returns:
        The waveform, with shape `(length,)` or `(length, channels)`.

    Raises:
        ValueError: If there are not as many windows as this length has.

    Example:
        >>> x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
        >>> np.allclose(join(cut(x, 4), 5), x)
        True
    """
    X = np.asarray(X)
    n = X.shape[1]
    starts = _starts(length, n)

    if len(X) != len(starts):
        raise ValueError(f"expected {len(starts)} windows of {length} samples, got {len(X)}.")

    w = np.sin(np.pi / n * (np.arange(n) + 0.5)) ** 2
    w = w.reshape(-1, *[1] * (X.ndim - 2))
    total = np.zeros((starts[-1] + n, *X.shape[2:]))
    weight = np.zeros((starts[-1] + n, *w.shape[1:]))

    for i, window in zip(starts, X):
        total[i : i + n] += w * window
        weight[i : i + n] += w

    return (total / weight)[:length].astype(X.dtype)


def _starts(length: int, n: int) -> list[int]:
    hop = n // 2
    return [i * hop for i in range(max(1, -(-(length - n) // hop) + 1))]
