r"""Intrinsic dimension against scale."""

__all__ = ["dimension"]

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from .style import COLORS, LEGEND, RULE, SOFT, canvas, tidy

_BAND_STANDARD_ERRORS = 2.0


def dimension(estimates: Any) -> Figure:
    r"""Curves of the intrinsic dimension against scale.

    A plateau is the estimate to trust: noise raises the dimension at small scales, and curvature
    raises it at large ones. Bands are two standard errors wide to each side.

    Arguments:
        estimates: A result of :func:`~autoencode.manifold.intrinsic_dimension`, or a mapping
            from names to such results.

    Raises:
        ValueError: If there is no estimate.

    See Also:
        :func:`~autoencode.manifold.intrinsic_dimension`

    Example:
        >>> from autoencode.manifold import intrinsic_dimension
        >>> d = intrinsic_dimension(torch.randn(200, 3), "gride")
        >>> dimension({"normal": d}).axes[0].get_legend().get_texts()[0].get_text()
        'normal'
    """
    named = estimates if isinstance(estimates, Mapping) else {"": estimates}

    if not named:
        raise ValueError("expected at least one estimate of the dimension, got none.")

    figure = canvas(3.4)
    ax = tidy(figure.add_subplot(), x="distance to the farthest neighbor", y="dimension")
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.tick_params(which="minor", labelsize=8, labelcolor=SOFT, color=RULE)

    for (name, d), color in zip(named.items(), COLORS):
        x, values, errors = d.curve
        ax.plot(x, values, marker=".", label=name, color=color, lw=1.8)
        lower, upper = (
            values - _BAND_STANDARD_ERRORS * errors,
            values + _BAND_STANDARD_ERRORS * errors,
        )
        ax.fill_between(x, lower, upper, color=color, alpha=0.18, lw=0)

    low, high = ax.get_xlim()
    ax.xaxis.set_minor_formatter("{x:g}" if high < 10 * low else "")
    ax.set_ylim(bottom=0)

    if any(named):
        ax.legend(**LEGEND)

    return figure
