r"""Anomalous intervals of series."""

__all__ = ["intervals"]

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .checks import count
from .style import COLORS, LEGEND, TEXT, canvas, name_entries, tidy

_MAX_CHANNELS = 5


def intervals(detector: Any, X: Any, n: int = 3) -> Figure:
    r"""Series above the scores of their steps, with anomalous intervals shaded.

    Channels are in standard deviations of the fit, and those shown that are most often
    responsible. The line is the threshold.

    Arguments:
        detector: A fitted :class:`~autoencode.manifold.SeriesDetector`.
        X: The series.
        n: The number of series to show, those with the most severe intervals first.

    See Also:
        :class:`~autoencode.manifold.SeriesDetector`

    Example:
        >>> import autoencode as ae
        >>> from autoencode.manifold import SeriesDetector
        >>> x = np.sin(np.arange(400) / 5) + 0.1 * np.random.default_rng(0).normal(size=400)
        >>> model = ae.linear(2, modality=ae.modalities.Series(window=16))
        >>> figure = intervals(SeriesDetector(model).fit([x]), [x])
        >>> [ax.get_ylabel() for ax in figure.axes]
        ['standard deviations', 'score']
    """
    n = count(n)
    modality = detector.model_.modality_
    windows = modality.windows(X)
    x = modality.normalize(modality.load(windows)).mT.cpu().numpy()
    series, scores = modality.join_windows(x, windows), detector.score_samples(X)
    found = detector.intervals(X)
    names = modality.channel_names()
    number = {modality.describe_step(windows, i, 0)[0]: i for i in range(len(series))}
    order = [*dict.fromkeys([number[f.series] for f in found] + [*range(len(series))])][:n]
    blamed = [name for f in found for name in f.channels]
    chosen = sorted(range(len(names)), key=lambda j: -blamed.count(names[j]))[:_MAX_CHANNELS]

    figure = canvas(2.4 * len(order))
    axes = figure.subplots(
        2 * len(order), 1, squeeze=False, gridspec_kw={"height_ratios": [2, 1] * len(order)}
    )[:, 0]

    for k, i in enumerate(order):
        above, below = axes[2 * k], axes[2 * k + 1]
        below.sharex(above)

        for color, j in zip(COLORS, sorted(chosen)):
            above.plot(series[i][:, j], lw=0.8, color=color, label=str(j))

        below.plot(scores[i], lw=0.9, color=COLORS[3])
        below.axhline(detector.threshold_, lw=0.8, ls="--", color=COLORS[2])

        for f in found:
            if number[f.series] == i:
                for ax in (above, below):
                    ax.axvspan(f.steps.start - 0.5, f.steps.stop - 0.5, color=COLORS[1], alpha=0.3)

        if np.nanmax(scores[i], initial=0) > 20 * detector.threshold_:
            below.set_yscale("symlog", linthresh=detector.threshold_)

        tidy(above, title=f"series {modality.describe_step(windows, i, 0)[0]}")
        tidy(below, x="steps" if k == len(order) - 1 else "", y="score")

    handles, labels = axes[0].get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside upper right", ncols=_MAX_CHANNELS, **LEGEND
    )
    name_entries(legend, names)
    axes[0].set_ylabel("standard deviations", **TEXT)

    return figure
