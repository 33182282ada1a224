r"""Examples that come one by one: data sets of torch or Hugging Face, and any iterable."""

__all__ = ["is_stream", "read_stream", "stored_by_row"]

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from ..common.arrays import native_dtype, tensor_to_numpy
from .cache import Spool
from .disk_arrays import chunks, is_mapped

_EXAMPLE_KEYS = ("X", "x", "image", "img", "pixel_values", "data", "input")
_LABEL_KEYS = ("y", "label", "labels", "target")


def is_stream(X: object) -> bool:
    r"""Tell whether `X` yields examples one by one, and is neither an array nor a list.

    Example:
        >>> is_stream(iter([1.0])), is_stream([1.0]), is_stream(np.ones(1))
        (True, False, False)
    """
    if isinstance(X, (str, bytes, list, tuple, Mapping)):
        return False

    if any(hasattr(X, name) for name in ("__array__", "__dataframe__", "ndim")):
        return False

    return hasattr(X, "__iter__") or (hasattr(X, "__getitem__") and hasattr(X, "__len__"))


def read_stream(X: Any) -> tuple[NDArray, NDArray | None]:
    r"""Read examples into an array, in memory or, for large data, in a temporary file.

    All examples are read before training, which learns their scale and visits them in random
    order.

    Arguments:
        X: An iterable or indexable source of examples. Each example is an array, a tensor, an
            image of Pillow or a row of numbers; or a pair of one of these and a label; or a
            dictionary. Tensors of images in the layout of torch, with shape `(C, H, W)`, become
            `(H, W, C)`.

    Returns:
        The examples, and their labels if any.

    Raises:
        ValueError: If examples differ in shape or type.

    Example:
        >>> X, y = read_stream((np.full(2, i), "ab"[i]) for i in range(2))
        >>> X.tolist(), y.tolist()
        ([[0, 0], [1, 1]], ['a', 'b'])
    """
    if isinstance(X, DataLoader):
        raise ValueError("expected examples one by one, got a DataLoader: give its .dataset.")

    spool, labels, first = Spool(), [], None

    for i, item in enumerate(_items(X)):
        if isinstance(item, (str, os.PathLike)):
            raise ValueError(
                f"expected arrays, got the text or path {str(item)[:80]!r} as example {i}: give"
                " list(X), a list of texts or of files."
            )

        example, label = _parts(item)
        row = _array(example, i)
        first = row if first is None else first

        if row.shape != first.shape or not np.can_cast(row.dtype, first.dtype, "safe"):
            raise ValueError(
                "expected examples of one shape and type, got"
                f" {first.dtype} with shape {first.shape} at first, and {row.dtype} with shape"
                f" {row.shape} in number {i}. Convert them to one shape and type, for example in a"
                " generator."
            )

        spool.append(row.astype(first.dtype, copy=False)[None])
        labels.append(label.item() if isinstance(label, Tensor) and label.ndim == 0 else label)

    given = [label is not None for label in labels]

    if any(given) and not all(given):
        raise ValueError(f"expected a label for each example, got none for {given.index(False)}.")

    return spool.array(), np.array([np.asarray(y) for y in labels]) if any(given) else None


def stored_by_row(X: NDArray) -> NDArray:
    r"""A memory-mapped array stored row by row: the input, or a copy in a temporary file.

    Arrays that are stored by column, or in the byte order of other machines, are copied. The file
    is deleted with the array. Arrays in memory are returned unchanged.

    Example:
        >>> X = np.zeros((3, 2))
        >>> stored_by_row(X) is X
        True
    """
    dtype = native_dtype(X.dtype)

    if not is_mapped(X) or (X.flags.c_contiguous and X.dtype == dtype):
        return X

    spool = Spool()

    for part in chunks(X):
        spool.append(part.astype(dtype))

    return spool.array()


def _items(X: Any) -> Iterator[Any]:
    if hasattr(X, "with_format"):  # otherwise, Hugging Face converts numbers
        X = X.with_format("numpy")

    return iter(X) if hasattr(X, "__iter__") else (X[i] for i in range(len(X)))


def _parts(item: Any) -> tuple[Any, Any]:
    r"""Returns an example and its label, or `None`."""
    if isinstance(item, Mapping):
        label = next((item[name] for name in _LABEL_KEYS if name in item), None)
        rest = {name: value for name, value in item.items() if name not in _LABEL_KEYS}
        named = [name for name in _EXAMPLE_KEYS if name in rest] or [*rest][: len(rest) == 1]

        if named:
            return rest[named[0]], label

        if rest and all(np.ndim(value) == 0 for value in rest.values()):
            return [*rest.values()], label

        raise ValueError(
            f"expected an example under one of the names {_EXAMPLE_KEYS}, got {[*item]}. Give"
            " (item['NAME'] for item in data) with the name of the examples."
        )

    if isinstance(item, tuple) and item and np.ndim(item[0]) > 0:
        return item[0], item[1] if len(item) > 1 else None

    return item, None


def _array(example: Any, i: int) -> NDArray:
    if isinstance(example, Tensor):
        X = tensor_to_numpy(example.movedim(0, -1) if _channels_first(example) else example)
    else:
        X = np.asarray(example, dtype=float if isinstance(example, (list, tuple)) else None)

    if X.dtype.kind not in "buif" or X.ndim == 0:
        raise ValueError(
            f"expected an array of numbers for each example, got {type(example).__name__} with"
            f" shape {X.shape} in number {i}."
        )

    return X.astype(native_dtype(X.dtype), copy=False)


def _channels_first(tensor: Tensor) -> bool:
    return tensor.ndim == 3 and tensor.shape[0] in {1, 3, 4} and tensor.shape[-1] > 4
