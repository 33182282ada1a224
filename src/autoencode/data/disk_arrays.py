r"""Arrays that stay in their files; only requested rows are read into memory.

A memory map is not enough: every page that it touches counts as resident memory, and rows in
random order are read one by one. Here, rows are read into buffers, and the system can prefetch
many of them at once. Threads would not help, as each read would wait for the interpreter, which
is busy training.
"""

__all__ = [
    "FileArray",
    "FileTensor",
    "chunks",
    "has_no_maps",
    "is_mapped",
    "mapped",
    "on_disk",
    "spread_rows",
]

import contextlib
import errno
import math
import mmap
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..common.arrays import evenly_spaced
from ..common.batching import data_limits


class FileArray:
    r"""Rows of a memory-mapped array, read from its file on request.

    Arguments:
        file: The descriptor of the file. It is closed when this object is deleted.
        offset: The position of the array in the file, in bytes.
        dtype: The type of the numbers.
        shape: The shape of the array, `(N, *)`.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/X.npy"
        >>> np.save(path, np.arange(6).reshape(3, 2))
        >>> rows = FileArray.of(np.load(path, mmap_mode="r"))
        >>> rows[np.array([2, 0])].tolist(), rows[:1].tolist()
        ([[4, 5], [0, 1]], [[0, 1]])
    """

    def __init__(self, file: int, offset: int, dtype: np.dtype, shape: tuple[int, ...]) -> None:
        self.file = file
        self.offset = offset
        self.dtype = dtype
        self.shape = shape
        self.row_bytes = dtype.itemsize * math.prod(shape[1:])

        weakref.finalize(self, os.close, file)

    @classmethod
    def of(cls, X: NDArray) -> "FileArray | None":
        r"""Returns the rows of an array in its file, or `None` if no file has the same numbers."""
        root = _mapping(X)

        # In copy-on-write mode, the file does not have the changes
        if root is None or root.mode == "c" or not X.flags.c_contiguous or X.size == 0:
            return None

        try:
            file = _open(root)
        except (OSError, TypeError):
            return None

        array = cls(file, root.offset + _address(X) - _address(root), X.dtype, X.shape)

        # The path may now name another file
        large_enough = os.fstat(file).st_size >= array.offset + X.nbytes
        ends = np.array([0, len(X) - 1])

        return array if large_enough and array[ends].tobytes() == X[ends].tobytes() else None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | NDArray) -> NDArray:
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self))
            X = np.empty((max(0, stop - start), *self.shape[1:]), self.dtype)
            _read(
                self.file, X.reshape(-1).view(np.uint8).data, self.offset + start * self.row_bytes
            )

            return X

        X = np.empty((len(rows), *self.shape[1:]), self.dtype)
        buffer, size = X.reshape(-1).view(np.uint8).data, self.row_bytes
        for i, offset in enumerate((rows * size + self.offset).tolist()):
            _read(self.file, buffer[i * size : (i + 1) * size], offset)

        return X

    def prefetch(self, rows: NDArray) -> None:
        r"""Asks the system to read rows before they are used."""
        if hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):  # some disks do not support such advice
                for offset in (np.sort(rows) * self.row_bytes + self.offset).tolist():
                    os.posix_fadvise(self.file, offset, self.row_bytes, os.POSIX_FADV_WILLNEED)


