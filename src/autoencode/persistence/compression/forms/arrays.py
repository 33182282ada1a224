r"""Arrays of numbers."""

__all__ = ["ArrayForm"]

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ....modalities import Modality
from .base import Form, pack, unpack

_MOST_AXES = 8


class ArrayForm(Form):
    r"""Arrays of numbers, with their type and byte order.

    Arguments:
        dtype: The type of the numbers.
        shape: The shape of one example.
    """

    suffixes = (".npy",)

    def __init__(self, dtype: np.dtype, shape: tuple[int, ...]) -> None:
        self.dtype = dtype
        self.shape = shape

    @classmethod
    def of(cls, X: NDArray) -> "ArrayForm":
        r"""Returns the form of an array."""
        return cls(X.dtype, X.shape[1:])

    @classmethod
    def read(cls, header: dict[str, Any]) -> "ArrayForm":
        dtype, shape = np.dtype(str(header["dtype"])), header["shape"]
        good = isinstance(shape, list) and all(type(n) is int and 0 < n < 2**32 for n in shape)

        if dtype.kind not in "biuf" or not good or len(shape) > _MOST_AXES:
            raise ValueError("its type or shape of arrays is invalid")

        return cls(dtype, tuple(shape))

    def header(self) -> dict[str, Any]:
        return {"form": "array", "dtype": self.dtype.str, "shape": [*self.shape]}

    def part(self, X: NDArray, first: int, last: int) -> NDArray:
        return np.asarray(X[first:last])

    def exceptions(self, X: NDArray, R: NDArray) -> bytes:
        kept, restored = (np.ascontiguousarray(A, self.dtype) for A in (X, self._cast(R)))
        size = self.dtype.itemsize
        a, b = (A.reshape(-1).view(np.uint8).reshape(-1, size) for A in (kept, restored))
        differ = np.flatnonzero((a != b).any(axis=1))  # to the bit, for NaN and minus zero
        positions = np.diff(differ, prepend=0).astype("<u4")

        return pack(positions.tobytes() + a[differ].tobytes()) if len(differ) else b""

    def corrected(self, R: NDArray, exceptions: bytes) -> NDArray:
        X = np.ascontiguousarray(self._cast(R))
        raw, each = unpack(exceptions), 4 + self.dtype.itemsize
        n = len(raw) // each

        if len(raw) != n * each:
            raise ValueError("its exceptions are cut off")

        positions = np.frombuffer(raw[: 4 * n], "<u4").astype(np.int64).cumsum()

        if n and positions[-1] >= X.size:
            raise ValueError("its exceptions lie outside of the array")

        X.reshape(-1)[positions] = np.frombuffer(raw[4 * n :], self.dtype)
        return X

    def joined(self, parts: list[NDArray], modality: Modality) -> NDArray:
        empty = np.zeros((0, *self.shape), self.dtype)
        return np.concatenate([empty, *parts]) if len(parts) != 1 else parts[0]

    def write_parts(self, path: Path, parts: Any, n: int, modality: Modality) -> None:
        X = open_memmap(path, "w+", self.dtype, (n, *self.shape))
        done = 0

        for part in parts:
            X[done : done + len(part)] = part
            done += len(part)

        X.flush()

    def _cast(self, R: NDArray) -> NDArray:
        if R.shape[1:] != self.shape:
            raise ValueError(f"its examples have shape {R.shape[1:]}, not {self.shape}")

        with np.errstate(all="ignore"):
            return R.astype(self.dtype, copy=False)
