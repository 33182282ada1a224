r"""Series from any input in memory."""

__all__ = ["collect"]

from typing import Any

import numpy as np
from torch import Tensor

from ...data import is_frame
from ..windows import Windows
from .lists import SeriesList, as_list, from_frame

_MAX_CHANNELS_LIKELY = 5  # series rarely have so few steps, and often have so few channels


def collect(X: Any, n_channels: int | None = None, **columns: Any) -> Any:
    r"""Series as an array with shape `(N, T)` or `(N, T, C)`, or as a list.

    Arguments:
        X: An array, a list of arrays, a data frame, or a result of this function.
        n_channels: The number of channels of the fit, if there was a fit.
        columns: The columns of a data frame, as for :func:`from_frame`.

    Raises:
        ValueError: If the data are not series, or have two plausible readings.

    Example:
        >>> collect([[1.0, 2.0, 3.0], [4.0, 5.0]])[1].tolist()
        [[4.0], [5.0]]
    """
    if isinstance(X, (Windows, SeriesList)):
        return X

    if not is_frame(X) and hasattr(X, "to_frame"):  # a pandas or polars column
        X = X.to_frame()

    if is_frame(X):
        return from_frame(X, **columns)

    if isinstance(X, Tensor):
        X = X.detach().cpu().numpy()

    if not isinstance(X, np.ndarray) or X.dtype == object:
        return as_list(X, n_channels)

    if X.ndim not in {2, 3} or X.size == 0 or X.dtype.kind not in "buif":
        raise ValueError(
            "expected series of numbers, as an array with shape (N, T) or (N, T, channels),"
            f" got shape {X.shape} and type {X.dtype}. Use X[None] for a single series."
        )

    if (
        X.ndim == 2
        and X.shape[1] < _MAX_CHANNELS_LIKELY
        and X.shape[0] > X.shape[1]
        and n_channels is None
    ):
        N, T = X.shape
        raise ValueError(
            f"an array with shape {X.shape} may be one series of {N:,} steps and {T}"
            f" channel{'s' * (T > 1)}, or {N:,} series of {T} step{'s' * (T > 1)}. Use X[None]"
            " for one series, X[..., None] for many."
        )

    return X
