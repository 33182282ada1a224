r"""Forecasts of series."""

__all__ = ["forecast"]

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .checks import count
from .style import COLORS, LEGEND, canvas, tidy

_MAX_CHANNELS = 5


def forecast(model: Any, X: Any, found: Any, n: int = 3) -> Figure:
    r"""Last steps of series, their expected later steps, and the intervals.

    The first channels are shown, in standard deviations of the fit.

    Arguments:
        model: A fitted :class:`~autoencode.Autoencoder` of series.
        X: The series.
        found: What `model.forecast(X, ...)` returned.
        n: The number of series to show.

    See Also:
        :meth:`~autoencode.Autoencoder.forecast`

    Example:
        >>> import autoencode as ae
        >>> X = np.sin(np.arange(200) / 5)[None]
        >>> model = ae.autoencoder(
        ...     2,
        ...     modality=ae.modalities.Series(window=24, gaps=True),
        ...     corruption=ae.corruptions.FutureMasking(),
        ...     training=ae.Training(epochs=2),
        ... ).fit(X)
        >>> figure = forecast(model, X, model.forecast(X, steps=5))
        >>> [ax.get_xlabel() for ax in figure.axes]
        ['steps']
    """
    modality = model.modality_
    known = modality.histories(X)
    later = [None if part is None else _arrays(modality, part) for part in found]
    loc, scale = np.array(modality.loc_), np.array(modality.scale_)
    names = modality.channel_names()[:_MAX_CHANNELS]
    shown = min(count(n), len(known))

    figure = canvas(2.2 * shown)
    axes = figure.subplots(shown, 1, squeeze=False)[:, 0]

    for i, ax in enumerate(axes):
        steps = len(later[0][i])  # type: ignore[index]
        past = (known[i][-max(3 * steps, modality.shape_[-1]) :] - loc) / scale
        mean, lower, upper = (None if part is None else (part[i] - loc) / scale for part in later)
        t = np.arange(steps + 1)

        for j, (color, name) in enumerate(zip(COLORS, names)):
            joined = np.append(past[-1, j], mean[:, j])  # type: ignore[index]
            ax.plot(np.arange(1 - len(past), 1), past[:, j], lw=0.9, color=color, label=name)
            ax.plot(t, joined, lw=0.9, ls="--", color=color)

            if lower is not None and upper is not None:
                ax.fill_between(t[1:], lower[:, j], upper[:, j], color=color, alpha=0.25, lw=0)

        tidy(ax, x="steps" if i == shown - 1 else "", y="standard deviations")

    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=_MAX_CHANNELS, **LEGEND)

    return figure


def _arrays(modality: Any, part: Any) -> list[np.ndarray]:
    r"""Returns later steps of each series, with shape `(steps, C)`."""
    return [np.asarray(x, float) for x in modality.histories(part)]
