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

from ..data import collect_lazy, is_frame, to_pandas
from .codec import Codec


def as_examples(X: Any) -> Any:
    r"""Returns examples as an array with dimensions.

    Sounds of different lengths are an array of objects, and so are texts, of which other arrays
    would lose what ends in zeros. Data frames of any library are frames of pandas.

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
    r"""Examples as a batch, and whether there was but a single one.

    Arguments:
        X: Examples as the user's are, or one.
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
        ValueError: If numbers of an array are missing, with what can be done.

    Example:
        >>> check_no_missing([[0.0, 1.0]])
    """
    if is_frame(X) or isinstance(X, Tensor):
        return

    X = np.asarray(X)

    if X.dtype.kind == "f" and X.ndim == 2 and (n := int(np.isnan(X).sum())):
        raise ValueError(
            f"expected finite numbers, got {n} NaN in an array. If these are missing cells, pass a"
            " data frame, as pandas.DataFrame(X): of frames, cells may be missing."
        )


def select_rows(X: Any, rows: NDArray | list[int]) -> Any:
    r"""Some examples, also of a table with names or of a list.

    Arguments:
        X: The examples.
        rows: Which.

    Example:
        >>> select_rows(np.arange(3.0)[:, None], [0, 2])
        array([[0.],
               [2.]])
    """
    X = as_examples(X)
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def duplicate_groups(X: Any) -> NDArray:
    r"""The number of each example's group: copies share one, in the order of the first of them.

    Arguments:
        X: The examples. Missing cells, as NaN, are the same as each other.

    Example:
        >>> duplicate_groups(np.array([[0.0, 1.0], [2.0, np.nan], [0.0, 1.0], [2.0, np.nan]]))
        array([0, 1, 0, 1])
    """
    groups: dict[Any, int] = {}
    X = X.cpu().numpy() if isinstance(X, Tensor) else as_examples(X)

    def key(x: Any) -> Any:
        x = np.asarray(x) if not isinstance(x, str) else x
        return x if isinstance(x, str) or x.dtype == object else (x.shape, x.tobytes())

    return np.array([groups.setdefault(_hashable(key(x)), len(groups)) for x in X], dtype=int)


def _hashable(key: Any) -> Any:
    return tuple(map(str, key.ravel())) if isinstance(key, np.ndarray) else key


def select_row(X: Any, i: int) -> Any:
    r"""An example; of a table with names as a table of one row.

    Arguments:
        X: The examples.
        i: Which.

    Example:
        >>> select_row(np.arange(3.0)[:, None], 2)
        array([2.])
    """
    return X.iloc[[i]] if hasattr(X, "iloc") else X[i]


def as_type_of(X: Any, x: Tensor) -> Any:
    r"""Returns a tensor as what the user works with: a tensor if `X` is one, or else an array.

    Arguments:
        X: What the user has given.
        x: The tensor.

    Example:
        >>> as_type_of([0.0], torch.ones(3))
        array([1., 1., 1.], dtype=float32)
    """
    return x.to(X.device) if isinstance(X, Tensor) else x.detach().cpu().numpy()


def from_rows(X: Any, codec: Codec, x: Tensor, *shape: int) -> Any:
    r"""Rows as examples like the user's, of the same type.

    Arguments:
        X: What the user has given.
        codec: The codec of the model.
        x: The rows, with shape `(N, D)`.
        shape: In which to arrange the examples. Rows of a data frame stay one after the other.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> codec = as_codec((lambda x: x, lambda z: z))
        >>> from_rows(np.ones((1, 2)), codec, torch.zeros(6, 2), 3, 2).shape
        (3, 2, 2)
    """
    restored = codec.from_rows(x)

    if is_frame(restored):
        if is_frame(X) or hasattr(X, "to_frame"):  # or a row of one
            return restored

        restored = restored.to_numpy(float)  # of a model of frames of numbers, shown an array

    restored = restored.reshape(*shape, *restored.shape[1:])
    return torch.as_tensor(restored, device=X.device) if isinstance(X, Tensor) else restored
