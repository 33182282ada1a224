r"""Drawing of charts."""

__all__ = ["draw"]

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .. import plots
from ..plots import mosaic, tables
from ..plots.style import COLORS, INK, LEGEND, SOFT, canvas, name_entries, tidy

_MAX_BARS = 20
_MAX_BINS = 40
_OUTER = (0.5, 99.5)  # percentiles; numbers beyond are counted at the edge
_LINES = ("-", "--", ":")


def draw(
    kind: str, data: Any, x: str = "", y: str = "", marks: Mapping[str, float] | None = None
) -> Figure:
    r"""Draw a chart.

    Arguments:
        kind: The kind of picture.
        data: What it shows, see :class:`~autoencode.pages.Chart`.
        x: The name of the horizontal axis.
        y: The name of the vertical axis.
        marks: Vertical lines, by name.

    Raises:
        ValueError: If the chart is a table.

    Example:
        >>> figure = draw("histogram", {"errors": np.arange(9.0)})
        >>> figure.axes[0].get_ylabel()
        'share of examples'
    """
    match kind:
        case "examples":
            return _examples(data)
        case "history":
            return plots.history(data)
        case "table":
            raise ValueError("a table is not drawn: pages.table(data) writes it as HTML.")

    bars = kind == "bars"
    figure = canvas(
        0.7 + 0.22 * min(len(data), _MAX_BARS + 1) if bars else 3.4 if kind == "points" else 2.6
    )
    ax = tidy(figure.add_subplot(), "", x, y)
    _DRAWN[kind](ax, data)

    for (name, at), line in zip((marks or {}).items(), _LINES):
        ax.axvline(at, color=SOFT, lw=1, ls=line)
        ax.annotate(
            name, (at, 1), xycoords=("data", "axes fraction"), xytext=(4, -9),
            textcoords="offset points", fontsize=8, color=SOFT,
        )  # fmt: skip

    if not bars and len(data) > 1:
        name_entries(ax.legend(**LEGEND), [*data])

    return figure


def _bars(ax: Axes, data: Any) -> None:
    order = sorted(data, key=lambda name: -abs(data[name]))[:_MAX_BARS]
    names = [name for name in data if name in {*order}]
    ax.barh(range(len(names)), [data[name] for name in names], color=COLORS[0], height=0.7)
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.invert_yaxis()
    ax.axvline(0, color=INK, lw=0.6)

    if len(data) > len(names):
        ax.set_title(
            f"the largest {len(names)} of {len(data):,}", loc="left", fontsize=9, color=SOFT
        )


def _histogram(ax: Axes, data: Any) -> None:
    kept = {name: np.asarray(v, float)[np.isfinite(v)] for name, v in data.items()}
    ends = [np.percentile(v, _OUTER) for v in kept.values() if len(v)]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    high = high if high > low else low + (abs(low) or 1.0)
    n = min(map(len, kept.values()))
    edges = np.linspace(low, high, min(_MAX_BINS, max(8, round(math.sqrt(n)))) + 1)

    for i, values in enumerate(kept.values()):
        shares = np.full(len(values), 1 / max(1, len(values)))
        style: dict[str, Any] = {"color": COLORS[i], "label": str(i), "weights": shares}
        ax.hist(values.clip(low, high), edges.tolist(), alpha=0.35, **style)
        ax.hist(values.clip(low, high), edges.tolist(), histtype="step", lw=1.4,
                **style | {"label": None})  # fmt: skip

    ax.set_ylabel(ax.get_ylabel() or "share of examples")


def _points(ax: Axes, data: Any) -> None:
    for i, points in enumerate(data.values()):
        size = float(np.clip(4000 / len(points), 2, 20))
        x, y = np.asarray(points).T
        ax.scatter(x, y, s=size, c=COLORS[i], linewidths=0, alpha=0.5, label=str(i))


def _lines(ax: Axes, data: Any) -> None:
    for i, (x, y) in enumerate(data.values()):
        ax.plot(x, y, color=COLORS[i], lw=1.4, marker="o", ms=3, label=str(i))


_DRAWN = {"bars": _bars, "histogram": _histogram, "points": _points, "lines": _lines}


def _examples(data: Any) -> Figure:
    shown = [np.asarray(x) for x in data.values()]

    if shown[0].ndim == 4:
        if len(shown) == 1:
            return mosaic.sheet(shown[0], math.ceil(math.sqrt(len(shown[0]))))

        return mosaic.sheet(np.concatenate(shown), len(shown[0]), [*data])

    # Rows are in standard deviations already
    return tables.profiles(
        data, np.stack([-np.ones(shown[0].shape[1]), np.ones(shown[0].shape[1])])
    )
