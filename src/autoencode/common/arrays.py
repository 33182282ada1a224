r"""Conversion of tensors to arrays and back, evenly spaced rows, and orders of many rows."""

__all__ = [
    "Permutation",
    "cast",
    "evenly_spaced",
    "native_dtype",
    "tensor_of",
    "tensor_to_numpy",
]

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .failures import ignored

_NUMPY_FLOATS = (torch.float16, torch.float32, torch.float64)  # floats that numpy also has

_ROUNDS = 6
_FACTORS = 0x2545F4914F6CDD1D, 0x1D8E4E27C47D124F  # odd, so that no bit is lost


def tensor_to_numpy(X: Any) -> Any:
    r"""A tensor as an array; anything else unchanged.

    Raises:
        ValueError: If the tensor is sparse or nested, or has no values.

    Example:
        >>> tensor_to_numpy(torch.ones(2, requires_grad=True))
        array([1., 1.], dtype=float32)
    """
    if not isinstance(X, Tensor):
        return X

    if X.is_meta:
        raise ValueError(f"expected examples, got a tensor without values, of shape {X.shape}.")

    if X.is_nested:
        raise ValueError("expected one array, got a nested tensor. Use [*X.unbind()] for a list.")

    if X.layout is not torch.strided:
        raise ValueError(f"expected a dense tensor, got {X.layout}. Use X.to_dense().")

    X = X.detach().cpu()
    X = X.dequantize() if X.is_quantized else X.resolve_conj().resolve_neg()
    narrow = X.is_floating_point() and X.dtype not in _NUMPY_FLOATS

    return (X.float() if narrow else X).numpy()


def tensor_of(X: NDArray) -> Tensor:
    r"""A tensor on the memory of an array, even if the memory is read-only.

    Arguments:
        X: The array, with any shape. It is copied only if torch does not support its type or
            strides, for example the byte order of another machine.

    Example:
        >>> X = np.arange(3)
        >>> tensor_of(X).data_ptr() == X.ctypes.data
        True
    """
    X = np.asarray(X, dtype=native_dtype(X.dtype))
    X = X if min(X.strides, default=0) >= 0 else X.copy()

    with ignored("The given NumPy array is not writable"):  # the library never writes to data
        return torch.from_numpy(X)


def native_dtype(dtype: np.dtype) -> np.dtype:
    r"""The dtype that torch supports for the numbers of another dtype.

    Example:
        >>> native_dtype(np.dtype(">f4"))
        dtype('float32')
    """
    extended = dtype.kind == "f" and dtype.itemsize > 8
    return np.dtype(float) if extended else dtype.newbyteorder("=")


def cast(X: NDArray, dtype: str) -> NDArray:
    r"""Returns floats as another type. Integers are rounded, and clipped to the range of the type.

    Arguments:
        X: The numbers, with any shape.
        dtype: The name of the type: floats, integers or `"bool"`.

    Example:
        >>> cast(np.array([-3.0, 1.7, 300.0]), "uint8")
        array([  0,   2, 255], dtype=uint8)
    """
    kind = np.dtype(dtype).kind

    if kind == "f":
        return X.astype(dtype)

    if kind == "b":
        return X > 0.5

    low, high = float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)

    if high > np.iinfo(dtype).max:  # the limit of 64-bit integers is not a float64
        high = np.nextafter(high, 0)

    X = np.rint(X)
    return np.clip(X, low, high, out=X).astype(dtype)


def evenly_spaced(n_rows: int, n: int) -> Tensor:
    r"""Indices of at most `n` rows, evenly spaced, with the first and the last row among them.

    Arguments:
        n_rows: The number of all rows.
        n: The maximum number of indices.

    Example:
        >>> evenly_spaced(10, 4), evenly_spaced(3, 4)
        (tensor([0, 3, 6, 9]), tensor([0, 1, 2]))
    """
    n = min(n_rows, n)
    return torch.arange(n) * (n_rows - 1) // max(1, n - 1)  # of integers, so nothing is rounded


class Permutation:
    r"""Pseudorandom order of numbers, of which any part is computed alone, without memory.

    The bits of a number are split into two halves, :math:`L` and :math:`R`. Each round of a
    Feistel network maps :math:`(L, R)` to :math:`(R, L \oplus f_k(R))`, which can be undone, so
    that no two numbers have the same image. Numbers beyond the last are mapped again until they
    are within.

    References:
        | How to Construct Pseudorandom Permutations from Pseudorandom Functions
          (Luby & Rackoff, 1988)
        | https://doi.org/10.1137/0217022

        | Ciphers with Arbitrary Finite Domains (Black & Rogaway, 2002), for the repetition
        | https://doi.org/10.1007/3-540-45760-7_9

    Arguments:
        n: The count of numbers, from zero.
        seed: The seed of the order.
        start: The first place of the part that this object stands for.
        stop: The place after its last; by default `n`.

    Example:
        >>> order = Permutation(6, seed=0)
        >>> order[:].sort().values
        tensor([0, 1, 2, 3, 4, 5])
        >>> torch.equal(order.part(2, 6)[1:3], order[3:5])
        True
    """

    def __init__(self, n: int, seed: int, start: int = 0, stop: int | None = None) -> None:
        self.n = n
        self.seed = seed
        self.start = start
        self.stop = n if stop is None else stop
        self.half = max(1, -(-max(1, n - 1).bit_length() // 2))

        generator = torch.Generator().manual_seed(seed)
        self.keys = torch.randint(2**62, (_ROUNDS,), generator=generator).tolist()

    def __len__(self) -> int:
        return self.stop - self.start

    def __repr__(self) -> str:
        return f"Permutation({self.n}, {self.seed}, {self.start}, {self.stop})"

    def __getitem__(self, index: Tensor | slice | int) -> Tensor:
        if isinstance(index, slice):
            index = torch.arange(*index.indices(len(self)))

        index = torch.as_tensor(index)
        x = self._mixed(index.cpu().flatten() + self.start)

        while (outside := x >= self.n).any():
            x[outside] = self._mixed(x[outside])

        return x.reshape(index.shape)

    def part(self, start: int, stop: int) -> "Permutation":
        r"""Returns the part of the order from one place to before another."""
        return Permutation(self.n, self.seed, self.start + start, self.start + stop)

    def to(self, device: torch.device | str) -> "Permutation":
        r"""Returns the order itself, which is computed on the processor."""
        return self

    def _mixed(self, x: Tensor) -> Tensor:
        mask = (1 << self.half) - 1
        left, right = x >> self.half, x & mask

        for key in self.keys:
            h = (right ^ key) * _FACTORS[0]
            h = (h ^ (h >> 29)) * _FACTORS[1]
            left, right = right, left ^ ((h ^ (h >> 32)) & mask)

        return (left << self.half) | right
