r"""Reconstruction of long examples in parts."""

__all__ = ["map_blocks", "reconstruct_blocks"]

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..modalities.capabilities.scales import restore_mean
from ..modalities.windows import fade
from ..models.latent import LatentModel
from .codes import reconstruct_scaled

_NUMBERS_AT_ONCE = 2**20  # a minute at 16 kHz


def reconstruct_blocks(
    model: LatentModel, modality: Any, blocks: Iterable[NDArray], c: Tensor | None = None
) -> Iterator[NDArray]:
    r"""Yield parts of a long example, encoded and decoded.

    Arguments:
        model: The model.
        modality: The kind of data, after `fit`, which is `Streamed`.
        blocks: The parts of the example, each with shape `(T, *)`.
        c: Its context, with shape `(1, C)`.
    """

    def again(windows: NDArray) -> NDArray:
        x = modality.load(windows)
        some = None if c is None else c.expand(len(x), -1)
        r = reconstruct_scaled(model, modality, x, some)

        return restore_mean(modality, r).reshape(windows.shape)

    n = modality.samples_
    return map_blocks(blocks, again, n, max(1, _NUMBERS_AT_ONCE // n))


def map_blocks(
    blocks: Iterable[NDArray], function: Callable[[NDArray], NDArray], n: int, most: int
) -> Iterator[NDArray]:
    r"""Apply a function to the windows of a recording, and yield the joined result in parts.

    The parts together are `join(function(cut(x, n)), len(x))`. The memory does not depend on the
    length of the recording.

    Arguments:
        blocks: The parts of the recording, each with shape `(T, *)`.
        function: A function of windows with shape `(N, n, *)`, which keeps the shape.
        n: The samples of a window.
        most: The maximum number of windows in a call of the function.

    Raises:
        ValueError: If there is no sample.

    Example:
        >>> x = np.arange(10.0)
        >>> parts = map_blocks([x[:7], x[7:]], lambda windows: 2 * windows, n=4, most=2)
        >>> np.allclose(np.concatenate([*parts]), 2 * x)
        True
    """
    hop, joiner = n // 2, _Joiner(n)
    rest, length, ready = None, 0, 0

    for block in blocks:
        rest = block if rest is None else np.concatenate([rest, block])
        length += len(block)

        while (count := min(most, (len(rest) - n) // hop + 1)) > 0:
            windows = np.stack([rest[i * hop : i * hop + n] for i in range(count)])
            yield joiner.add(function(windows))
            rest, ready = rest[count * hop :], ready + count

    if rest is None or length == 0:
        raise ValueError("expected a recording of at least one sample, got none.")

    if ready == 0 or length > (ready - 1) * hop + n:  # silence fills up the last window
        last = np.zeros((1, n, *rest.shape[1:]), rest.dtype)
        last[0, : len(rest)] = rest
        part = joiner.add(function(last))
        yield part[: length - ready * hop]
        ready += 1

    yield joiner.rest()[: max(0, length - ready * hop)]


class _Joiner:
    r"""Join of windows that arrive in order, with the cross-fades of `join`."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.total: NDArray = np.zeros(0)
        self.weight = np.zeros(n)
        self.dtype: np.dtype = np.dtype(np.float32)

    def add(self, X: NDArray) -> NDArray:
        r"""Returns the samples that no later window changes."""
        if self.total.size == 0:
            self.total, self.dtype = np.zeros(X.shape[1:]), X.dtype

        hop, w, parts = self.n // 2, fade(self.n), []

        for window in X:
            self.total += _like(w, window) * window
            self.weight += w
            parts.append(self._faded()[:hop])
            self.total = np.concatenate([self.total[hop:], np.zeros_like(self.total[:hop])])
            self.weight = np.concatenate([self.weight[hop:], np.zeros(hop)])

        return np.concatenate(parts).astype(self.dtype)

    def rest(self) -> NDArray:
        r"""Returns the samples after those that were returned."""
        return self._faded().astype(self.dtype)

    def _faded(self) -> NDArray:
        weight = np.where(self.weight > 0, self.weight, 1)
        return self.total / _like(weight, self.total)


def _like(w: NDArray, x: NDArray) -> NDArray:
    return w.reshape(-1, *[1] * (x.ndim - 1))
