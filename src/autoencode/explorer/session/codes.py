r"""Codes of all examples, in memory or in a file."""

__all__ = ["Codes"]

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...common.arrays import evenly_spaced, tensor_to_numpy
from ...data.disk_arrays import FileArray

MAX_BYTES_IN_MEMORY = 2**25
_BLOCK_BYTES = 2**22


class Codes:
    r"""Rows of numbers that are read in blocks; many rows lie in a temporary file.

    Example:
        >>> import torch
        >>> codes = Codes(iter([torch.zeros(2, 3), torch.ones(1, 3)]), 3)
        >>> codes[[2]].tolist(), codes.shape
        ([[1.0, 1.0, 1.0]], (3, 3))
    """

    def __init__(self, parts: Iterable[Tensor], n: int) -> None:
        self._rows: Any = None
        start = 0

        for part in parts:
            z = tensor_to_numpy(part.float().flatten(start_dim=1))

            if self._rows is None:
                target = _space((n, z.shape[1]))

            target[start : start + len(z)] = z
            start += len(z)
            self._rows = target

        self.shape: tuple[int, int] = self._rows.shape

        if isinstance(self._rows, np.memmap):
            self._rows.flush()
            self._rows = FileArray.of(self._rows)  # pages of a map would count as memory

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray:
        return self._rows[rows if isinstance(rows, slice) else np.asarray(rows, int)]

    def blocks(self) -> Iterator[tuple[int, NDArray]]:
        r"""Yields the rows in order, each block with the index of its first row."""
        n = max(1, _BLOCK_BYTES // (4 * self.shape[1]))

        for start in range(0, len(self), n):
            yield start, self[start : start + n]

    def map(self, function: Callable[[NDArray], NDArray]) -> NDArray:
        r"""Returns the results of a function of blocks, joined, as float32.

        Arguments:
            function: Maps codes with shape `(B, D)` to results with shape `(B, *)`.
        """
        return np.concatenate([function(z).astype(np.float32) for _, z in self.blocks()])

    def spread(self, n: int) -> NDArray:
        r"""Returns at most `n` rows, evenly spaced."""
        return self[evenly_spaced(len(self), n).numpy()]


def _space(shape: tuple[int, int]) -> NDArray:
    if 4 * shape[0] * shape[1] <= MAX_BYTES_IN_MEMORY:
        return np.empty(shape, np.float32)

    return np.memmap(tempfile.TemporaryFile(), np.float32, "w+", shape=shape)
