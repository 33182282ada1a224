r"""Overlapping windows of long recordings and series, and whole recordings from windows."""

__all__ = [
    "Windows",
    "counts_of",
    "cut",
    "fade",
    "follow",
    "join",
    "overlap_of",
    "pool",
    "prepared",
    "spooled",
    "starts",
]

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data.cache import Spool, prepare


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
        return [len(starts(length, n, self.stride)) for length in _each(self.length)]


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


def spooled(waves: Iterable[NDArray], n: int) -> Windows:
    r"""Windows of sounds, in a file if there are many. Only one sound at a time is in memory.

    Arguments:
        waves: The waveforms, with shape `(T,)` or `(T, channels)`.
        n: The samples of a window.

    Raises:
        ValueError: If there is no sound.

    Example:
        >>> spooled(iter([np.zeros(5), np.zeros(3)]), 4).counts
        [2, 1]
    """
    spool, lengths = Spool(), []

    for wave in waves:
        lengths.append(len(wave))
        spool.append(np.asarray(cut(wave, n)))

    return Windows.of(spool.array(), tuple(lengths))


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


def prepared(
    key: Any,
    waves: Iterable[tuple[str, NDArray]],
    n: int,
    more: Callable[[], dict[str, Any]] = dict,
) -> tuple[Windows, dict[str, Any]]:
    r"""The windows of sounds, cut once and then read from the cache.

    Arguments:
        key: Everything on which the windows depend, as JSON values.
        waves: Yields names, and waveforms with shape `(T,)` or `(T, channels)`.
        n: The samples of a window.
        more: Returns further JSON values to keep; it is called after the last waveform.

    Returns:
        The windows, and the values that were kept, with the `names`.

    Raises:
        ValueError: If there is no sound, or if the cache cannot be written.
    """

    def make(place: Path) -> dict[str, Any]:
        names, lengths, total = [], [], 0
        rows = np.zeros((0, n), np.float32)

        with (place / "X").open("wb") as file:
            for name, wave in waves:
                rows = np.ascontiguousarray(cut(wave, n))
                file.write(rows.data)
                names.append(name)
                lengths.append(len(wave))
                total += len(rows)

        if not names:
            raise ValueError("expected at least one example, got none.")

        about = {"dtype": rows.dtype.str, "shape": [total, *rows.shape[1:]], "names": names}
        return about | {"lengths": lengths} | more()

    X, about, _ = prepare(key, make)
    return Windows.of(X, tuple(about["lengths"])), about


def counts_of(X: Any) -> list[int] | None:
    r"""The number of windows of each recording, or `None` for examples that are not windows.

    Arguments:
        X: The examples.

    Example:
        >>> counts_of(cut([np.zeros(5), np.zeros(3)], 4)), counts_of(np.zeros((3, 4)))
        ([2, 1], None)
    """
    some = isinstance(X, Windows) and X.length == 0  # a selection of windows
    return None if some else getattr(X, "counts", None)


def overlap_of(X: Any) -> int:
    r"""The maximum number of later windows that overlap with a window.

    Arguments:
        X: Windows, or examples that were read as windows.

    Example:
        >>> overlap_of(cut(np.zeros(50), 4)), overlap_of(cut(np.zeros(50), 5))
        (1, 2)
    """
    n = X.shape[1] if isinstance(X, Windows) else X.samples
    stride = getattr(X, "stride", None)

    # With a stride, the last window may be closer to the window before it
    return -(-n // (n // 2)) - 1 if stride is None else -(-n // stride)


def follow(y: Any, X: Any) -> Any:
    r"""Labels of windows: those of their recordings, unless `y` has a label for each window.

    Arguments:
        y: The labels, if there are any.
        X: The examples, which may be windows.

    Example:
        >>> follow(["a", "b"], cut([np.zeros(5), np.zeros(3)], 4)).tolist()
        ['a', 'a', 'b']
    """
    counts = counts_of(X)

    if y is None or counts is None or np.ndim(y) == 0 or len(y) != len(counts):
        return y

    return np.repeat(np.asarray(y), counts, axis=0)


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
        >>> x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
        >>> np.allclose(join(cut(x, 4), 5), x)
        True
        >>> [len(x) for x in join(cut([x, x[:3]], 4), [5, 3])]
        [5, 3]
    """
    X = np.asarray(X)
    lengths = _each(length)
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


def _are_several(x: Any) -> bool:
    r"""Tell whether `x` holds several waveforms, and not the numbers of one."""
    of_objects = isinstance(x, np.ndarray) and x.dtype == object
    listed = (isinstance(x, (list, tuple)) or of_objects) and len(x) > 0

    return listed and all(getattr(wave, "ndim", 0) > 0 for wave in x)


def _each(length: int | Sequence[int]) -> list[int]:
    return [int(length)] if isinstance(length, Integral) else [*cast(Sequence[int], length)]


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
