r"""The dimension of the data, over the scale at which one looks."""

__all__ = ["dimension"]

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .style import COLOURS, LEGEND, RULE, SOFT, canvas, tidy

_BAND = 2.0  # standard errors to each side


def dimension(estimates: Any) -> Figure:
    r"""Scale curves of the intrinsic dimension, of which a plateau deserves trust.

    Noise fills all dimensions from near, and curvature adds some from afar. One estimate is
    drawn as its curve, with two standard errors to each side where it stands. Several, from few
    neighbours to many, are drawn as a line through all of them, with a band as wide.

    Arguments:
        estimates: What :func:`~autoencode.manifold.intrinsic_dimension` returns, a list of it
            or, by name, several of either.

    Raises:
        ValueError: If there is no estimate.

    Example:
        >>> from autoencode.manifold import intrinsic_dimension
        >>> X = np.random.default_rng(0).normal(size=(200, 3))
        >>> of_k = [intrinsic_dimension(X, "gride", n_neighbors=k) for k in (2, 4, 8)]
        >>> dimension({"normal": of_k}).axes[0].get_legend().get_texts()[0].get_text()
        'normal'
    """
    named = estimates if isinstance(estimates, Mapping) else {"": estimates}

    if not named or not all(len(several) for several in named.values()):
        raise ValueError("expected at least one estimate of the dimension, got none.")

    figure = canvas(3.4)
    ax = tidy(figure.add_subplot(), x="distance to the farthest neighbour", y="dimension")
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.tick_params(which="minor", labelsize=8, labelcolor=SOFT, color=RULE)

    for (name, several), colour in zip(named.items(), COLOURS):
        style: dict[str, Any] = {"color": colour, "lw": 1.8}

        if hasattr(several, "curve"):
            scales, values = several.curve
            at = scales[np.abs(values - several.value).argmin()]
            ax.plot(scales, values, marker=".", label=name, **style)
            ax.errorbar(at, several.value, _BAND * several.standard_error, capsize=3, **style)
            continue

        scales = [d.curve.scales[np.abs(d.curve.values - d.value).argmin()] for d in several]
        order = np.argsort(scales)
        x = np.array(scales)[order]
        d, se = np.array([(d.value, d.standard_error) for d in several])[order].T
        ax.plot(x, d, marker=".", label=name, **style)
        ax.fill_between(x, d - _BAND * se, d + _BAND * se, color=colour, alpha=0.18, lw=0)

    low, high = ax.get_xlim()
    ax.xaxis.set_minor_formatter("{x:g}" if high < 10 * low else "")
    ax.set_ylim(bottom=0)

    if any(named):
        ax.legend(**LEGEND)

    return figure
