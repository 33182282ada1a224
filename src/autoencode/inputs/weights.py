r"""Weights of examples, checked and joined."""

__all__ = ["check_weights", "join_weights"]

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import is_frame
from ..modalities.windows import follow
from .labels import join_labels
from .loaded import Loaded


def check_weights(weights: Any, n: int) -> NDArray[np.float64]:
    r"""Weights of `n` examples, as numbers.

    Arguments:
        weights: The weights.
        n: The number of examples.

    Raises:
        TypeError: If the weights are not numbers.
        ValueError: If there is not one weight for each example, if a weight is negative or not
            finite, or if all are zero.

    See Also:
        :func:`join_weights`

    Example:
        >>> check_weights([1, 2], 2)
        array([1., 2.])
        >>> check_weights([1, -2], 2)
        Traceback (most recent call last):
        ValueError: expected sample_weight as finite numbers >= 0, got -2.0 in row 1...
    """
    w = np.asarray(weights)
    w = w[:, 0] if w.ndim == 2 and w.shape[1] == 1 else w

    if w.dtype.kind == "O":
        try:
            w = w.astype(float)
        except (TypeError, ValueError):
            pass

    if w.dtype.kind not in "biuf":
        raise TypeError(f"expected sample_weight as numbers >= 0, got {w.dtype}.")

    if w.shape != (n,):
        raise ValueError(
            f"expected sample_weight as one number for each of {n:,} examples, got shape"
            f" {w.shape}."
        )

    w = w.astype(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(w) & (w >= 0)))

    if len(wrong):
        raise ValueError(
            f"expected sample_weight as finite numbers >= 0, got {w[wrong[0]]} in row {wrong[0]}."
            " Give such examples the weight 0 to leave them out."
        )

    if not w.any():
        raise ValueError("expected a sample_weight > 0, got only zeros: no example is left.")

    return w


def join_weights(loaded: Loaded, weights: Any) -> Loaded:
    r"""Join weights to examples, in the same way as labels: by name if both have names.

    Examples of weight zero are left out.

    Arguments:
        loaded: The examples, with their labels and groups.
        weights: The weight of each example, in any form that labels may have.

    Raises:
        TypeError, ValueError: For the reasons of :func:`check_weights` and
            :func:`~autoencode.inputs.join_labels`.

    See Also:
        :func:`~autoencode.inputs.join_labels`

    Example:
        >>> join_weights(Loaded(np.eye(3)), [1, 0, 2]).weights.tolist()
        [1.0, 2.0]
    """
    if weights is None:
        return loaded

    places = join_labels(Loaded(np.arange(len(loaded.X)), None, loaded.names), weights)
    found = np.asarray(places.y, object) if is_frame(places.y) else places.y
    w = check_weights(follow(found, loaded.X), len(places.X))
    rows = places.X[w > 0].tolist()

    if len(rows) < len(loaded.X):
        loaded = loaded.select(rows)

    return loaded._replace(weights=w[w > 0])
