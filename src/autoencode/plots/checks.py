r"""Checks of arguments that the pictures share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ..common.arrays import tensor_to_numpy


def is_model(model_or_array: Any) -> bool:
    r"""Returns whether the argument is a model, and raises if that model is not fitted."""
    # A data frame has `transform`, too
    if not (hasattr(model_or_array, "fit") and hasattr(model_or_array, "transform")):
        return False

    check_is_fitted(model_or_array)
    return True


def array(X: Any) -> NDArray:
    r"""Returns examples or codes as a numeric array of at least two axes."""
    X = values(X)

    if X.dtype.kind not in "buif" or X.ndim < 2 or X.size == 0:
        raise ValueError(
            "expected numbers with shape (N, D), (N, H, W) or (N, H, W, C), got"
            f" {X.dtype} with shape {X.shape}. Read files first, for example with"
            " autoencode.data.read_array."
        )

    return X


def values(X: Any) -> NDArray:
    r"""Returns an array or a tensor as a numpy array."""
    return np.asarray(tensor_to_numpy(X))


def count(name: str, n: Any) -> int:
    r"""Returns the number of items to show, the value of an argument with this name."""
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool) or n < 1:
        raise ValueError(f"expected {name} as an integer >= 1, got {n!r}.")

    return int(n)
