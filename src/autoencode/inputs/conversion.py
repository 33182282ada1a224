r"""Conversion of tensors, masked arrays and lists to arrays of numbers."""

__all__ = ["from_other_array", "is_numeric", "tensors_to_numpy", "to_numbers", "without_masks"]

import contextlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..common.arrays import tensor_to_numpy
from ..data import is_frame, is_numbers
from ..data.tabular.libraries import needs_pandas
from ..modalities.array_layouts import check_type
from ..modalities.capabilities import NonNumeric, Tabular
from ..modalities.windows import Windows
from .modality_choice import ModalityChoice


def from_other_array(X: Any) -> Any:
    r"""Array of a library with the DLPack interface, or table of a reader; others unchanged.

    Arguments:
        X: The examples.

    Raises:
        ValueError: If it is on another device, or the examples are bytes or lists of words.

    Example:
        >>> from_other_array(b"digits.npy")
        Traceback (most recent call last):
        ...
        ValueError: expected examples, got bytes: give a path as text or pathlib.Path, ...
    """
    if isinstance(X, (bytes, bytearray)):
        raise ValueError(
            "expected examples, got bytes: give a path as text or pathlib.Path, or an array, such"
            " as np.frombuffer(X, dtype)."
        )

    if isinstance(X, (list, tuple)) and X:
        _check_words(X)

    if hasattr(X, "read_all") and hasattr(X, "schema"):  # a reader of batches of Arrow
        return X.read_all()

    known = isinstance(X, (Tensor, np.ndarray)) or hasattr(X, "__array__") or is_frame(X)

    if known or isinstance(X, type) or not hasattr(X, "__dlpack__"):
        return X

    try:
        return np.from_dlpack(X)
    except (BufferError, RuntimeError, ValueError, TypeError) as error:
        raise ValueError(
            f"cannot read an array of {type(X).__module__}.{type(X).__name__} ({error}): copy it"
            " to the memory of the processor, as an array of numpy."
        ) from None


def _check_words(X: Any) -> None:
    r"""Refuses lists of bytes, and lists of words in place of texts."""
    if isinstance(X[0], (bytes, bytearray)):
        raise ValueError(
            "expected texts or arrays, got bytes: use [x.decode() for x in X] for texts, or paths"
            " of files."
        )

    if isinstance(X[0], (list, tuple)) and any(isinstance(word, str) for word in X[0][:1]):
        raise ValueError(
            "expected texts or rows of numbers, got lists of words: use [' '.join(x) for x in X]"
            " for texts, or a data frame, pd.DataFrame(X), for rows of cells."
        )


def tensors_to_numpy(X: Any) -> Any:
    r"""List of tensors as a list of arrays; anything else unchanged.

    Example:
        >>> tensors_to_numpy([torch.ones(2)])
        [array([1., 1.], dtype=float32)]
    """
    if isinstance(X, (list, tuple)) and any(isinstance(x, Tensor) for x in X):
        return [tensor_to_numpy(x) for x in X]

    return X


def without_masks(X: Any, kinds: ModalityChoice) -> Any:
    r"""Masked array with NaN, or as a frame with missing cells for mixed tables.

    Arguments:
        X: The examples.
        kinds: As for :func:`~autoencode.inputs.read`.

    Example:
        >>> without_masks(np.ma.array([1, 2], mask=[False, True]), None)
        array([ 1., nan])
    """
    if not isinstance(X, np.ma.MaskedArray):
        return X

    if not np.ma.is_masked(X):
        return X.data

    if X.ndim == 2 and isinstance(kinds, NonNumeric) and isinstance(kinds, Tabular):
        needs_pandas()

        import pandas as pd

        cells = X.data.astype(object)
        cells[np.ma.getmaskarray(X)] = None

        return pd.DataFrame(cells).infer_objects()

    return np.where(np.ma.getmaskarray(X), np.nan, X.data.astype(float))


def is_numeric(X: Any) -> bool:
    r"""Tell whether examples are numbers, which are checked here instead of by their modality.

    Example:
        >>> is_numeric([[1, 2], [3, 4]]), is_numeric(["a text"])
        (True, False)
    """
    if isinstance(X, Tensor):
        return True

    if is_frame(X):
        return is_numbers(X)

    if isinstance(X, (list, tuple)) or getattr(X, "ndim", None) == 1:
        if any(isinstance(x, str) for x in X):
            return False

    if isinstance(X, np.ndarray) and X.dtype == object:
        return not any(isinstance(x, np.ndarray) for x in X.flat)

    try:
        np.asarray(X)
    except ValueError:  # lengths differ, which is an error only for rows
        return not any(isinstance(x, np.ndarray) for x in X)

    return True


def to_numbers(X: Any) -> NDArray:
    r"""Array of numbers with at least one example.

    Raises:
        ValueError: If there are no examples, or they are not numbers.

    Example:
        >>> to_numbers([[[1], [2]]]).shape
        (1, 2, 1)
    """
    X = X if isinstance(X, Windows) else np.asarray(X)  # windows keep their recordings
    check_type(X)

    if X.dtype == object:
        with contextlib.suppress(ValueError, TypeError):  # reported below
            X = X.astype(float)

    if X.dtype.kind not in "buif":
        raise ValueError(f"expected numbers, got an array of type {X.dtype}.")

    if len(X) == 0:
        raise ValueError(f"expected at least one example, got shape {X.shape}.")

    return X
