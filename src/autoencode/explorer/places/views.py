r"""Points and densities in a part of a map."""

__all__ = ["density", "in_view", "inside"]

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def in_view(places: NDArray, view: Sequence[float], limit: int) -> tuple[NDArray, int]:
    r"""Indices of the points in a view, and their number; of many, a reproducible sample.

    Arguments:
        places: The places of all points, with shape `(N, 2)`.
        view: The limits of the view: lowest and highest `x`, then those of `y`.
        limit: The maximum number of points.

    Example:
        >>> in_view(np.array([[0.0, 0.0], [2.0, 0.0]]), [-1, 1, -1, 1], 9)
        (array([0], dtype=uint32), 1)
    """
    x, y = places.T
    inside = (x >= view[0]) & (x <= view[1]) & (y >= view[2]) & (y <= view[3])
    rows = np.flatnonzero(inside).astype(np.uint32)
    total = len(rows)

    if total > limit:  # a hash of the index, so that points stay while the view moves
        order = np.argpartition((rows * np.uint32(2654435761)) & np.uint32(0xFFFFFFFF), limit)
        rows = np.sort(rows[order[:limit]])

    return rows, total


def density(places: NDArray, view: Sequence[float], width: int, height: int) -> NDArray:
    r"""Numbers of points in the cells of a grid, the row with the highest `y` first.

    Arguments:
        places: The places of all points, with shape `(N, 2)`.
        view: The limits of the grid, as for :func:`in_view`.
        width: The number of cells from left to right.
        height: The number of cells from top to bottom.

    Example:
        >>> density(np.array([[0.1, 0.9], [0.9, 0.9]]), [0, 1, 0, 1], 2, 2).tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """
    limits = [[view[2], view[3]], [view[0], view[1]]]
    counts, *_ = np.histogram2d(places[:, 1], places[:, 0], (height, width), limits)
    return counts[::-1].astype(np.float32)


def inside(places: NDArray, polygon: NDArray) -> NDArray[np.bool_]:
    r"""Tell which points lie inside a polygon.

    A ray from such a point to the right crosses the polygon an odd number of times.

    Arguments:
        places: The places, with shape `(N, 2)`.
        polygon: The corners in their order, with shape `(K, 2)`.

    Example:
        >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        >>> inside(np.array([[0.5, 0.5], [1.5, 0.5]]), square).tolist()
        [True, False]
    """
    found = np.zeros(len(places), bool)
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    near = np.flatnonzero(((places >= low) & (places <= high)).all(axis=1))
    x, y = places[near].T.astype(float)
    odd = np.zeros(len(near), bool)

    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0)):
        crosses = (y0 > y) != (y1 > y)
        slope = (x1 - x0) / (y1 - y0) if y1 != y0 else 0.0
        odd ^= crosses & (x < x0 + slope * (y - y0))

    found[near] = odd
    return found
