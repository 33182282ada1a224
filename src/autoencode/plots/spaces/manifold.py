r"""Picture of a manifold in two or three dimensions."""

__all__ = ["manifold"]

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection
from numpy.typing import ArrayLike, NDArray

from .. import tables
from ..checks import array, count
from ..style import COLORS, INK, NUMBERS, RULE, SOFT, TEXT, canvas, tidy, tidy_bar

_DENSITY_GRID_SIZE = 200
_DENSITY_RANGE_NATS = 8.0  # below the maximum, where the shading fades out
_MAX_POINTS = 5000
_DENSITY_LABEL = "log-density, nats"
_PLANE_HALF_WIDTH_STD = 1.5  # in standard deviations of the neighbors


def manifold(
    X: ArrayLike, tangents: Any = None, density: Any = None, n_planes: int = 60
) -> Figure:
    r"""Points on a manifold, their tangent planes, and a density.

    The data have two or three columns. Each plane is as large as the neighborhood of its point;
    with two columns it is a segment. With two columns the density is shaded; with three it
    colors the points and planes.

    Arguments:
        X: The data, with shape `(N, 2)` or `(N, 3)`.
        tangents: Fitted :class:`~autoencode.manifold.Tangents`, to draw planes.
        density: A fitted :class:`~autoencode.manifold.ManifoldParzen`, or any model with
            `score_samples`, to shade.
        n_planes: The maximum number of planes. Their points are chosen far from each other.

    Raises:
        ValueError: If the data do not have two or three columns.

    See Also:
        :class:`~autoencode.manifold.Tangents`, :class:`~autoencode.manifold.ManifoldParzen`

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
            f"expected data with shape (N, 2) or (N, 3), got {X.shape}: other shapes cannot be"
            " drawn."
        )

    X = X[:: -(-len(X) // _MAX_POINTS)]
    chosen = X[_farthest_points(X, min(count("n_planes", n_planes), len(X)))]
    half_axes = None if tangents is None else _half_axes(tangents, chosen)
    names = tables.column_names(getattr(tangents, "model", None), X)

    return (_draw_2d if X.shape[1] == 2 else _draw_3d)(X, chosen, half_axes, density, names)


def _draw_2d(
    X: NDArray, chosen: NDArray, half_axes: NDArray | None, density: Any, names: list[str]
) -> Figure:
    figure = canvas(5.6)
    ax = tidy(figure.add_subplot(), "", *names)
    ax.set_aspect("equal", adjustable="box" if density else "datalim")

    if density is not None:
        _shade(figure, ax, X, density)

    size = float(np.clip(3000 / len(X), 1.5, 12))
    ax.scatter(X[:, 0], X[:, 1], s=size, c=INK, linewidths=0, alpha=0.6, zorder=2)

    if half_axes is not None:
        segments = (chosen[:, None, None] + half_axes[:, :, None] * [[[-1.0], [1.0]]]).reshape(
            -1, 2, 2
        )
        ax.add_collection(LineCollection(list(segments), colors=COLORS[2], lw=1.6, zorder=3))

    return figure


def _shade(figure: Figure, ax: Axes, X: NDArray, density: Any) -> None:
    low, high = X.min(axis=0), X.max(axis=0)
    pad = 0.12 * (high - low).max()
    x, y = (np.linspace(a - pad, b + pad, _DENSITY_GRID_SIZE) for a, b in zip(low, high))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(X.dtype)
    log_p = np.asarray(density.score_samples(points)).reshape(
        _DENSITY_GRID_SIZE, _DENSITY_GRID_SIZE
    )

    mesh = ax.pcolormesh(
        x, y, log_p, cmap="Blues", vmin=log_p.max() - _DENSITY_RANGE_NATS, vmax=log_p.max() + 2,
        shading="gouraud", rasterized=True,
    )  # fmt: skip
    bar = figure.colorbar(mesh, ax=ax, shrink=0.6, aspect=30, pad=0.02, extend="min")
    tidy_bar(bar).set_ylabel(_DENSITY_LABEL, **TEXT)
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


def _draw_3d(
    X: NDArray, chosen: NDArray, half_axes: NDArray | None, density: Any, names: list[str]
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
        tidy_bar(bar).set_ylabel(_DENSITY_LABEL, **TEXT)
        colors = {"facecolors": points.cmap(points.norm(log_p_chosen)), "edgecolors": INK}

    if half_axes is not None and half_axes.shape[1] == 1:
        segments = np.stack([chosen - half_axes[:, 0], chosen + half_axes[:, 0]], axis=1)
        ax.add_collection3d(Line3DCollection(segments, colors=COLORS[2], lw=1.6))
    elif half_axes is not None:
        u, v = half_axes[:, 0], half_axes[:, 1]
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


def _half_axes(tangents: Any, X: NDArray) -> NDArray:
    r"""Returns the half axes of the tangent planes, with shape `(N, d, D)`."""
    basis, spread = np.asarray(tangents.basis(X)[0]), np.asarray(tangents.local_scale(X))
    return _PLANE_HALF_WIDTH_STD * spread[..., None] * basis


def _farthest_points(X: NDArray, n: int) -> list[int]:
    r"""Returns the indices of points, each the farthest from the ones chosen before it."""
    chosen = [0]
    nearest = np.linalg.norm(X - X[0], axis=1)

    while len(chosen) < n:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(X - X[chosen[-1]], axis=1))

    return chosen
