r"""Conversion of tensors to arrays and back, and evenly spaced rows of both."""

__all__ = ["cast", "evenly_spaced", "native_dtype", "tensor_of", "tensor_to_numpy"]

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .failures import ignored

_NUMPY_FLOATS = (torch.float16, torch.float32, torch.float64)  # floats that numpy also has


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
