r"""Figures of a manifold report, and the sentences that explain them."""

__all__ = ["Drift", "Report"]

import math
from typing import Any, NamedTuple

from ...common.atomic_files import to_plain
from ...common.estimates import Estimate


class Drift(NamedTuple):
    r"""Differences between new examples and known ones.

    See Also:
        :func:`~autoencode.manifold.report`

    Example:
        >>> from sklearn.datasets import load_iris
        >>> import autoencode as ae
        >>> X = load_iris().data
        >>> drift = ae.manifold.report(ae.linear(latent_dim=2).fit(X), X, X + 1).drift
        >>> drift.p_farther.value > 0.9
        True
    """

    n_examples: int
    r"""The number of new examples that were compared."""

    off_manifold: Estimate
    r"""The fraction of the new examples that are anomalies."""

    p_farther: Estimate
    r"""The probability that a new example is farther from the manifold than a known one: 1/2
    without drift."""

    p_less_dense: Estimate
    r"""The probability that a new example lies in a less dense region than a known one."""


class Report(NamedTuple):
    r"""Result of :func:`report`. It prints as text, and `to_dict` prepares it for JSON.

    See Also:
        :func:`~autoencode.manifold.report`

    Example:
        >>> from sklearn.datasets import load_digits
        >>> import autoencode as ae
        >>> from autoencode.manifold import report
        >>> X = load_digits().data[:600]
        >>> found = report(ae.linear(latent_dim=8).fit(X), X)
        >>> found.n_examples, found.trustworthiness.value > 0.9
        (600, True)
    """

    n_examples: int
    r"""The number of examples that were analyzed."""

    n_available: int
    r"""The number of examples that were given."""

    n_features: int
    r"""The number :math:`D` of numbers per example, or of tokens per row with the end token."""

    latent_dim: int
    r"""The number :math:`d` of numbers per code."""

    sample_sizes: dict[str, int]
    r"""The number of randomly chosen examples in each section."""

    n_duplicates: int
    r"""The number of examples that are copies of others."""

    dimension: Estimate | None
    r"""The intrinsic dimension of the data; `None` for tokens."""

    code_dimension: Estimate
    r"""The intrinsic dimension of the codes."""

    dimension_curves: dict[str, list[dict[str, float]]]
    r"""Dimension estimates by neighborhood size, for data and codes."""

    trustworthiness: Estimate
    r"""The extent to which neighbors of codes are neighbors in the data."""

    continuity: Estimate
    r"""The extent to which neighbors in the data are neighbors of codes."""

    tangent_dim: int | None
    r"""The dimension of the tangent planes; `None` for tokens."""

    projection_error: Estimate | None
    r"""The fraction of the squared distance to a neighbor that is normal to the tangent plane."""

    large_angle_fraction: Estimate | None
    r"""The fraction of the edges whose tangent planes differ by more than 30 degrees."""

    n_connected_components: int
    r"""The number of connected components of the graph of the codes."""

    largest_component_fraction: float
    r"""The fraction of the codes in the largest component."""

    off_manifold: Estimate
    r"""The fraction of the known examples that are anomalies."""

    drift: Drift | None
    r"""The differences of the new examples, if there are any."""

    def findings(self) -> dict[str, str]:
        r"""Plain-language sentences by topic."""
        return _findings(self)

    def to_dict(self) -> dict[str, Any]:
        r"""All figures for JSON; infinite and undefined numbers are `None`."""
        return to_plain(self)

    def __repr__(self) -> str:
        lines = (f"{name:<14} {text}" for name, text in self.findings().items())
        return "\n".join(lines)


def _findings(r: Report) -> dict[str, str]:
    t, c, M = r.trustworthiness, r.continuity, r.sample_sizes["neighbors"]
    size = f"{r.n_features:,} numbers" if r.dimension else f"up to {r.n_features - 1:,} tokens"
    drawn = "" if r.n_examples == r.n_available else f", a sample of {r.n_available:,},"
    sampled = "" if r.n_examples == M else f", from samples of {M:,} examples"

    findings = {
        "examples": (
            f"{r.n_examples:,} examples{drawn} with {size} each, in codes of {r.latent_dim}"
            f" numbers. {_duplicates(r.n_duplicates)} Each '±' is followed by a standard"
            f" error{sampled}."
        ),
        "dimension": _dimensions(r),
        "neighbors": (
            f"Trustworthiness {_number(t, 3)}: {_trustworthiness_verdict(t.value)}"
            f" Continuity {_number(c, 3)}: {_continuity_verdict(c.value)}"
        ),
    }

    if r.projection_error and r.large_angle_fraction and r.tangent_dim is not None:
        chance = 100 * (1 - r.tangent_dim / r.n_features)
        findings["planes"] = (
            f"{_percent(r.projection_error)} of the squared distance to a neighbor lies off the"
            f" {r.tangent_dim}-dimensional tangent plane (0 % is perfect, {chance:.0f} % is"
            f" chance). {_tangent_verdict(r.projection_error.value)}"
        )
        findings["interpolation"] = _interpolation(r.large_angle_fraction)

    findings["graph"] = _graph(r)
    findings["off manifold"] = (
        f"{_percent(r.off_manifold)} of the examples are off the manifold of the others (1 % is"
        " expected)."
    )

    if r.drift is not None:
        findings["new examples"] = _drift(r.drift, r.off_manifold)

    return findings if r.dimension else findings | {"left out": _TOKENS_NOTE}


