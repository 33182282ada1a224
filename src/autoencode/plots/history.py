r"""Training curves."""

__all__ = ["history"]

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .style import COLORS, LEGEND, canvas, tidy

# First epochs are cut off if they make the range of values this many times larger
_MAX_RANGE_RATIO = 2.0

Curves = dict[str, dict[str, NDArray]]


def history(model_or_records: Any) -> Figure:
    r"""Training curves, one panel for each term of the loss.

    First epochs that would dwarf the rest lie outside the panel. A triangle marks where such a
    curve enters, and the label beside it gives the value it started from.

    Arguments:
        model_or_records: A fitted model; or records as in its `history_`.

    Raises:
        ValueError: If there are no records.

    See Also:
        :class:`~autoencode.Training`

    Example:
        >>> record = {"epoch": 1, "train": {"distortion": 3.0}, "validation": {}}
        >>> history([record]).axes[0].get_title(loc="left")
        'distortion'
    """
    records = getattr(model_or_records, "history_", model_or_records)

    if not isinstance(records, Sequence) or not records:
        raise ValueError(
            "expected a fitted model, or records of epochs such as its history_, got"
            f" {'none' if isinstance(records, Sequence) else type(records).__name__}."
        )

    records = [r if isinstance(r, Mapping) else r._asdict() for r in records]
    epochs = [r["epoch"] for r in records]
    curves = _without_repeats(
        {
            name: {
                subset: np.array([r[subset][name] for r in records])
                for subset in ("train", "validation")
                if all(name in r[subset] for r in records)
            }
            for name in records[0]["train"]
        }
    )

    figure = canvas(2.6)
    axes = figure.subplots(1, len(curves), squeeze=False)[0]

    for ax, (name, subsets) in zip(axes, curves.items()):
        tidy(ax, name, "epoch", "nats per example" if ax is axes[0] else "")
        ax.set_ylim(*_limits(np.stack(list(subsets.values()))))

        for line, (subset, values) in enumerate(subsets.items()):
            color = COLORS[2 * line]
            marker = "o" if len(epochs) == 1 else None
            ax.plot(epochs, values, color=color, lw=1.6, marker=marker, label=subset)
            _mark_entry(ax, epochs, values, color, line)

    if any("validation" in subsets for subsets in curves.values()):
        axes[0].legend(**LEGEND)

    return figure


def _without_repeats(curves: Curves) -> Curves:
    r"""Drops the total if another term equals it up to its sign."""
    others = {name: subsets for name, subsets in curves.items() if name != "total"}
    total = curves.get("total", {}).get("train")
    repeats = total is not None and any(
        np.allclose(abs(total), abs(subsets["train"]), rtol=1e-4) for subsets in others.values()
    )

    return others if repeats else curves


def _limits(values: NDArray) -> tuple[float, float]:
    r"""Returns axis limits, without first epochs that would dwarf the rest."""
    settled = values[:, values.shape[1] // 20 :]
    visible = values if np.ptp(values) <= _MAX_RANGE_RATIO * np.ptp(settled) else settled
    pad = 0.06 * float(np.ptp(visible)) or 0.5

    return float(visible.min()) - pad, float(visible.max()) + pad


def _mark_entry(ax: Axes, epochs: list[int], values: NDArray, color: str, line: int) -> None:
    r"""Marks where a curve enters the panel, and writes its extreme value there."""
    low, high = ax.get_ylim()
    outside = np.flatnonzero((values < low) | (values > high))

    if len(outside) == 0:
        return

    k = outside[-1]
    above = values[k] > high
    edge, inward, far = (high, -1, values.max()) if above else (low, 1, values.min())
    x = epochs[k] + (edge - values[k]) / (values[k + 1] - values[k]) * (epochs[k + 1] - epochs[k])
    style: dict[str, Any] = {"textcoords": "offset points", "fontsize": 8, "color": color}
    ax.scatter(x, edge, s=25, c=color, marker="^" if above else "v", clip_on=False, zorder=3)
    ax.annotate(
        f"from {far:.3g}", (x, edge), (7, inward * (3 + 11 * line)),
        va="top" if above else "bottom", **style,
    )  # fmt: skip
