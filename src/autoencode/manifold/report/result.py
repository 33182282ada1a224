r"""What a report on a manifold says, in numbers and in sentences."""

__all__ = ["Drift", "Report"]

import math
from typing import Any, NamedTuple

from ..preservation.neighborhoods import Estimate


class Drift(NamedTuple):
    r"""How new examples differ from known ones.

    Example:
        >>> Drift(100, Estimate(0.3, 0.05), Estimate(0.8, 0.02), Estimate(0.5, 0.03)).off.value
        0.3
    """

    n_examples: int
    r"""How many new examples were looked at."""

    off: Estimate
    r"""The share of the new examples that are off the manifold, or at an unusual place of it."""

    across: Estimate
    r"""The chance that a new example is farther from the manifold than a known one: 1/2 is no
    drift."""

    along: Estimate
    r"""The chance that a new example is at a less dense place than a known one."""


class Report(NamedTuple):
    r"""What :func:`report` found. It prints as text, and is ready for JSON by `to_dict`.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> import autoencode as ae
        >>> from autoencode.manifold import report
        >>> X = load_digits().data
        >>> found = report(ae.linear(latent_dim=8).fit(X), X)
        >>> found.n_examples, found.trustworthiness.value > 0.9
        (1797, True)
    """

    n_examples: int
    r"""How many examples were looked at."""

    n_given: int
    r"""How many there are."""

    n_features: int
    r"""The number :math:`D` of numbers in an example, or of symbols in a row with its end."""

    latent_dim: int
    r"""The number :math:`d` of numbers in a code."""

    sampled: dict[str, int]
    r"""At how many examples, chosen at random, each part looked."""

    copies: int
    r"""How many examples are copies of others."""

    dimension: Estimate | None
    r"""The intrinsic dimension of the data; symbols have none."""

    dimension_of_codes: Estimate
    r"""The intrinsic dimension of their codes."""

    scales: dict[str, list[dict[str, float]]]
    r"""Of what there is a dimension, from few neighbors to many."""

    trustworthiness: Estimate
    r"""How far the neighbors of codes are neighbors in the data."""

    continuity: Estimate
    r"""How far the neighbors in the data are neighbors of codes."""

    n_directions: int | None
    r"""The dimension of the tangent planes, of which symbols have none."""

    tangent_error: Estimate | None
    r"""How much of the way to a neighbor leaves the tangent plane, in squares."""

    twisted: Estimate | None
    r"""The share of arcs between neighboring codes along which planes turn by over 30 degrees."""

    n_components: int
    r"""The number of parts of the graph of the codes without a path between them."""

    largest_component: float
    r"""The share of the codes in the largest part."""

    off: Estimate
    r"""The share of the examples themselves that are off the manifold."""

    drift: Drift | None
    r"""How the new examples differ, if there are some."""

    def findings(self) -> dict[str, str]:
        r"""Sentences that need no theory, by what they are about."""
        return _findings(self)

    def to_dict(self) -> dict[str, Any]:
        r"""All numbers, ready for JSON; those that are not finite are `None`."""
        return _plain(self)

    def __repr__(self) -> str:
        lines = (f"{name:<14} {text}" for name, text in self.findings().items())
        return "\n".join(lines)


def _findings(r: Report) -> dict[str, str]:
    t, k = r.trustworthiness, r.continuity
    some = "" if r.n_examples == r.n_given else f", drawn from {r.n_given:,}"
    M = r.sampled["neighbors"]
    sampled = "" if r.n_examples == M else f", as samples of {M:,} examples were looked at"
    size = f"{r.n_features:,} numbers" if r.dimension else f"up to {r.n_features - 1:,} symbols"

    found = {
        "examples": (
            f"{r.n_examples:,} of {size} each{some}, in codes of"
            f" {r.latent_dim}. {_copies(r.copies)} What follows '±' is a standard error{sampled}."
        ),
        "dimension": _dimensions(r),
        "neighbors": (
            f"Trustworthiness {_number(t, 3)}: {_trust(t.value)} Continuity"
            f" {_number(k, 3)}: {_continuous(k.value)}"
        ),
    }

    if r.tangent_error and r.twisted and r.n_directions is not None:
        found["planes"] = (
            f"Of the way to a neighbor, {_percent(r.tangent_error)} (of its square) leaves the"
            f" tangent plane of {r.n_directions} directions, where 0 % is perfect and a plane at"
            f" random has {100 * (1 - r.n_directions / r.n_features):.0f} %."
            f" {_planes(r.tangent_error.value)}"
        )
        found["interpolation"] = _interpolation(r.twisted)

    found["graph"] = _graph(r)
    found["off manifold"] = (
        f"Of the examples themselves, {_percent(r.off)} are off the manifold of the others,"
        " where 1 % is expected."
    )

    if r.drift is not None:
        found["new examples"] = _drifted(r.drift, r.off)

    return found if r.dimension else found | {"left out": _LEFT_OUT}


