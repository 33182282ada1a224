r"""Whole recordings from their windows, and codes of recordings from those of windows."""

__all__ = ["fade", "join", "pool"]

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .cutting import Windows, lengths_of, starts


def join(X: ArrayLike, length: int | Sequence[int], stride: int | None = None) -> Any:
    r"""Join windows to whole sounds, with cross-fades.

    .. math:: x_t = \frac{\sum_i w_{t - i h} \, X_{i, t - i h}}{\sum_i w_{t - i h}},
        \qquad w_s = \sin^2 \Big( \tfrac{\pi}{n} (s + \tfrac{1}{2}) \Big)

    Arguments:
        X: Windows as :func:`cut` returns them, with shape `(N, n)` or `(N, n, channels)`.
        length: The number of samples of the sound, or of each sound: `length` of the windows.
        stride: The number of samples from one window to the next: `stride` of the windows.

    Returns:
        The waveform, with shape `(length,)` or `(length, channels)`; or a list of them.

    Raises:
        ValueError: If the number of windows does not match the length.

    See Also:
        :func:`~autoencode.modalities.cut`

    Example:
        >>> from autoencode.modalities import cut
        >>> x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
        >>> np.allclose(join(cut(x, 4), 5), x)
        True
        >>> [len(x) for x in join(cut([x, x[:3]], 4), [5, 3])]
        [5, 3]
    """
    X = np.asarray(X)
    lengths = lengths_of(length)
    counts = [len(starts(length, X.shape[1], stride)) for length in lengths]

    if len(X) != sum(counts):
        several = f" in {len(lengths)} sounds" * (len(lengths) > 1)
        raise ValueError(
            f"expected {sum(counts)} windows of {sum(lengths)} samples{several}, got {len(X)}."
        )

    waves = [_faded(part, length, stride) for part, length in zip(_split(X, counts), lengths)]
    return waves[0] if isinstance(length, Integral) else waves


def fade(n: int) -> NDArray:
    r"""Weights of the samples of a window, as in :func:`join`.

    Arguments:
        n: The samples of a window.

    Example:
        >>> fade(3).round(2).tolist()
        [0.25, 1.0, 0.25]
    """
    return np.sin(np.pi / n * (np.arange(n) + 0.5)) ** 2


def pool(Z: ArrayLike, windows: Windows) -> NDArray:
    r"""The mean of the codes of the windows of each sound.

    .. math:: \bar{z} = \frac{1}{N} \sum_{i=1}^N z_i

    All windows of a sound have the same weight. If a sound has several windows, less than half of
    its last window is padding.

    Arguments:
        Z: The codes of the windows, or other numbers for each window, with shape `(N, *)`.
        windows: The windows, as :func:`cut` returned them.

    Returns:
        A row for each sound, with shape `(sounds, *)`.

    Raises:
        ValueError: If the windows did not come from :func:`cut`, or do not match the codes.

    See Also:
        :func:`~autoencode.modalities.cut`, :func:`~autoencode.modalities.join`

    Example:
        >>> from autoencode.modalities import cut
        >>> windows = cut([np.zeros(5), np.zeros(3)], 4)
        >>> pool([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], windows)
        array([[2., 3.],
               [5., 6.]])
    """
    Z = np.asarray(Z)

    if not isinstance(windows, Windows):
        raise ValueError(f"expected windows, as cut returns them, got {type(windows).__name__}.")

    counts = windows.counts

    if len(Z) != sum(counts):
        raise ValueError(f"expected a code for each of {sum(counts)} windows, got {len(Z)}.")

    # In double precision, because a recording of hours has many windows
    rows = np.stack([part.mean(axis=0, dtype=np.float64) for part in _split(Z, counts)])
    return rows.astype(np.result_type(Z, np.float32))


def _split(rows: NDArray, counts: Sequence[int]) -> list[NDArray]:
    return np.split(rows, np.cumsum(counts)[:-1])


def _faded(X: NDArray, length: int, stride: int | None) -> NDArray:
    r"""Returns one sound, joined from its windows."""
    n = X.shape[1]
    begins = starts(length, n, stride)
    w = fade(n)
    w = w.reshape(-1, *[1] * (X.ndim - 2))
    total = np.zeros((begins[-1] + n, *X.shape[2:]))
    weight = np.zeros((begins[-1] + n, *w.shape[1:]))

    for i, window in zip(begins, X):
        total[i : i + n] += w * window
        weight[i : i + n] += w

    return (total / weight)[:length].astype(X.dtype)
