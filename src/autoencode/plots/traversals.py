r"""Ways over the manifold, one example after the other."""

__all__ = ["geodesics", "tangents"]

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ..data import is_frame
from ..modalities import guess
from . import mosaic, tables
from .checks import count, values
from .style import COLORS, LEGEND, RULE, TEXT, canvas, tidy

_SOME = 8  # directions of many
_BARS = 30  # columns whose names have room below their bars
_LETTERS = 60  # that fit below all bars side by side
_PANELS = 4  # columns of a table that are shown along a way


def tangents(
    tangents: Any,
    x: ArrayLike,
    n: int = _SOME,
    n_steps: int = 7,
    reach: float | None = None,
    names: Sequence[str] | None = None,
) -> Figure:
    r"""The tangent directions of one example, :math:`x - a u, \dots, x + a u`.

    An image is moved both ways along each of its directions, the largest first, and stays what
    it is if the directions are right. Of a row of a table, each panel is one direction: how
    much the columns change together.

    Arguments:
        tangents: Fitted :class:`~autoencode.manifold.Tangents`.
        x: The example.
        n: How many directions, if there are more.
        n_steps: The number of images in a strip, odd.
        reach: How far to go for images; by default twice as far as the nearest neighbors
            do, one standard deviation of theirs being written as s.
        names: The names of the columns of a table; by default those that the model knows.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> from autoencode import manifold
        >>> X = load_digits().images
        >>> planes = manifold.Tangents(source="neighbors", n_components=3).fit(X)
        >>> len(tangents(planes, X[0]).axes[0].images)
        21
    """
    if is_frame(x):
        return _bars(tangents, x, count(n), names)

    moved = values(tangents.directions(x, n_steps, reach))[: count(n)]

    if moved.ndim == 3:
        return _bars(tangents, x, len(moved), names)

    modality = _modality(tangents.model, moved)
    pixels = modality.pixels(moved.reshape(-1, *moved.shape[2:]))
    farthest = "2 s" if reach is None else f"{reach:.3g}"
    steps = ["x" if i == n_steps // 2 else "" for i in range(n_steps)]
    steps[0], steps[-1] = f"-{farthest}", f"+{farthest}"

    return mosaic.sheet(pixels, n_steps, range(1, len(moved) + 1), steps)


def geodesics(geodesics: Any, a: ArrayLike, b: ArrayLike, n: int = 10) -> Figure:
    r"""The geodesic between two examples, beside the straight line between their codes.

    Both are decoded, at steps of equal length, and their lengths are written beside them. Of
    rows of a table, the first four columns are drawn over the share of the way.

    Arguments:
        geodesics: :class:`~autoencode.manifold.Geodesics` of a model.
        a: The example to start from.
        b: The example to end at.
        n: The number of examples on each way, with both ends, at least 2.

    Example:
        >>> from autoencode import manifold
        >>> circle = lambda z: torch.stack([z[:, 0].cos(), z[:, 0].sin()], dim=1)
        >>> ways = manifold.Geodesics((lambda x: torch.atan2(x[:, 1:], x[:, :1]), circle))
        >>> figure = geodesics(ways, np.array([1.0, 0.0]), np.array([0.0, 1.0]))
        >>> [ax.get_title(loc="left") for ax in figure.axes]
        ['$x_{1}$', '$x_{2}$']
    """
    straight = copy.copy(geodesics)
    straight.graph, straight.max_iter = None, 0
    ways = {"straight": straight, "geodesic": geodesics}

    model, ends = geodesics.model, [_batch_of_one(x) for x in (a, b)]
    strips = {name: _strip(model, way.interpolate(*ends, n)) for name, way in ways.items()}
    named = {
        f"{name}: {float(way.distance(*ends)[0]):.4g}": strips[name] for name, way in ways.items()
    }

    if strips["straight"].ndim == 2:
        return _columns(model, named)

    modality = _modality(model, strips["straight"][None])
    pixels = np.concatenate([modality.pixels(strip) for strip in strips.values()])

    return mosaic.sheet(pixels, n, list(named))


def _strip(model: Any, X: Any) -> NDArray:
    return model.modality_.numbers(X) if is_frame(X) else values(X)[0]


def _batch_of_one(x: Any) -> Any:
    return x if is_frame(x) else (x if hasattr(x, "ndim") else np.asarray(x))[None]


def _modality(model: Any, strips: NDArray) -> Any:
    r"""Returns the model's own, or else what strips of images look like."""
    X = strips.reshape(-1, *strips.shape[2:])
    return model.modality_ if hasattr(model, "modality_") else guess(X).fit(X)


def _bars(tangents: Any, x: Any, n: int, names: Sequence[str] | None) -> Figure:
    r"""Draws each direction as the changes of the columns by one standard deviation along it."""
    X = x if np.ndim(x) == 2 else _batch_of_one(x)
    basis, spread = values(tangents.basis(X)[0])[0], values(tangents.spread(X))[0]
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

    if len(names) <= _BARS:
        long = sum(map(len, names)) > _LETTERS
        turned: dict[str, Any] = {"rotation": 40, "ha": "right"} if long else {}
        axes[-1].set_xticks(range(len(names)), names, **turned)
    else:
        axes[-1].set_xlabel("columns", **TEXT)

    figure.supylabel("change of each column, in its standard deviations", **TEXT)
    return figure


def _columns(model: Any, ways: dict[str, NDArray]) -> Figure:
    r"""Draws the first columns of a table over the share of the way."""
    examples = next(iter(ways.values()))
    names = tables.column_names(model, examples)[:_PANELS]
    figure = canvas(2.6)
    axes = figure.subplots(1, len(names), squeeze=False)[0]

    for d, ax in enumerate(axes):
        tidy(ax, names[d])

        for (name, way), color in zip(ways.items(), (COLORS[3], COLORS[0])):
            share = np.linspace(0, 1, len(way))
            ax.plot(share, way[:, d], color=color, lw=1.8, label=name)

    handles, labels = axes[0].get_legend_handles_labels()
    figure.supxlabel("share of the way", **TEXT)
    figure.legend(handles, labels, loc="outside upper right", ncols=2, **LEGEND)

    return figure
