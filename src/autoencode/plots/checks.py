r"""What callers may give: a fitted model or an array, and how many to show."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted


def is_model(thing: Any) -> bool:
    r"""Whether it is a model, which must be fitted then."""
    if not hasattr(thing, "inverse_transform"):
        return False

    check_is_fitted(thing)
    return True


def array(X: Any) -> NDArray:
    r"""Returns examples or codes as an array of numbers."""
    X = values(X)

    if X.dtype.kind not in "buif" or X.ndim < 2 or X.size == 0:
        raise ValueError(
            "expected numbers, with shape (N, D), (N, H, W) or (N, H, W, C), got"
            f" {X.dtype} with shape {X.shape}. Read files first, with"
            " autoencode.data.read_array for example."
        )

    return X


def values(X: Any) -> NDArray:
    r"""Returns numbers of any shape, also those of a tensor, as an array."""
    return np.asarray(X.detach().cpu() if hasattr(X, "detach") else X)


def count(n: Any) -> int:
    r"""Returns how many to show."""
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool) or n < 1:
        raise ValueError(f"expected n as an integer >= 1, got {n!r}.")

    return int(n)
