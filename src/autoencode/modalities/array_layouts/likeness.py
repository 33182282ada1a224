r"""Measures of how much an array looks like images."""

__all__ = [
    "MIN_PHOTO_SIDE",
    "MIN_SIDE",
    "has_jumps",
    "likeness",
    "planes_are_alike",
    "sample",
    "some_rows",
]

import numpy as np
from numpy.typing import NDArray

from ...common.arrays import evenly_spaced

MIN_SIDE = 5  # pixels; sides of images are rarely shorter, axes of channels rarely longer
MIN_PHOTO_SIDE = 16  # pixels; an array with shorter sides is hardly a single photograph
_MAX_EXAMPLES = 256
_MAX_JUMP, _MAX_LEAP = 0.8, 1.5  # changes of spread and of mean between neighboring columns


def likeness(x: NDArray, axis: int) -> float:
    r"""Likeness of neighbors, :math:`1 - E[(x_{i+1} - x_i)^2] / 2 V[x]`.

    Arguments:
        x: The numbers, not all the same.
        axis: The axis of the neighbors.

    Example:
        >>> likeness(np.arange(12.0).reshape(1, 12), 1) > 0.9
        True
    """
    return 1 - float(np.square(np.diff(x, axis=axis)).mean() / (2 * x.var()))


def has_jumps(x: NDArray) -> bool:
    r"""Tell whether the spread or mean of neighboring columns differs too much for an image.

    Arguments:
        x: Examples with shape `(N, H, W)`.

    Example:
        >>> has_jumps(np.array([[[0.0, 100.0], [1.0, 200.0]]]))
        True
    """
    spread, mean = x.std(axis=(0, 1)), x.mean(axis=(0, 1))
    jump = np.abs(np.diff(spread)).max() / spread.max() if spread.max() > 0 else np.inf

    return bool(jump > _MAX_JUMP or np.abs(np.diff(mean)).max() > _MAX_LEAP * x.std())


def planes_are_alike(X: NDArray) -> bool:
    r"""Tell whether all planes are correlated with the first, like the channels of a photograph.

    Arguments:
        X: The planes, with shape `(N, H, W)`.

    Example:
        >>> planes_are_alike(np.stack([np.eye(3), 2 * np.eye(3)]))
        True
    """
    x = X.reshape(len(X), -1).astype(float)
    x = x - x.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(x, axis=1)

    if not (norm > 0).all():
        return False

    return bool((x[1:] @ x[0] / (norm[1:] * norm[0])).min() > 0.6)


def some_rows(n: int) -> NDArray:
    r"""Indices of a few hundred rows, evenly spread.

    Arguments:
        n: The number of rows.

    Example:
        >>> some_rows(3).tolist()
        [0, 1, 2]
    """
    return evenly_spaced(n, _MAX_EXAMPLES).numpy()


def sample(X: NDArray) -> NDArray:
    r"""A few hundred examples in double precision.

    Arguments:
        X: The examples.
    """
    return np.asarray(X[some_rows(len(X))], dtype=float)
