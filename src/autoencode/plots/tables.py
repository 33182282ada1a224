r"""Rows of a table: profiles, pairs of columns, and columns over a grid of codes."""

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .style import (
    COLORS,
    LEGEND,
    NUMBERS,
    TEXT,
    WIDTH_INCHES,
    canvas,
    numbered,
    tidy,
    tidy_bar,
)  # fmt: skip

_MAX_COLUMNS = 4
_LINES: dict[str, dict[str, Any]] = {
    "original": {"color": COLORS[3], "lw": 2.6},
    "noisy": {"color": COLORS[1], "lw": 0, "marker": ".", "ms": 4},
    "reconstruction": {"color": COLORS[0], "lw": 1.3},
    "denoised": {"color": COLORS[0], "lw": 1.3},
}


def column_names(model: Any, X: NDArray) -> list[str]:
    r"""Returns the column names that the model was fitted with, or :math:`x_1, x_2, \dots`."""
    default = [numbered("x", d + 1) for d in range(X.shape[1])]
    names = [str(name) for name in getattr(model, "feature_names_in_", default)]

    return names if len(names) == len(default) else default


def as_rows(X: NDArray) -> NDArray:
    r"""Returns examples as rows. In rows of series, one channel follows the other."""
    return X if X.ndim < 3 else np.moveaxis(X, -1, 1).reshape(len(X), -1)


def profiles(shown: dict[str, NDArray], everything: NDArray) -> Figure:
    r"""Draws each example as a line over the columns, in standard deviations."""
    _check(everything)
    everything = np.where(np.isnan(everything).all(axis=0), 0.0, everything)  # empty columns
    loc, scale = np.nanmean(everything, axis=0), np.nanstd(everything, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    n, D = shown["original"].shape
    lines = math.ceil(n / 5)
    alone: dict[str, Any] = {"marker": "o", "ms": 4} if D == 1 else {}

    figure = canvas(0.5 + 1.2 * lines)
    axes = figure.subplots(lines, min(5, n), sharex=True, sharey=True, squeeze=False).ravel()

    for ax in axes[n:]:
        ax.set_axis_off()

    for i, ax in enumerate(axes[:n]):
        for name, A in shown.items():
            ax.plot((A[i] - loc) / scale, label=name, **_LINES[name] | alone)

        tidy(ax).set_xticks([])

    figure.supxlabel("columns", **TEXT)
    figure.supylabel("standard deviations", **TEXT)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=3, **LEGEND)

    return figure


def pairs(X: NDArray, names: list[str]) -> Figure:
    r"""Draws a scatter plot of each pair of columns, and a histogram of each column."""
    _check(X)
    D = min(_MAX_COLUMNS, X.shape[1])
    side = WIDTH_INCHES * (0.45 + 0.55 * D / _MAX_COLUMNS)
    size = float(np.clip(2000 / len(X), 1, 14))
    figure = canvas(0.85 * side, side)

    for (i, j), ax in np.ndenumerate(figure.subplots(D, D, squeeze=False)):
        tidy(ax, x=names[j] if i == D - 1 else "", y=names[i] if j == 0 else "")

        if i == j:
            ax.hist(X[:, j], bins="sturges", color=COLORS[0], alpha=0.85)
            ax.set_yticks([])
        else:
            ax.scatter(X[:, j], X[:, i], s=size, c=COLORS[0], linewidths=0, alpha=0.7)

        ax.locator_params(axis="x" if i == j else "both", nbins=4)

    if D < X.shape[1]:
        figure.suptitle(f"the first {D} of {X.shape[1]} columns", **TEXT)

    return figure


def surfaces(G: NDArray, names: list[str], axes: list[str], ticks: list[NDArray]) -> Figure:
    r"""Draws decoded columns over a grid of codes: as colors, or as a line for one dimension."""
    _check(G)
    D = min(_MAX_COLUMNS, G.shape[1])
    figure = canvas(2.1 if D > 2 else 3.2)
    x, *y = [name.partition(" of the")[0] for name in axes]

    for d, ax in enumerate(figure.subplots(1, D, squeeze=False)[0]):
        tidy(ax, names[d], x, *(y if d == 0 else []))

        if not y:
            ax.plot(ticks[0], G[:, d], color=COLORS[0], lw=1.6)
            continue

        values = G[:, d].reshape(len(ticks[1]), -1)
        mesh = ax.pcolormesh(*ticks, values, cmap=NUMBERS, shading="nearest")
        bar = figure.colorbar(mesh, ax=ax, orientation="horizontal", aspect=30)
        tidy_bar(bar).locator_params(nbins=4)

    return figure


def _check(X: NDArray) -> None:
    if X.ndim != 2:
        raise ValueError(
            f"expected images or rows of a table, got examples with shape {X.shape[1:]}: other"
            " shapes cannot be drawn."
        )
