r"""The layout of an array as a kind of data."""

__all__ = ["check_layout"]

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .images import check_channels, check_columns, check_gray, check_labels
from .likeness import MIN_PHOTO_SIDE, likeness
from .waves import check_waves


def check_layout(X: Any, taken_for: str) -> str | None:
    r"""Refuse data whose layout can be read in two ways.

    Arguments:
        X: An array, or a list of arrays.
        taken_for: The name of the kind of data that the shape suggests.

    Returns:
        A short description of the data, if their kind was a guess.

    Raises:
        ValueError: If the data may be of another kind; the message gives a setting for each kind.

    Example:
        >>> check_layout(np.zeros((60, 28, 28), np.uint8), "Images")
        '60 gray images of 28 x 28'
        >>> check_layout(np.zeros((60, 12, 32, 32)), "Images")
        Traceback (most recent call last):
        ValueError: an array with shape (60, 12, 32, 32) may be 60 images of 32 x 32 with 12 ...
    """
    if taken_for == "Sounds":
        return check_waves([*X])

    if not isinstance(X, np.ndarray) or X.dtype.kind not in "buif" or 0 in X.shape:
        return None

    if taken_for == "Tables" and X.ndim == 2:
        return _check_single(X)

    if taken_for != "Images":
        return None

    if X.ndim == 3:
        return check_gray(X)

    N, H, W, C = X.shape
    check_channels(X)

    if C == 1:
        check_columns(X[..., 0], "[..., 0]")
        check_labels(X[..., 0])
        return f"{N:,} gray images of {H} x {W}"

    return f"{N:,} images of {H} x {W} with {C} channels"


def _check_single(X: NDArray) -> str:
    r"""Description of an array with two sizes as a table.

    Arguments:
        X: The array.

    Raises:
        ValueError: If the array is smooth in both directions, like a photograph.
    """
    table = f"a table of {len(X):,} rows and {X.shape[1]:,} columns"

    if X.dtype != np.uint8 or min(X.shape) < MIN_PHOTO_SIDE:
        return table

    x = X[:1024, :1024].astype(float)

    if x.var() > 0 and min(likeness(x, 0), likeness(x, 1)) > 0.8:
        raise ValueError(
            f"an array of bytes with shape {X.shape} that is smooth in both directions may be one"
            " gray photograph, or a table. Use X[None] for a photograph, or"
            " modality=ae.modalities.Tables() (command line: --modality Tables) for a table."
        )

    return table
