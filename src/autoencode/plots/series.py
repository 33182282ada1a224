r"""Series: their forecasts, and their anomalous intervals."""

__all__ = ["forecast", "intervals"]

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .checks import count
from .style import COLORS, LEGEND, TEXT, canvas, name_entries, tidy

_MAX_CHANNELS = 5


def forecast(model: Any, X: Any, result: Any, n_series: int = 3) -> Figure:
    r"""Last steps of series, their expected later steps, and the intervals.

    The first channels are shown, in standard deviations of the fit.

    Arguments:
        model: A fitted :class:`~autoencode.Autoencoder` of series.
        X: The series.
        result: The return value of `model.forecast(X, ...)`.
        n_series: The number of series to show.

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
    later = [None if part is None else _arrays(modality, part) for part in result]
    loc, scale = np.array(modality.loc_), np.array(modality.scale_)
    names = modality.channel_names()[:_MAX_CHANNELS]
    shown = min(count("n_series", n_series), len(known))

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
    r"""Returns the later steps of each series, with shape `(steps, C)`."""
    return [np.asarray(x, float) for x in modality.histories(part)]


def intervals(detector: Any, X: Any, n_series: int = 3) -> Figure:
    r"""Series above the scores of their steps, with anomalous intervals shaded.

    Channels are in standard deviations of the fit. Those that are most often responsible for an
    interval are shown. The line is the threshold.

    Arguments:
        detector: A fitted :class:`~autoencode.manifold.SeriesDetector`.
        X: The series.
        n_series: The number of series to show, those with the most severe intervals first.

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
    n = count("n_series", n_series)
    modality = detector.model_.modality_
    windows = modality.windows(X)
    x = modality.normalize(modality.load(windows)).mT.cpu().numpy()
    series, scores = modality.join_windows(x, windows), detector.score_samples(X)
    detected = detector.intervals(X)
    names = modality.channel_names()
    number = {modality.describe_step(windows, i, 0)[0]: i for i in range(len(series))}
    order = [*dict.fromkeys([number[f.series] for f in detected] + [*range(len(series))])][:n]
    blamed = [name for f in detected for name in f.channels]
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

        for f in detected:
            if number[f.series] == i:
                for ax in (above, below):
                    ax.axvspan(f.steps.start - 0.5, f.steps.stop - 0.5, color=COLORS[1], alpha=0.3)

        if np.nanmax(scores[i], initial=0) > 20 * detector.threshold_:
            below.set_yscale("symlog", linthresh=detector.threshold_)
            below.set_ylim(bottom=0)  # ticks of negative numbers would overlap

        tidy(above, title=f"series {modality.describe_step(windows, i, 0)[0]}")
        tidy(below, x="steps" if k == len(order) - 1 else "", y="score")

    handles, labels = axes[0].get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside upper right", ncols=_MAX_CHANNELS, **LEGEND
    )
    name_entries(legend, names)
    axes[0].set_ylabel("standard deviations", **TEXT)

    return figure
