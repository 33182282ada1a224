r"""Neighbor graph of codes."""

__all__ = ["graph"]

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ..checks import values
from ..style import COLORS, NUMBERS, RULE, SOFT, canvas, tidy, tidy_bar
from .codes import project

_MAX_EDGES = 20_000


def graph(
    graph_or_Z: Any,
    color: ArrayLike | None = None,
    label: str = "",
    indices: ArrayLike | None = None,
    limits: tuple[float, float] | None = None,
) -> Figure:
    r"""Scatter plot of codes with the edges of their neighbor graph.

    Colors show a number for each edge, such as the largest principal angle between the tangent
    planes at its ends, or a number for each point, such as its density or local dimension.
    Codes with more than two dimensions are projected onto their first two principal components.

    Arguments:
        graph_or_Z: A fitted :class:`~autoencode.manifold.NeighborGraph`; or codes, with shape
            `(N, d)`.
        color: A number for each point, with shape `(N,)`, or for each edge, with shape `(N, k)`.
        label: The label of the color bar.
        indices: The neighbors of each code, with shape `(N, k)`, if the first argument is an array
            of codes.
        limits: The range of the colors; by default from the smallest number to the largest.

    Raises:
        ValueError: If codes come without `indices`, or `color` has another shape.

    See Also:
        :class:`~autoencode.manifold.NeighborGraph`, :func:`~autoencode.plots.codes`

    Example:
        >>> from autoencode.manifold import NeighborGraph
        >>> Z = np.random.default_rng(0).normal(size=(50, 3))
        >>> neighbors = NeighborGraph(n_neighbors=4).fit(Z)
        >>> figure = graph(neighbors, neighbors.distances_, "distance")
        >>> len(figure.axes[0].collections[0].get_segments())
        200
    """
    if hasattr(graph_or_Z, "points_"):
        Z, j, kept = values(graph_or_Z.points_), values(graph_or_Z.indices_), graph_or_Z.edge_mask_
    elif indices is not None:
        Z, j = values(graph_or_Z), values(indices)
        kept = np.full(j.shape, True)
    else:
        raise ValueError("expected a fitted NeighborGraph, or codes with indices=.")

    colors = None if color is None else values(color)

    if colors is not None and colors.shape not in {j.shape, j.shape[:1]}:
        raise ValueError(
            f"expected a color for each point, with shape {j.shape[:1]}, or for each edge, with"
            f" shape {j.shape}, got {colors.shape}."
        )

    P, names = project(Z)
    i, at = kept.nonzero()
    step = -(-len(i) // _MAX_EDGES)
    i, at = i[::step], at[::step]
    edges = P[np.stack([i, j[i, at]], axis=1)]

    figure = canvas(5.6)
    ax = tidy(figure.add_subplot(), "", *names)
    ax.set_aspect("equal", adjustable="datalim")
    size = float(np.clip(6000 / len(P), 1.5, 16))
    style: dict[str, Any] = {"s": size, "linewidths": 0, "zorder": 2}
    width = float(np.clip(2000 / len(edges), 0.25, 1.0))

    colored: Any

    if colors is None or colors.ndim == 1:
        ax.add_collection(LineCollection(list(edges), colors=RULE, lw=width, zorder=1))
        colored = ax.scatter(P[:, 0], P[:, 1], **_point_style(colors), **style)
    else:
        # The largest numbers are drawn on top
        order = colors[i, at].argsort(kind="stable")
        colored = LineCollection(list(edges[order]), cmap=NUMBERS, lw=2 * width, zorder=1)
        colored.set_array(colors[i, at][order])
        ax.add_collection(colored)
        ax.scatter(P[:, 0], P[:, 1], c=SOFT, alpha=0.5, **style | {"s": size / 3})

    if colors is not None:
        colored.set_clim(*(limits or (None, None)))
        bar = figure.colorbar(colored, ax=ax, shrink=0.6, aspect=30, pad=0.02)
        tidy_bar(bar).set_ylabel(label, fontsize=8, color=SOFT)

    return figure


def _point_style(colors: NDArray | None) -> dict[str, Any]:
    return {"c": COLORS[0]} if colors is None else {"c": colors, "cmap": NUMBERS}
