r"""Codes of all examples, in memory or in a file."""

__all__ = ["Codes"]

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...common.arrays import evenly_spaced, tensor_to_numpy
from ...data.disk_arrays import FileArray

MAX_BYTES_IN_MEMORY = 2**25
_BLOCK_BYTES = 2**20


class Codes:
    r"""Rows of numbers that are read in blocks; many rows lie in a temporary file.

    Example:
        >>> import torch
        >>> codes = Codes(iter([torch.zeros(2, 3), torch.ones(1, 3)]), 3)
        >>> codes[[2]].tolist(), codes.shape
        ([[1.0, 1.0, 1.0]], (3, 3))
    """

    def __init__(self, parts: Iterable[Tensor], n: int) -> None:
        rows = (tensor_to_numpy(part.float().flatten(start_dim=1)) for part in parts)
        first = next(rows)
        self.shape: tuple[int, int] = (n, first.shape[1])
        small = 4 * n * first.shape[1] <= MAX_BYTES_IN_MEMORY
        self._rows: Any = (_in_memory if small else _in_file)(chain([first], rows), self.shape)

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

    def mean(self, rows: NDArray) -> NDArray:
        r"""Returns the mean of some rows, in double precision."""
        chosen = np.zeros(len(self), bool)
        chosen[rows] = True
        sums = [
            z[chosen[start : start + len(z)]].sum(axis=0, dtype=float)
            for start, z in self.blocks()
        ]
        return np.sum(sums, axis=0) / len(rows)

    def distances(self, rows: NDArray, z: NDArray) -> NDArray:
        r"""Returns the distances of some rows, in ascending order, from a code."""
        chosen = np.zeros(len(self), bool)
        chosen[rows] = True
        parts = [block[chosen[start : start + len(block)]] for start, block in self.blocks()]
        return np.concatenate([np.linalg.norm(part - z, axis=1) for part in parts])

    def spread(self, n: int) -> NDArray:
        r"""Returns at most `n` rows, evenly spaced."""
        return self[evenly_spaced(len(self), n).numpy()]


def _in_memory(parts: Iterable[NDArray], shape: tuple[int, int]) -> NDArray:
    rows, start = np.empty(shape, np.float32), 0

    for part in parts:
        rows[start : start + len(part)] = part
        start += len(part)

    return rows


def _in_file(parts: Iterable[NDArray], shape: tuple[int, int]) -> FileArray:
    r"""Returns rows in a file that the system deletes at the end."""
    with tempfile.TemporaryFile() as file:
        for part in parts:
            file.write(part.astype(np.float32).tobytes())

        file.flush()
        # Pages of a memory map would count as memory
        return FileArray(os.dup(file.fileno()), 0, np.dtype(np.float32), shape)