_LEFT_OUT = (
    "The examples are symbols, between which there are edits, but no directions: the dimension"
    " of the data, tangent planes, and with them where to interpolate, have no meaning here. How"
    " far an example is off the manifold is how much more surprising it is than expected, under"
    " its own code."
)


def _dimensions(r: Report) -> str:
    c, d = r.dimension_of_codes, r.dimension

    if d is None:
        return (
            f"The codes have about {_number(c)} dimensions ({_range(r, 'codes')}, as one looks"
            f" closer or from farther away) of the {r.latent_dim} that they could have."
        )

    return (
        f"The data have about {_number(d)} dimensions ({_range(r, 'data')}, as one looks"
        f" closer or from farther away), and their codes {_number(c)} of the"
        f" {r.latent_dim} that they could have. {_width(d, r.latent_dim)}"
    )


def _range(r: Report, name: str) -> str:
    low, high = (f(s["value"] for s in r.scales[name]) for f in (min, max))
    return f"{low:.1f} to {high:.1f}"


def _copies(n: int) -> str:
    return "None is a copy of another." if n == 0 else f"{n:,} are copies of others."


def _width(dimension: Estimate, latent_dim: int) -> str:
    if dimension.value > latent_dim + 3 * dimension.standard_error:
        return "The codes are narrower than the data: a larger latent_dim would keep more."

    if latent_dim > 3 * dimension.value:
        return "The codes are wide for such data: a smaller latent_dim may do as well."

    return "The codes are wide enough."


def _trust(value: float) -> str:
    if value >= 0.95:
        return "examples with similar codes are similar."

    if value >= 0.8:
        return "most examples with similar codes are similar, but not all."

    return "similar codes do not mean similar examples; do not search by codes."


def _continuous(value: float) -> str:
    if value >= 0.95:
        return "similar examples have similar codes."

    if value >= 0.8:
        return "most similar examples have similar codes, but some are torn apart."

    return "similar examples are torn apart; groups of codes may not be groups of data."


def _planes(error: float) -> str:
    if error < 0.25:
        return "The planes are good ones to move and to augment along."

    if error < 0.6:
        return "The planes hold for small moves only."

    return "The planes say little about where the neighbors are; do not augment along them."


def _interpolation(twisted: Estimate) -> str:
    share = _percent(twisted)
    turns = "neighboring codes the manifold turns by more than 30 degrees"

    if twisted.value < 0.05:
        return f"Between only {share} of {turns}: interpolation between others can be relied on."

    if twisted.value < 0.5:
        return f"Between {share} of {turns}: do not interpolate there."

    return (
        f"Between {share} of {turns}: do not rely on what is interpolated, not even between"
        " neighbors. More examples, a smaller latent_dim or a smoother decoder would help."
    )


def _graph(r: Report) -> str:
    if r.n_components == 1:
        return "The graph of the codes is in one piece: there is a path between any two."

    return (
        f"The graph of the codes is in {r.n_components} pieces, the largest of which has"
        f" {100 * r.largest_component:.1f} % of them: there is no path from one to another."
    )


def _drifted(drift: Drift, known: Estimate) -> str:
    more = drift.off.value - known.value
    error = math.hypot(drift.off.standard_error, known.standard_error)
    shifts = [abs(e.value - 0.5) > 3 * e.standard_error for e in (drift.across, drift.along)]
    moved = more > 3 * error or any(shifts)

    return (
        f"Of {drift.n_examples:,} new examples, {_percent(drift.off)} are off the manifold. A new"
        f" one is farther from it than a known one in {_percent(drift.across)} of pairs, and at a"
        f" less dense place in {_percent(drift.along)}, where 50 % is no difference."
        f" {'They have drifted.' if moved else 'There is no sign of drift.'}"
        f"{_CAUTION if moved else ''}"
    )


_CAUTION = (
    " (If the known examples are those that the model was trained on, a part of this is that it"
    " knows them too well.)"
)


def _number(e: Estimate, digits: int = 2) -> str:
    error = f" ± {e.standard_error:.{digits}f}" if e.standard_error > 0 else ""
    return f"{e.value:.{digits}f}{error}"


def _percent(e: Estimate) -> str:
    return f"{100 * e.value:.1f} % ± {100 * e.standard_error:.1f} %"


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        value = value._asdict()

    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}

    if isinstance(value, list):
        return [_plain(v) for v in value]

    return None if isinstance(value, float) and not math.isfinite(value) else value
