r"""Traversals of the code of one example, one unit at a time."""

__all__ = ["traversals"]

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ..modalities.capabilities.pictures import to_images, to_numeric
from . import mosaic, tables
from .checks import count, is_model
from .style import COLORS, RULE, canvas, numbered, tidy

_MAX_UNITS = 8


def traversals(
    model: Any,
    X: ArrayLike,
    y: ArrayLike | None = None,
    n_units: int = _MAX_UNITS,
    n_steps: int = 7,
    extent: float = 2.0,
) -> Figure:
    r"""Traversals of a code: one example, decoded while one unit of its code changes.

    .. math:: g(z + a \, s_j e_j), \qquad -\text{extent} \leq a \leq \text{extent}

    Units are those whose codes of `X` vary most, and :math:`s_j` are the standard deviations of
    these codes. Images are a row for each unit. For tables, series and sounds without pictures,
    a panel for each unit shows the change of each column from the lowest code to the highest.

    Arguments:
        model: A fitted model.
        X: Examples like those of the fit, at least two. The code of the first one is changed.
        y: The labels or numbers of all examples, if the model is conditional.
        n_units: The maximum number of units.
        n_steps: The number of decoded codes for each unit, odd.
        extent: The largest change of a unit, in standard deviations of its codes.

    Raises:
        ValueError: If the model is not fitted or cannot decode, or an argument is out of range.

    See Also:
        :func:`~autoencode.plots.grid`, :func:`~autoencode.plots.tangents`

    Example:
        >>> import autoencode as ae
        >>> X = ae.datasets.digits().X
        >>> len(traversals(ae.linear(4).fit(X), X, n_steps=5).axes[0].images)
        20
    """
    if not is_model(model):
        raise ValueError(f"expected a fitted model to decode with, got {type(model).__name__}.")

    k, n = count("n_units", n_units), count("n_steps", n_steps)

    if n % 2 == 0 or n < 3:
        raise ValueError(f"expected n_steps as an odd number >= 3, got {n}.")

    if not extent > 0:
        raise ValueError(f"expected extent > 0, got {extent!r}.")

    Z = np.asarray(model.transform(X, y))

    if len(Z) < 2:
        raise ValueError("expected at least 2 examples, whose codes vary, got 1.")

    std = Z.std(axis=0)
    units = np.argsort(-std, kind="stable")[:k]
    steps = np.linspace(-extent, extent, n, dtype=np.float32)
    moved = np.tile(Z[0], (len(units), n, 1))

    for row, j in zip(moved, units):
        row[:, j] += steps * std[j]

    moved = moved.reshape(-1, Z.shape[1])
    family = model.encoder_.family

    if family.has_reference:
        moved = family.project(torch.as_tensor(moved)).numpy()

    label = None if y is None else np.repeat(np.asarray(y)[:1], len(moved), axis=0)
    G = model.inverse_transform(moved, label)
    names = [numbered("z", int(j) + 1) for j in units]

    if mosaic.are_images(model.modality_):
        above = [f"-{extent:g} s", *[""] * (n - 2), f"+{extent:g} s"]
        return mosaic.sheet(to_images(model.modality_, G), n, names, above)

    G = tables.as_rows(np.asarray(to_numeric(model.modality_, G), float))
    return _changes(model, G.reshape(len(units), n, -1), names)


def _changes(model: Any, G: NDArray, names: list[str]) -> Figure:
    r"""Draws the change of each column from the lowest value of a unit to the highest."""
    columns = tables.column_names(model, G[0])
    changes = G[:, -1] - G[:, 0]
    largest = np.abs(changes).max(axis=0)
    changes = changes / np.where(largest > 0, largest, 1.0)  # columns have different units
    figure = canvas(0.9 + 0.75 * len(changes))
    axes = figure.subplots(len(changes), sharex=True, sharey=True, squeeze=False)[:, 0]

    for ax, change, name in zip(axes, changes, names):
        tidy(ax, y=name).axhline(0, color=RULE, lw=0.8)
        ax.bar(np.arange(len(change)), change, color=COLORS[0], width=0.7)

    if len(columns) <= 30:
        axes[-1].set_xticks(range(len(columns)), columns, rotation=40, ha="right")

    figure.supylabel("change of each column, relative to the largest", fontsize=9)
    return figure
