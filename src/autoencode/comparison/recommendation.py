r"""The recommendation of a comparison, as sentences."""

__all__ = ["choose", "recommend"]

import math
from collections.abc import Sequence
from typing import Any

from .intervals import interval_factor

SMALL_ERROR = 0.05  # share of the error of the mean example


def choose(rows: Sequence[Any], reference: str) -> Any:
    r"""Choose a method and a code size.

    The code size is the smallest at which the best method has at most 5 % of the error of the mean
    example, or an error within one
    standard error of the lowest one. At this size, the reference is
    chosen unless the interval of another method's difference from it lies below zero. Without
    intervals, from a single fold, the lowest error decides.

    References:
        | Classification and Regression Trees (Breiman et al., 1984), for the rule of one standard
          error

    Arguments:
        rows: The rows of a comparison.
        reference: The method that others have to beat.

    Returns:
        The row, or `None` if no method reconstructs examples better than the mean example.
    """
    scored = sorted((row for row in rows if "error" in row.measures), key=_error)

    if not scored or _error(scored[0]) >= 1:
        return None

    enough = [
        row for row in scored if _error(row) <= max(SMALL_ERROR, _with_standard_error(scored[0]))
    ]
    size = min(row.latent_dim for row in enough)
    here = [row for row in scored if row.latent_dim == size]
    base = next((row for row in here if row.method == reference), None)
    better = [row for row in here if row.excess is not None and row.excess.high < 0]

    if base is None or base.n_folds < 2:
        return here[0]

    return better[0] if better else base


def recommend(rows: Sequence[Any], reference: str, tokenized: bool = False) -> str:
    r"""Recommend a method and a code size in two sentences.

    Arguments:
        rows: The rows of a comparison.
        reference: The method that others have to beat.
        tokenized: Whether errors are edits per byte of texts, and not shares of a variance.

    Example:
        >>> from autoencode.comparison import Row
        >>> from autoencode.comparison.intervals import Interval
        >>> pca = Row("pca", 2, {"error": Interval(0.50, 0.48, 0.52)}, None, 0.1, 5)
        >>> lower = {"error": Interval(0.40, 0.38, 0.42)}
        >>> vae = Row("vae", 2, lower, Interval(-0.1, -0.12, -0.08), 9.0, 5)
        >>> print(recommend([pca, vae], "pca"))
        Use vae with 2 numbers: it loses 40.0 % of the variance of held-out examples, 10 points
        (2 to each side) less than pca. Keep 2 numbers: 2 is the largest size ...
    """
    scored = [row for row in rows if "error" in row.measures]
    chosen = choose(rows, reference)

    if not scored:
        return "No method that was measured has a decoder: compare their neighbors and probes."

    if chosen is None:
        trivial = "empty texts" if tokenized else "the mean example"
        return f"Use none of these: none is closer to held-out examples than {trivial}."

    here = [row for row in scored if row.latent_dim == chosen.latent_dim]
    numbers = f"{chosen.latent_dim} number{'s' * (chosen.latent_dim > 1)}"
    text = f"Use {chosen.method} with {numbers}: {_loss(chosen, tokenized)}"

    if chosen.n_folds < 2:
        text += ". A single fold was held out, so that this may be chance"
    elif chosen.method == reference and len(here) > 1:
        text += ", and no method loses less by more than its interval"
    elif chosen.excess is not None:
        text += f", {_gap(chosen, tokenized)} less than {reference}"

    return f"{text}. {_size(chosen, scored, tokenized)}"


def _size(chosen: Any, scored: Sequence[Any], tokenized: bool) -> str:
    r"""Returns how many numbers to keep, and why: the errors of the best method of each size."""
    size, largest = chosen.latent_dim, max(row.latent_dim for row in scored)
    best = {row.latent_dim: _error(row) for row in sorted(scored, key=_error, reverse=True)}
    text = f"Keep {size} number{'s' * (size > 1)}: "

    if best[size] <= SMALL_ERROR and not tokenized:
        text += f"{size} is the first size that keeps 95 %"
    elif size == largest:
        text += f"{size} is the largest size that was compared, and more numbers may lose less"
    else:
        text += f"larger codes, up to {largest}, lose less by no more than one standard error"

    if len(best) == 1:
        return f"{text}."

    losses = ", ".join(
        f"{d} lose{'s' * (d == 1)} {_share(best[d], tokenized)}" for d in sorted(best)
    )
    return f"{text} ({losses})."


def _share(error: float, tokenized: bool) -> str:
    return f"{error:.2f} edits per byte" if tokenized else f"{100 * error:.1f} %"


def _error(row: Any) -> float:
    return float(row.measures["error"].value)


def _with_standard_error(row: Any) -> float:
    r"""Returns the error and its standard error, which a single fold does not have."""
    half = (row.measures["error"].high - row.measures["error"].low) / 2
    return _error(row) + (half / interval_factor(row.n_folds) if math.isfinite(half) else 0.0)


def _loss(row: Any, tokenized: bool) -> str:
    if tokenized:
        return f"it makes {_error(row):.2f} edits per byte of held-out texts"

    return f"it loses {100 * _error(row):.1f} % of the variance of held-out examples"


def _gap(row: Any, tokenized: bool) -> str:
    scale, unit = (1, "") if tokenized else (100, " points")
    mean, low, high = row.excess
    half = f" ({scale * (high - low) / 2:.3g} to each side)" if math.isfinite(low) else ""

    return f"{-scale * mean:.3g}{unit}{half}"
