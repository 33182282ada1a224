r"""Conversion of users' arrays and frames: batches, rows, and results of the same type."""

__all__ = [
    "as_batch",
    "as_examples",
    "as_type_of",
    "check_no_missing",
    "duplicate_groups",
    "from_rows",
    "select_row",
    "select_rows",
]

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..common.arrays import tensor_to_numpy
from ..data import collect_lazy, is_frame, to_pandas
from .codec import Codec


def as_examples(X: Any) -> Any:
    r"""Returns examples as an array, or as a data frame of pandas.

    Sounds of different lengths become an array of objects. So do texts, because arrays of strings
    would lose zeros at the end. Data frames of any library become frames of pandas.

    Arguments:
        X: Examples: an array, a tensor, a table with names, or a list.

    Example:
        >>> as_examples([np.zeros(3), np.zeros(5)]).shape
        (2,)
    """
    X = collect_lazy(X)

    if is_frame(X):
        return to_pandas(X)

    if hasattr(X, "ndim"):
        return X

    if isinstance(X, (list, tuple)) and (
        any(isinstance(x, str) for x in X) or len({np.shape(x) for x in X}) > 1
    ):
        array = np.empty(len(X), dtype=object)
        array[:] = X
        return array

    return np.asarray(X)


def as_batch(X: Any, ndim: int) -> tuple[Any, bool]:
    r"""Examples as a batch, and whether the input was a single example.

    Arguments:
        X: The user's examples, or a single one.
        ndim: The number of dimensions of a batch.

    Example:
        >>> as_batch([1.0, 2.0], 2)
        (array([[1., 2.]]), True)
    """
    X = as_examples(X)

    if X.ndim >= ndim or (X.dtype == object and not hasattr(X, "to_frame")):
        return X, False

    if hasattr(X, "to_frame"):  # a row of a data frame
        return X.to_frame().T.infer_objects(), True

    return (X if isinstance(X, Tensor) else np.asarray(X))[None], True


def check_no_missing(X: Any) -> None:
    r"""
    Raises:
        ValueError: If numbers of an array are missing. The message names the remedy.

    Example:
        >>> check_no_missing([[0.0, 1.0]])
    """
    if is_frame(X) or isinstance(X, Tensor):
        return

    X = np.asarray(X)

    if X.dtype.kind == "f" and X.ndim == 2 and (n := int(np.isnan(X).sum())):
        raise ValueError(
            f"expected finite numbers, got {n} NaN in an array. If these are missing cells, pass a"
            " data frame, such as pandas.DataFrame(X): frames may have missing cells."
        )


def select_rows(X: Any, rows: NDArray | list[int]) -> Any:
    r"""Some of the examples of an array, a data frame or a list.

    Arguments:
        X: The examples.
        rows: The indices.

    Example:
        >>> select_rows(np.arange(3.0)[:, None], [0, 2])
        array([[0.],
               [2.]])
    """
    X = as_examples(X)
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def duplicate_groups(X: Any) -> NDArray:
    r"""Group number of each example. Copies share a group; groups are in order of appearance.

    Arguments:
        X: The examples. Missing cells (NaN) count as equal.

    Example:
        >>> duplicate_groups(np.array([[0.0, 1.0], [2.0, np.nan], [0.0, 1.0], [2.0, np.nan]]))
        array([0, 1, 0, 1])
    """
    groups: dict[Any, int] = {}
    X = as_examples(tensor_to_numpy(X))

    def key(x: Any) -> Any:
        x = np.asarray(x) if not isinstance(x, str) else x
        return x if isinstance(x, str) or x.dtype == object else (x.shape, x.tobytes())

    return np.array([groups.setdefault(_hashable(key(x)), len(groups)) for x in X], dtype=int)


def _hashable(key: Any) -> Any:
    return tuple(map(str, key.ravel())) if isinstance(key, np.ndarray) else key


def select_row(X: Any, i: int) -> Any:
    r"""One example; a data frame gives a frame of one row.

    Arguments:
        X: The examples.
        i: The index.

    Example:
        >>> select_row(np.arange(3.0)[:, None], 2)
        array([2.])
    """
    return X.iloc[[i]] if hasattr(X, "iloc") else X[i]


def as_type_of(X: Any, x: Tensor) -> Any:
    r"""Returns a tensor in the user's type: a tensor if `X` is one, otherwise an array.

    Arguments:
        X: The user's input.
        x: The tensor.

    Example:
        >>> as_type_of([0.0], torch.ones(3))
        array([1., 1., 1.], dtype=float32)
    """
    return x.to(X.device) if isinstance(X, Tensor) else tensor_to_numpy(x)


def from_rows(X: Any, codec: Codec, x: Tensor, *shape: int) -> Any:
    r"""Rows as examples in the user's type and units.

    Arguments:
        X: The user's input.
        codec: The codec of the model.
        x: The rows, with shape `(N, D)`.
        shape: The shape in which to arrange the examples; rows of a data frame stay in order.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> codec = as_codec((lambda x: x, lambda z: z))
        >>> from_rows(np.ones((1, 2)), codec, torch.zeros(6, 2), 3, 2).shape
        (3, 2, 2)
    """
    restored = codec.from_rows(x)

    if is_frame(restored):
        if is_frame(X) or hasattr(X, "to_frame"):  # a frame, or a row of a frame
            return restored

        restored = restored.to_numpy(float)  # a model of frames was given an array

    restored = restored.reshape(*shape, *restored.shape[1:])
    return torch.as_tensor(restored, device=X.device) if isinstance(X, Tensor) else restored
