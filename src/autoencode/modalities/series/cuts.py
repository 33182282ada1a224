r"""Windows of series. Steps beyond the end of a series are gaps."""

__all__ = ["choose_window", "choose_windows", "cut_series", "describe_lengths", "whole_series"]

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.batching import data_limits
from ...data.cache import Spool
from ...data.disk_arrays import FileArray
from ..windows import Windows, join, starts

_MAX_WHOLE_STEPS = 512  # steps; longer series are cut into windows
_WINDOW_STEPS = 128  # steps of a window of longer series


def choose_window(lengths: Sequence[int]) -> int:
    r"""The number of steps of an example: all steps of short series, 128 steps of longer series.

    Arguments:
        lengths: The number of steps of each series.

    Example:
        >>> choose_window([24, 24]), choose_window([100_000])
        (24, 128)
    """
    return max(lengths) if max(lengths) <= _MAX_WHOLE_STEPS else _WINDOW_STEPS


def choose_windows(
    lengths: Sequence[int], window: int | None = None, stride: int | None = None
) -> tuple[int, int]:
    r"""The number of steps in a window, and the number from one window to the next.

    Arguments:
        lengths: The number of steps of each series.
        window: The number of steps in a window, if it is given.
        stride: The number of steps from one window to the next; by default half a window.

    Raises:
        ValueError: If windows would leave out steps between them.

    Example:
        >>> choose_windows([100_000])
        (128, 64)
    """
    steps = window or choose_window(lengths)
    stride = stride or max(1, steps // 2)

    if stride > steps:
        raise ValueError(
            f"expected a stride of at most a window of {steps} steps, got"
            f" {stride}: the steps between windows would be left out."
        )

    return steps, stride


def describe_lengths(lengths: Sequence[int]) -> str:
    r"""The lengths of series in words.

    Arguments:
        lengths: The number of steps of each series.

    Example:
        >>> describe_lengths([5, 1000])
        '5 to 1,000'
    """
    low, high = min(lengths), max(lengths)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def cut_series(X: Sequence[NDArray] | NDArray, n: int, stride: int) -> Windows:
    r"""The windows of series. The last window of each series ends with the series.

    Arguments:
        X: Series with shape `(T, C)`, in a list or an array.
        n: The number of steps in a window.
        stride: The number of steps from one window to the next.

    Returns:
        The windows, with shape `(N, n, C)`. Series shorter than a window end in NaN. Many windows
        lie in a file.

    Example:
        >>> cut_series([np.arange(5.0)[:, None]], 3, 2)[..., 0].tolist()
        [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]]
    """
    lengths = tuple(map(len, X))

    if isinstance(X, np.ndarray) and X.shape[1] == n:  # each series is one window, without a copy
        return Windows.of(X, lengths, stride, X)

    types = {x.dtype for x in X}
    dtype = np.result_type(*types) if min(lengths) >= n else np.result_type(*types, np.float32)
    spool = Spool()  # windows that overlap take more room than the series

    for x in X:
        for block in _blocks(x, n, stride):
            spool.append(block.astype(dtype, copy=False))

    return Windows.of(spool.array(), lengths, stride, X)


def _blocks(x: NDArray, n: int, stride: int) -> Iterator[NDArray]:
    r"""Yields the windows of a series, with shape `(N, n, C)`, as many as fit in a block."""
    rows = FileArray.of(x)
    begins = starts(len(x), n, stride)
    size = max(1, data_limits().block_bytes // max(1, n * x[0].nbytes))

    for at in range(0, len(begins), size):
        part = begins[at : at + size]
        steps = (x if rows is None else rows)[part[0] : part[-1] + n]

        if len(steps) < n:  # the series is shorter than a window
            gap = np.full((n - len(steps), *x.shape[1:]), np.nan, np.result_type(x, np.float32))
            steps = np.concatenate([steps, gap])

        yield np.stack([steps[i - part[0] :][:n] for i in part])


def whole_series(R: NDArray, windows: Windows) -> list[NDArray]:
    r"""Joins windows to whole series, with cross-fades.

    Arguments:
        R: A version of each window, with shape `(N, n, C)` or `(N, n)`.
        windows: The original windows.

    Example:
        >>> windows = cut_series([np.arange(5.0)[:, None]], 3, 2)
        >>> whole_series(windows, windows)[0][:, 0].tolist()
        [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    lengths: Any = windows.length
    return join(np.asarray(R), lengths, windows.stride)