_TOKENS_NOTE = (
    "The examples are tokens, which have edit distances but no directions. The dimension of the"
    " data, tangent planes and safe interpolation are therefore not defined. The distance of an"
    " example from the manifold is its surprisal given its own code, minus the expected surprisal."
)


def _dimensions(r: Report) -> str:
    c, d = r.code_dimension, r.dimension
    scale = "depending on the scale"

    if d is None:
        return (
            f"The codes have about {_number(c)} dimensions ({_range(r, 'codes')}, {scale}) out of"
            f" {r.latent_dim}."
        )

    return (
        f"The data have about {_number(d)} dimensions ({_range(r, 'data')}, {scale}). The codes"
        f" have {_number(c)} out of {r.latent_dim}. {_latent_dim_verdict(d, r.latent_dim)}"
    )


def _range(r: Report, name: str) -> str:
    low, high = (f(s["value"] for s in r.dimension_curves[name]) for f in (min, max))
    return f"{low:.1f} to {high:.1f}"


def _duplicates(n: int) -> str:
    return "There are no duplicates." if n == 0 else f"{n:,} of them are duplicates."


def _latent_dim_verdict(dimension: Estimate, latent_dim: int) -> str:
    if dimension.value > latent_dim + 3 * dimension.standard_error:
        return "The codes are too small for the data: a larger latent_dim would preserve more."

    if latent_dim > 3 * dimension.value:
        return "The codes are larger than the data require: a smaller latent_dim may suffice."

    return "The codes are large enough."


def _trustworthiness_verdict(value: float) -> str:
    if value >= 0.95:
        return "examples with similar codes are similar."

    if value >= 0.8:
        return "most examples with similar codes are similar, but not all."

    return "examples with similar codes may differ; do not search by codes."


def _continuity_verdict(value: float) -> str:
    if value >= 0.95:
        return "similar examples have similar codes."

    if value >= 0.8:
        return "most similar examples have similar codes, but some are separated."

    return "similar examples are separated; clusters of codes may not be clusters of data."


def _tangent_verdict(error: float) -> str:
    if error < 0.25:
        return "The planes are suitable for traversals and for augmentation."

    if error < 0.6:
        return "The planes are accurate for small steps only."

    return "The planes do not point to the neighbors; do not use them for augmentation."


def _interpolation(large_angles: Estimate) -> str:
    share = f"{_percent(large_angles)} of the edges between neighboring codes"
    turn = "the tangent plane turns by more than 30 degrees"

    if large_angles.value < 0.05:
        return f"Along only {share}, {turn}. Interpolation along all other edges is reliable."

    if large_angles.value < 0.5:
        return f"Along {share}, {turn}: do not interpolate there."

    return (
        f"Along {share}, {turn}: do not rely on interpolation, not even between"
        " neighbors. More examples, a smaller latent_dim or a smoother decoder would help."
    )


def _graph(r: Report) -> str:
    if r.n_connected_components == 1:
        return "The graph of the codes is connected: there is a path between any two codes."

    return (
        f"The graph of the codes has {r.n_connected_components} connected components. The largest"
        f" contains {100 * r.largest_component_fraction:.1f} % of the codes. There is no path from"
        " one component to another."
    )


def _drift(drift: Drift, known: Estimate) -> str:
    more = drift.off_manifold.value - known.value
    error = math.hypot(drift.off_manifold.standard_error, known.standard_error)
    shifts = [
        abs(p.value - 0.5) > 3 * p.standard_error for p in (drift.p_farther, drift.p_less_dense)
    ]
    drifted = more > 3 * error or any(shifts)

    return (
        f"{_percent(drift.off_manifold)} of {drift.n_examples:,} new examples are off the"
        f" manifold. A new example is farther from the manifold than a known one in"
        f" {_percent(drift.p_farther)} of pairs, and in a less dense region in"
        f" {_percent(drift.p_less_dense)} (without a difference, both are 50 %)."
        f" {'They have drifted.' if drifted else 'There is no sign of drift.'}"
        f"{_TRAINING_DATA_NOTE if drifted else ''}"
    )


_TRAINING_DATA_NOTE = (
    " (If the model was trained on the known examples, it reconstructs them better than new ones,"
    " which explains part of the difference.)"
)


def _number(e: Estimate, digits: int = 2) -> str:
    error = f" ± {e.standard_error:.{digits}f}" if e.standard_error > 0 else ""
    return f"{e.value:.{digits}f}{error}"


def _percent(e: Estimate) -> str:
    return f"{100 * e.value:.1f} % ± {100 * e.standard_error:.1f} %"
