r"""Traversals of a manifold along tangent directions and geodesics."""

__all__ = ["geodesics", "tangents"]

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ..data import is_frame
from ..modalities import Images
from ..modalities.capabilities.pictures import to_images, to_numeric
from . import mosaic, tables
from .checks import count, values
from .style import COLORS, LEGEND, RULE, TEXT, canvas, tidy

_MAX_DIRECTIONS = 8
_MAX_NAMED_BARS = 30
_MAX_UPRIGHT_LETTERS = 60  # in all names together; if they have more, the names are turned
_MAX_COLUMNS = 4


def tangents(
    tangents: Any,
    x: ArrayLike,
    n_directions: int = _MAX_DIRECTIONS,
    n_steps: int = 7,
    extent: float | None = None,
    names: Sequence[str] | None = None,
) -> Figure:
    r"""Tangent directions of one example, :math:`x - a u, \dots, x + a u`.

    An image is moved both ways along each direction, the direction of largest spread first. It
    keeps its meaning if the directions are tangent to the manifold. For a row of a table, each
    panel shows how much the columns change together along one direction.

    Arguments:
        tangents: Fitted :class:`~autoencode.manifold.Tangents`.
        x: The example.
        n_directions: The maximum number of directions.
        n_steps: The number of images for each direction, odd.
        extent: The largest displacement of an image; by default two standard deviations of the
            nearest neighbors along the direction, written as `2 s`.
        names: The names of the columns of a table; by default those the model was fitted with.

    See Also:
        :class:`~autoencode.manifold.Tangents`, :func:`~autoencode.plots.geodesics`

    Example:
        >>> from autoencode import datasets, manifold
        >>> X = datasets.digits().X
        >>> planes = manifold.Tangents(source="neighbors", n_components=3).fit(X)
        >>> len(tangents(planes, X[0]).axes[0].images)
        21
    """
    if is_frame(x):
        return _bars(tangents, x, count("n_directions", n_directions), names)

    moved = values(tangents.traversals(x, n_steps, extent))[: count("n_directions", n_directions)]

    if moved.ndim == 3:
        return _bars(tangents, x, len(moved), names)

    modality = _modality(tangents.model, moved)
    pixels = to_images(modality, moved.reshape(-1, *moved.shape[2:]))
    farthest = "2 s" if extent is None else f"{extent:.3g}"
    steps = ["x" if i == n_steps // 2 else "" for i in range(n_steps)]
    steps[0], steps[-1] = f"-{farthest}", f"+{farthest}"

    return mosaic.sheet(pixels, n_steps, range(1, len(moved) + 1), steps)


def geodesics(geodesics: Any, a: ArrayLike, b: ArrayLike, n_points: int = 10) -> Figure:
    r"""Geodesic between two examples, beside the straight line between their codes.

    Both curves are decoded at steps of equal length, and labeled with their lengths. For rows of
    a table, the first four columns are drawn against the fraction of the length.

    Arguments:
        geodesics: :class:`~autoencode.manifold.Geodesics` of a model.
        a: The example to start from.
        b: The example to end at.
        n_points: The number of examples on each curve, including both ends; at least 2.

    See Also:
        :class:`~autoencode.manifold.Geodesics`, :func:`~autoencode.plots.tangents`

    Example:
        >>> from autoencode import manifold
        >>> circle = lambda z: torch.stack([z[:, 0].cos(), z[:, 0].sin()], dim=1)
        >>> shortest = manifold.Geodesics((lambda x: torch.atan2(x[:, 1:], x[:, :1]), circle))
        >>> figure = geodesics(shortest, np.array([1.0, 0.0]), np.array([0.0, 1.0]))
        >>> [ax.get_title(loc="left") for ax in figure.axes]
        ['x₁', 'x₂']
    """
    straight = copy.copy(geodesics)
    straight.graph, straight.max_iter = None, 0
    curves = {"straight": straight, "geodesic": geodesics}

    model, ends = geodesics.model, [_batch_of_one(x) for x in (a, b)]
    strips = {
        name: _strip(model, curve.interpolate(*ends, n_points)) for name, curve in curves.items()
    }
    labeled = {
        f"{name}: {float(curve.distance(*ends)[0]):.4g}": strips[name]
        for name, curve in curves.items()
    }

    if hasattr(model, "modality_") and not mosaic.are_images(model.modality_):
        strips = {name: tables.as_rows(strip) for name, strip in strips.items()}
        labeled = dict(zip(labeled, strips.values()))

    if strips["straight"].ndim == 2:
        return _columns(model, labeled)

    modality = _modality(model, strips["straight"][None])
    pixels = np.concatenate([to_images(modality, strip) for strip in strips.values()])

    return mosaic.sheet(pixels, n_points, list(labeled))


def _strip(model: Any, X: Any) -> NDArray:
    return to_numeric(model.modality_, X) if is_frame(X) else values(X)[0]


def _batch_of_one(x: Any) -> Any:
    return x if is_frame(x) else (x if hasattr(x, "ndim") else np.asarray(x))[None]


def _modality(model: Any, strips: NDArray) -> Any:
    r"""Returns the modality of the model, or one fitted to the images."""
    X = strips.reshape(-1, *strips.shape[2:])

    if hasattr(model, "modality_"):
        return model.modality_

    return Images(layout="NHW" if X.ndim == 3 else "NHWC").fit(X)


def _bars(tangents: Any, x: Any, n: int, names: Sequence[str] | None) -> Figure:
    r"""Draws the change of each column by one standard deviation along each direction."""
    X = x if np.ndim(x) == 2 else _batch_of_one(x)
    basis, spread = values(tangents.basis(X)[0])[0], values(tangents.local_scale(X))[0]
    scale = values(tangents.rows_.std(dim=0))
    changes = (spread[:, None] * basis / np.where(scale > 0, scale, 1.0))[:n]
    numbered = tables.column_names(tangents.model, changes)
    names = names if names and len(names) == len(numbered) else numbered
    n = len(changes)

    figure = canvas(0.9 + 0.75 * n)
    axes = figure.subplots(n, sharex=True, sharey=True, squeeze=False)[:, 0]

    for j, (ax, change) in enumerate(zip(axes, changes)):
        tidy(ax, y=str(j + 1)).axhline(0, color=RULE, lw=0.8)
        ax.bar(np.arange(len(change)), change, color=COLORS[0], width=0.7)

    if len(names) <= _MAX_NAMED_BARS:
        long = sum(map(len, names)) > _MAX_UPRIGHT_LETTERS
        turned: dict[str, Any] = {"rotation": 40, "ha": "right"} if long else {}
        axes[-1].set_xticks(range(len(names)), names, **turned)
    else:
        axes[-1].set_xlabel("columns", **TEXT)

    figure.supylabel("change of each column, in its standard deviations", **TEXT)
    return figure


def _columns(model: Any, curves: dict[str, NDArray]) -> Figure:
    r"""Draws the first columns of a table against the fraction of the length."""
    examples = next(iter(curves.values()))
    names = tables.column_names(model, examples)[:_MAX_COLUMNS]
    figure = canvas(2.6)
    axes = figure.subplots(1, len(names), squeeze=False)[0]

    for d, ax in enumerate(axes):
        tidy(ax, names[d])

        for (name, curve), color in zip(curves.items(), (COLORS[3], COLORS[0])):
            fraction = np.linspace(0, 1, len(curve))
            ax.plot(fraction, curve[:, d], color=color, lw=1.8, label=name)

    handles, labels = axes[0].get_legend_handles_labels()
    figure.supxlabel("fraction of the length", **TEXT)
    figure.legend(handles, labels, loc="outside upper right", ncols=2, **LEGEND)

    return figure
