r"""The graph of neighbors, on the map of the codes."""

__all__ = ["graph"]

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from .checks import values
from .codes import project
from .style import COLORS, NUMBERS, RULE, SOFT, canvas, tidy, tidy_bar

_ARCS = 20_000  # that are drawn of many


def graph(
    graph_or_Z: Any,
    color: ArrayLike | None = None,
    name: str = "",
    indices: ArrayLike | None = None,
    limits: tuple[float, float] | None = None,
) -> Figure:
    r"""The map of the codes, with the arcs of the graph of their neighbors.

    The color can be any number for each arc, such as the angle by which the manifold turns
    along it (`Tangents.reach`), or for each point, such as its density or local dimension.
    Codes of more than two numbers are projected on their first two principal components.

    Arguments:
        graph_or_Z: A fitted :class:`~autoencode.manifold.NeighborGraph`; or codes, with shape
            `(N, d)`.
        color: A number for each point, with shape `(N,)`, or for each arc, with shape `(N, k)`.
        name: What the numbers are, to be written beside the colors.
        indices: The neighbors of each code, with shape `(N, k)`, if these are no graph.
        limits: Between which numbers the colors go; by default from the least to the largest.

    Raises:
        ValueError: If there are codes without `indices`, or `color` is of another shape.

    Example:
        >>> from autoencode.manifold import NeighborGraph
        >>> Z = np.random.default_rng(0).normal(size=(50, 3))
        >>> neighbors = NeighborGraph(n_neighbors=4).fit(Z)
        >>> figure = graph(neighbors, neighbors.distances_, "distance")
        >>> len(figure.axes[0].collections[0].get_segments())
        200
    """
    if hasattr(graph_or_Z, "points_"):
        Z, j, kept = values(graph_or_Z.points_), values(graph_or_Z.indices_), graph_or_Z.kept_
    elif indices is not None:
        Z, j = values(graph_or_Z), values(indices)
        kept = np.full(j.shape, True)
    else:
        raise ValueError("expected a fitted NeighborGraph, or codes and their indices=.")

    shades = None if color is None else values(color)

    if shades is not None and shades.shape not in {j.shape, j.shape[:1]}:
        raise ValueError(
            f"expected a color for each point, with shape {j.shape[:1]}, or for each arc, with"
            f" shape {j.shape}, got {shades.shape}."
        )

    P, names = project(Z)
    i, at = kept.nonzero()
    step = -(-len(i) // _ARCS)
    i, at = i[::step], at[::step]
    arcs = P[np.stack([i, j[i, at]], axis=1)]

    figure = canvas(5.6)
    ax = tidy(figure.add_subplot(), "", *names)
    ax.set_aspect("equal", adjustable="datalim")
    size = float(np.clip(6000 / len(P), 1.5, 16))
    style: dict[str, Any] = {"s": size, "linewidths": 0, "zorder": 2}
    width = float(np.clip(2000 / len(arcs), 0.25, 1.0))

    shown: Any

    if shades is None or shades.ndim == 1:
        ax.add_collection(LineCollection(list(arcs), colors=RULE, lw=width, zorder=1))
        shown = ax.scatter(P[:, 0], P[:, 1], **_colors(shades), **style)
    else:
        # The largest on top, as these are what one looks for
        order = shades[i, at].argsort(kind="stable")
        shown = LineCollection(list(arcs[order]), cmap=NUMBERS, lw=2 * width, zorder=1)
        shown.set_array(shades[i, at][order])
        ax.add_collection(shown)
        ax.scatter(P[:, 0], P[:, 1], c=SOFT, alpha=0.5, **style | {"s": size / 3})

    if shades is not None:
        shown.set_clim(*(limits or (None, None)))
        bar = figure.colorbar(shown, ax=ax, shrink=0.6, aspect=30, pad=0.02)
        tidy_bar(bar).set_ylabel(name, fontsize=8, color=SOFT)

    return figure


def _colors(shades: NDArray | None) -> dict[str, Any]:
    return {"c": COLORS[0]} if shades is None else {"c": shades, "cmap": NUMBERS}