class FileTensor:
    r"""Stand-in for a tensor whose rows lie in a file.

    It supports what a data set needs of a tensor: slices and indices select rows, which are
    returned as tensors on its device.

    Arguments:
        rows: The rows in the file.
        like: A tensor on the memory map of the same rows. Returned rows have its layout.
        device: The device of the returned rows.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/X.npy"
        >>> np.save(path, np.arange(6).reshape(3, 2))
        >>> X = np.load(path, mmap_mode="r+")
        >>> x = FileTensor(FileArray.of(X), torch.from_numpy(X))
        >>> x[torch.tensor([2, 0])]
        tensor([[4, 5],
                [0, 1]])
    """

    def __init__(self, rows: FileArray, like: Tensor, device: torch.device | str = "cpu") -> None:
        self.rows = rows
        self.like = like
        self.device = torch.device(device)
        self.shape = like.shape
        self.dtype = like.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Tensor | slice) -> Tensor:
        X = self.rows[index.cpu().numpy() if isinstance(index, Tensor) else index]
        size = (len(X), *self.shape[1:])
        strides = (X[:1].size, *self.like.stride()[1:])

        return torch.from_numpy(X).as_strided(size, strides).to(self.device)

    def prefetch(self, index: Tensor) -> None:
        r"""Asks the system to read rows before they are used."""
        self.rows.prefetch(index.cpu().numpy())

    def split(self, size: int) -> Iterator[Tensor]:
        r"""Yields the rows in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def to(self, device: torch.device | str) -> "FileTensor":
        r"""Returns the same rows, for another device."""
        return FileTensor(self.rows, self.like, device)


def on_disk(x: Tensor, X: NDArray) -> Tensor:
    r"""A tensor on the memory of an array, or a file-backed tensor if the array is mapped.

    Arguments:
        x: A tensor with the rows of the array, in any layout.
        X: The array.

    Example:
        >>> X = np.zeros((3, 2))
        >>> x = torch.from_numpy(X)
        >>> on_disk(x, X) is x
        True
    """
    rows = FileArray.of(X)
    return x if rows is None else cast(Tensor, FileTensor(rows, x))


def chunks(X: NDArray, size: int | None = None) -> Iterator[NDArray]:
    r"""The rows of an array in order, in parts that fit in memory.

    Arguments:
        X: The array, with shape `(N, *)`.
        size: The number of rows in a part; by default as many as fit in 16 MB.

    Example:
        >>> [part.shape for part in chunks(np.zeros((3, 2**21)))]
        [(1, 2097152), (1, 2097152), (1, 2097152)]
    """
    row_bytes = max(1, X.dtype.itemsize * math.prod(X.shape[1:]))
    n = size or max(1, data_limits().block_bytes // row_bytes)
    rows = FileArray.of(X)

    for start in range(0, len(X), n):
        yield (X if rows is None else rows)[start : start + n]


def is_mapped(X: NDArray) -> bool:
    r"""Tell whether an array lies in a file that is mapped into memory.

    Example:
        >>> is_mapped(np.zeros(3))
        False
    """
    return _mapping(X) is not None


def spread_rows(X: NDArray, n: int) -> NDArray:
    r"""At most `n` rows of an array, evenly spaced.

    Arguments:
        X: The array, in memory or mapped into it, with shape `(N, *)`.
        n: The maximum number of rows.

    Example:
        >>> spread_rows(np.arange(10.0), 4)
        array([0., 3., 6., 9.])
    """
    if len(X) <= n:
        return X

    rows = FileArray.of(X) if isinstance(X, np.memmap) else None
    return (X if rows is None else rows)[evenly_spaced(len(X), n).numpy()]


_NO_MAPS = {errno.ENODEV, errno.ENOSYS, errno.EOPNOTSUPP}
_SEEK_LOCK = threading.Lock()


def mapped(file: Path | BinaryIO, dtype: Any) -> NDArray:
    r"""Map the numbers of a file into memory, or read them if the file system has no maps.

    Arguments:
        file: The file.
        dtype: The type of the numbers.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "X")
        >>> _ = path.write_bytes(bytes([1, 2, 3]))
        >>> mapped(path, np.uint8).tolist()
        [1, 2, 3]
    """
    try:
        return np.memmap(file, dtype, "r")
    except OSError as error:
        if not has_no_maps(error):
            raise

        if not isinstance(file, Path):
            file.seek(0)

        return np.fromfile(file, dtype)


def has_no_maps(error: OSError) -> bool:
    r"""Tell whether an error says that the file system does not support memory maps."""
    return error.errno in _NO_MAPS


def _open(root: np.memmap) -> int:
    r"""Returns a new descriptor of the file of a map, also if the file has no name."""
    if hasattr(root, "file"):
        return os.dup(root.file)

    return os.open(cast(str, root.filename), os.O_RDONLY | getattr(os, "O_BINARY", 0))


def _read(file: int, buffer: memoryview, offset: int) -> None:
    while len(buffer):
        n = _read_at(file, buffer, offset)

        if n == 0:
            raise OSError("a file of examples was truncated while it was read.")

        buffer, offset = buffer[n:], offset + n


def _read_at(file: int, buffer: memoryview, offset: int) -> int:
    r"""Reads bytes at a position of a file, and returns their number."""
    if hasattr(os, "preadv"):
        try:
            return os.preadv(file, [buffer], offset)
        except OSError as error:
            if error.errno not in {errno.ENOSYS, errno.EOPNOTSUPP}:
                raise

    with _SEEK_LOCK:  # all threads share the position of a file
        os.lseek(file, offset, os.SEEK_SET)
        part = os.read(file, len(buffer))

    buffer[: len(part)] = part
    return len(part)


def _mapping(X: NDArray) -> np.memmap | None:
    r"""Returns the memory map behind an array, if there is one."""
    base: object = X

    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap) and isinstance(base.base, mmap.mmap):
            return base

        base = base.base

    return None


def _address(X: NDArray) -> int:
    return X.__array_interface__["data"][0]
