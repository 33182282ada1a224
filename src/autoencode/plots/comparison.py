r"""Measures of several methods against the code size."""

__all__ = ["comparison"]

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .style import COLORS, LEGEND, canvas, name_entries, tidy

_TITLES = {
    "error": ("error", "share of the mean example's"),
    "neighbors": ("neighbors kept", "share"),
    "linear_probe": ("linear probe", "accuracy"),
    "neighbor_probe": ("neighbor probe", "accuracy"),
}


def comparison(found: Any) -> Figure:
    r"""Held-out measures of methods at each code size, with intervals of 95 %.

    Methods without codes for new examples have hollow points and an asterisk.

    Arguments:
        found: The result of :func:`~autoencode.compare`.

    Raises:
        ValueError: If nothing was measured.

    See Also:
        :func:`~autoencode.compare`

    Example:
        >>> from sklearn.datasets import load_iris
        >>> import autoencode as ae
        >>> found = ae.compare(load_iris().data, methods=["pca"], latent_dims=[1, 2], n_folds=2)
        >>> len(comparison(found).axes)
        2
    """
    rows = [row for row in found.rows if row.measures]
    shown = [name for name in _TITLES if any(name in row.measures for row in rows)]

    if not shown:
        raise ValueError("expected at least one measured method, got none.")

    figure = canvas(2.8)
    axes = figure.subplots(1, len(shown), squeeze=False)[0]
    methods = [*dict.fromkeys(row.method for row in rows)]

    for ax, name in zip(axes, shown):
        title, unit = _TITLES[name]
        tidy(ax, title, "numbers in the code", unit)
        _draw(ax, rows, methods, name)

    handles = dict(zip(*axes[0].get_legend_handles_labels()[::-1]))
    legend = figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=4, **LEGEND
    )
    seen = {row.method for row in rows if not row.inductive}
    name_entries(legend, [f"{m}*" if m in seen else m for m in methods])

    return figure


def _draw(ax: Axes, rows: list[Any], methods: list[str], name: str) -> None:
    sizes = sorted({row.latent_dim for row in rows})

    for i, method in enumerate(methods):
        own = [row for row in rows if row.method == method and name in row.measures]
        own.sort(key=lambda row: row.latent_dim)

        # Methods stand side by side at each size, so that no interval hides another
        x = np.array([row.latent_dim for row in own]) * 1.03 ** (i - (len(methods) - 1) / 2)
        value, low, high = np.array([row.measures[name] for row in own]).reshape(-1, 3).T
        color = COLORS[i % len(COLORS)]
        hollow: dict[str, Any] = {"mfc": color if own and own[0].inductive else "white"}
        ax.errorbar(
            x, value, np.nan_to_num([value - low, high - value]),
            color=color, lw=1.4, marker="o", ms=3.5, elinewidth=0.9, label=str(i),
            **hollow,
        )  # fmt: skip

    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(sizes))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    bottom, top = ax.get_ylim()
    ax.set_ylim(*((min(0.0, bottom), top) if name == "error" else (bottom, min(top, 1.02))))
