r"""Long recordings and series, cut into overlapping windows."""

__all__ = ["Windows", "cut", "starts"]

from collections.abc import Sequence
from numbers import Integral
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Windows(np.ndarray):
    r"""Windows of all recordings in order, with shape `(N, n)` or `(N, n, channels)`.

    Example:
        >>> cut(np.zeros(5), 4).length
        5
        >>> cut([np.zeros(5), np.zeros(3)], 4).counts
        [2, 1]
    """

    length: int | tuple[int, ...] = 0
    r"""The number of samples of the recording, or of each one in a list; zero for a selection."""

    stride: int | None = None
    r"""The number of samples from one window to the next; the last window ends with the recording.
    `None` stands for half a window, with a last window that is padded."""

    origin: Any = None
    r"""The source of the windows, if it is known."""

    @classmethod
    def of(
        cls,
        X: NDArray,
        length: int | tuple[int, ...],
        stride: int | None = None,
        origin: Any = None,
    ) -> "Windows":
        r"""Returns rows as the windows of recordings with given lengths, without a copy."""
        windows = cast(Windows, X.view(cls))
        windows.length, windows.stride, windows.origin = length, stride, origin

        return windows

    @property
    def counts(self) -> list[int]:
        r"""Number of windows of each sound.

        Raises:
            ValueError: If these are not all of the windows that :func:`cut` returned.
        """
        if self.length == 0:
            raise ValueError(
                "expected all windows that cut returned, got a selection or a changed array with"
                f" shape {self.shape}. Keep the array that cut returned."
            )

        n = self.shape[1]
        return [len(starts(length, n, self.stride)) for length in lengths_of(self.length)]


def cut(x: ArrayLike | Sequence[ArrayLike], n: int) -> Windows:
    r"""Cut long sounds into windows. Each begins in the middle of the window before it.

    Arguments:
        x: The waveform, with shape `(T,)` or `(T, channels)`; or a list of such arrays, of
            different lengths.
        n: The number of samples in a window.

    Returns:
        The windows, with shape `(N, n)` or `(N, n, channels)`. The last window of each sound is
        padded with silence.

    Raises:
        ValueError: If a sound is empty or has other channels than the first, or if `n` is less
            than two.

    See Also:
        :func:`~autoencode.modalities.join`, :func:`~autoencode.modalities.pool`

    Example:
        >>> cut([1.0, 2.0, 3.0, 4.0, 5.0], 4).tolist()
        [[1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 0.0]]
        >>> cut([np.ones(5), np.ones(2)], 4).tolist()
        [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]]
    """
    several = _are_several(x)
    waves = [np.asarray(wave) for wave in (cast(Sequence[ArrayLike], x) if several else [x])]

    for i, wave in enumerate(waves):
        where = f" for sound {i}" * several

        if n < 2 or wave.ndim not in {1, 2} or wave.size == 0:
            raise ValueError(
                "expected a sound and windows of at least two samples, got shape"
                f" {wave.shape} and {n}{where}."
            )

        if wave.shape[1:] != waves[0].shape[1:]:
            raise ValueError(
                f"expected sounds with as many channels as the first, of shape {waves[0].shape},"
                f" got shape {wave.shape}{where}. Mix them down, for example by x.mean(axis=1)."
            )

    parts = [wave[i : i + n] for wave in waves for i in starts(len(wave), n)]
    dtype = np.result_type(*{wave.dtype for wave in waves})
    X = np.zeros((len(parts), n, *waves[0].shape[1:]), dtype)

    for window, part in zip(X, parts):
        window[: len(part)] = part

    return Windows.of(X, tuple(map(len, waves)) if several else len(waves[0]))


def starts(length: int, n: int, stride: int | None = None) -> list[int]:
    r"""The first samples of the windows of a recording.

    Arguments:
        length: The number of samples of the recording.
        n: The number of samples in a window.
        stride: As for :func:`join`.

    Example:
        >>> starts(10, 4), starts(11, 4), starts(11, 4, 3)
        ([0, 2, 4, 6], [0, 2, 4, 6, 8], [0, 3, 6, 7])
    """
    if stride is None:
        hop = n // 2
        return [i * hop for i in range(max(1, -(-(length - n) // hop) + 1))]

    last = max(0, length - n)
    return [*range(0, last, stride), last]


def lengths_of(length: int | Sequence[int]) -> list[int]:
    r"""Lengths of one recording, or of several, as a list."""
    return [int(length)] if isinstance(length, Integral) else [*cast(Sequence[int], length)]


def _are_several(x: Any) -> bool:
    r"""Tell whether `x` holds several waveforms, and not the numbers of one."""
    of_objects = isinstance(x, np.ndarray) and x.dtype == object
    listed = (isinstance(x, (list, tuple)) or of_objects) and len(x) > 0

    return listed and all(getattr(wave, "ndim", 0) > 0 for wave in x)
