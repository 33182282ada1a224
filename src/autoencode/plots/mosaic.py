r"""Mosaics of images: each image pixel covers a whole number of figure pixels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ..modalities import Modality
from ..modalities.capabilities import Pictured
from .style import DPI, TEXT, WIDTH_INCHES, PlainFigure

_GAP_PIXELS = 4
_AXIS_MARGIN_INCHES = 0.42


def are_images(modality: Modality) -> bool:
    r"""Returns whether there are pictures of the examples."""
    return isinstance(modality, Pictured)


def margins(y: ArrayLike | None, n: int, columns: int) -> tuple[Sequence, Sequence]:
    r"""Returns labels of the rows, or of the columns, of tiles that share one label each."""
    if y is None or np.shape(y) != (n,) or n % columns:
        return (), ()

    table = np.reshape(np.asarray(y), (-1, columns))

    if len(table) > 1 and (table == table[:, :1]).all():
        return list(table[:, 0]), ()

    return (), list(table[0]) if (table == table[:1]).all() else ()


def sheet(
    tiles: NDArray, columns: int, beside: Sequence[Any] = (), above: Sequence[Any] = ()
) -> Figure:
    r"""Lays out images with shape `(N, H, W, C)` as tiles, row by row."""
    H, W = tiles.shape[1:3]
    width = max(
        8, int(min(0.72, (WIDTH_INCHES - 0.9 * bool(beside)) / columns) * DPI) - _GAP_PIXELS
    )
    width -= width % W if W <= width else 0
    height = max(1, round(width * H / W))

    left = (
        round(0.075 * DPI * max(len(str(name)) for name in beside)) + 24 if beside else _GAP_PIXELS
    )
    top = 44 if above else _GAP_PIXELS
    x = left + (width + _GAP_PIXELS) * np.arange(columns + 1)
    y = top + (height + _GAP_PIXELS) * np.arange(-(-len(tiles) // columns) + 1)

    figure = PlainFigure(figsize=(x[-1] / DPI, y[-1] / DPI), dpi=DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()

    for i, tile in enumerate(tiles if tiles.shape[-1] > 1 else tiles[..., 0]):
        r, c = divmod(i, columns)
        extent = (x[c], x[c] + width, y[r] + height, y[r])
        ax.imshow(tile, cmap="gray", vmin=0, vmax=1, extent=extent, aspect="auto")

    ax.set(xlim=(0, x[-1]), ylim=(y[-1], 0))

    for name, at in zip(beside, y):
        ax.text(left - 14, at + height / 2, str(name), ha="right", va="center", **TEXT)

    for name, at in zip(above, x):
        ax.text(at + width / 2, top - 10, str(name), ha="center", va="bottom", **TEXT)

    return figure


def name_axes(figure: Figure, names: list[str], ticks: list[NDArray]) -> None:
    r"""Adds to a mosaic the names and limits of one axis or two."""
    ax = figure.axes[0]
    width, height = figure.get_size_inches()
    figure.set_size_inches(width + _AXIS_MARGIN_INCHES, height + _AXIS_MARGIN_INCHES)
    x, y = (
        _AXIS_MARGIN_INCHES / (width + _AXIS_MARGIN_INCHES),
        _AXIS_MARGIN_INCHES / (height + _AXIS_MARGIN_INCHES),
    )
    ax.set_position((x, y, 1 - x, 1 - y))

    written = [(name, f"{t[0]:.2g}", f"{t[-1]:.2g}") for name, t in zip(names, ticks)]
    style: dict[str, Any] = {"transform": ax.transAxes, **TEXT}

    for at, text, ha in zip((0.5, 0, 1), written[0], ("center", "left", "right")):
        ax.text(at, -0.1 / height, text, ha=ha, va="top", **style)

    for side in written[1:]:
        for at, text, va in zip((0.5, 0, 1), side, ("center", "bottom", "top")):
            ax.text(-0.1 / width, at, text, ha="right", va=va, rotation=90, **style)
