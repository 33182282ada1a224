r"""The manifold itself, where it can be seen."""

__all__ = ["manifold"]

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection
from numpy.typing import ArrayLike, NDArray

from . import tables
from .checks import array, count
from .style import COLORS, INK, NUMBERS, RULE, SOFT, TEXT, canvas, tidy, tidy_bar

_GRID = 200  # places to a side at which a density is drawn
_SEEN = 8.0  # nats below the highest, where a density fades out
_POINTS = 5000  # that are drawn of many
_UNIT = "log-density, nats"
_HALF = 1.5  # standard deviations of the neighbors, to each side of a plane's middle


def manifold(
    X: ArrayLike, tangents: Any = None, density: Any = None, n_planes: int = 60
) -> Figure:
    r"""The manifold figure: points, planes that touch them, and the density that planes tile.

    For data with two or three columns. Each plane is as large as the neighbors of its point
    reach; in two columns it is a segment. The density is shaded over two columns, and in
    three it colors the points and planes.

    Arguments:
        X: The data, with shape `(N, 2)` or `(N, 3)`.
        tangents: Fitted :class:`~autoencode.manifold.Tangents`, to draw planes.
        density: A fitted :class:`~autoencode.manifold.ManifoldParzen`, or any model with
            `score_samples`, to shade.
        n_planes: How many planes to draw, if there are more points, far from each other.

    Raises:
        ValueError: If the data have other than two or three columns.

    Example:
        >>> from autoencode.manifold import Tangents
        >>> angle = np.linspace(0, 6, 50)
        >>> X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        >>> planes = Tangents(source="neighbors", n_neighbors=3).fit(X)
        >>> len(manifold(X, planes).axes[0].collections)
        2
    """
    X = array(X)

    if X.ndim != 2 or X.shape[1] not in (2, 3):
        raise ValueError(
            f"expected data with shape (N, 2) or (N, 3), which can be drawn, got {X.shape}."
        )

    X = X[:: -(-len(X) // _POINTS)]
    chosen = X[_far_apart(X, min(count(n_planes), len(X)))]
    arms = None if tangents is None else _arms(tangents, chosen)
    names = tables.column_names(getattr(tangents, "model", None), X)

    return (_flat if X.shape[1] == 2 else _deep)(X, chosen, arms, density, names)


def _flat(
    X: NDArray, chosen: NDArray, arms: NDArray | None, density: Any, names: list[str]
) -> Figure:
    figure = canvas(5.6)
    ax = tidy(figure.add_subplot(), "", *names)
    ax.set_aspect("equal", adjustable="box" if density else "datalim")

    if density is not None:
        _shade(figure, ax, X, density)

    size = float(np.clip(3000 / len(X), 1.5, 12))
    ax.scatter(X[:, 0], X[:, 1], s=size, c=INK, linewidths=0, alpha=0.6, zorder=2)

    if arms is not None:
        segments = (chosen[:, None, None] + arms[:, :, None] * [[[-1.0], [1.0]]]).reshape(-1, 2, 2)
        ax.add_collection(LineCollection(list(segments), colors=COLORS[2], lw=1.6, zorder=3))

    return figure


def _shade(figure: Figure, ax: Axes, X: NDArray, density: Any) -> None:
    low, high = X.min(axis=0), X.max(axis=0)
    pad = 0.12 * (high - low).max()
    x, y = (np.linspace(a - pad, b + pad, _GRID) for a, b in zip(low, high))
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(X.dtype)
    log_p = np.asarray(density.score_samples(places)).reshape(_GRID, _GRID)

    mesh = ax.pcolormesh(
        x, y, log_p, cmap="Blues", vmin=log_p.max() - _SEEN, vmax=log_p.max() + 2,
        shading="gouraud", rasterized=True,
    )  # fmt: skip
    bar = figure.colorbar(mesh, ax=ax, shrink=0.6, aspect=30, pad=0.02, extend="min")
    tidy_bar(bar).set_ylabel(_UNIT, **TEXT)
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


def _deep(
    X: NDArray, chosen: NDArray, arms: NDArray | None, density: Any, names: list[str]
) -> Figure:
    figure = canvas(5.6)
    ax: Any = figure.add_subplot(projection="3d", computed_zorder=False)
    ax.set_box_aspect(np.ptp(X, axis=0), zoom=0.95)
    ax.view_init(elev=18, azim=-70)
    size = float(np.clip(6000 / len(X), 2, 14))
    style: dict[str, Any] = {"s": size, "linewidths": 0, "depthshade": False}

    if density is None:
        ax.scatter(*X.T, c=COLORS[8], alpha=0.5, **style)
        colors = {"facecolors": COLORS[0], "edgecolors": INK}
    else:
        log_p, log_p_chosen = (np.asarray(density.score_samples(A)) for A in (X, chosen))
        points = ax.scatter(*X.T, c=log_p, cmap=NUMBERS, alpha=0.7, **style)
        bar = figure.colorbar(points, ax=ax, shrink=0.5, aspect=30, pad=0.08)
        tidy_bar(bar).set_ylabel(_UNIT, **TEXT)
        colors = {"facecolors": points.cmap(points.norm(log_p_chosen)), "edgecolors": INK}

    if arms is not None and arms.shape[1] == 1:
        segments = np.stack([chosen - arms[:, 0], chosen + arms[:, 0]], axis=1)
        ax.add_collection3d(Line3DCollection(segments, colors=COLORS[2], lw=1.6))
    elif arms is not None:
        u, v = arms[:, 0], arms[:, 1]
        corners = [chosen + a * u + b * v for a, b in ((-1, -1), (-1, 1), (1, 1), (1, -1))]
        patches = Poly3DCollection(np.stack(corners, axis=1), lw=0.4, alpha=0.55, **colors)
        ax.add_collection3d(patches)

    for axis, name in zip((ax.xaxis, ax.yaxis, ax.zaxis), names):
        axis.set_label_text(name, **TEXT)
        axis.set_tick_params(labelsize=7, labelcolor=SOFT, color=RULE)
        axis.line.set_color(RULE)
        axis.pane.fill = False
        axis._axinfo["grid"]["color"] = RULE

    return figure


def _arms(tangents: Any, X: NDArray) -> NDArray:
    r"""Returns the half axes of planes, with shape `(N, d, D)`."""
    basis, spread = np.asarray(tangents.basis(X)[0]), np.asarray(tangents.spread(X))
    return _HALF * spread[..., None] * basis


def _far_apart(X: NDArray, n: int) -> list[int]:
    r"""Returns points each of which is the farthest from those before."""
    chosen = [0]
    nearest = np.linalg.norm(X - X[0], axis=1)

    while len(chosen) < n:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(X - X[chosen[-1]], axis=1))

    return chosen
