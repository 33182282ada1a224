r"""Tails of residuals, against those of a Gaussian likelihood."""

__all__ = ["check_tails", "gain_of_heavy_tails"]

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Normal, StudentT

from ..common.estimates import Estimate, estimate_mean
from ..pages import Chart
from .finding import Finding
from .subject import Sample, Subject

_MAX_FAR_SHARE = 2e-3
_MIN_GAIN = 0.05  # nats of each number
_STANDARD_ERRORS = 4.0
_FAR = 6.0  # standard deviations
_DEGREES = (1.5, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0)
_STEPS = 30


class Tails(NamedTuple):
    r"""Gain of heavy tails.

    Example:
        >>> Tails(Estimate(0.3, 0.01), 2.0).degrees_of_freedom
        2.0
    """

    gain: Estimate
    r"""The gain in log-likelihood of a number, in nats."""

    degrees_of_freedom: float


def gain_of_heavy_tails(subject: Subject) -> Tails | None:
    r"""Gain in the log-likelihood of a number if residuals are not Gaussian but Student's t.

    .. math:: \mathbb{E} \Big[ \log \tfrac{1}{s} \, t_\nu(r / s) - \log N(r; 0, \sigma^2) \Big]

    Both are fitted to the residuals :math:`r` of half of the training examples, in standard
    deviations of the likelihood, and judged on the other half. New examples may have larger
    residuals for other reasons.

    Arguments:
        subject: A model with a density.

    Returns:
        The gain with its standard error over examples; `None` if the likelihood is not Gaussian.
    """
    residuals = _residuals(subject.known, subject)

    if residuals is None:
        return None

    fitted, judged = residuals[::2], residuals[1::2]
    r = fitted[fitted.isfinite()]
    gaussian = Normal(0.0, r.square().mean().sqrt().clamp(min=1e-12))
    tailed = [StudentT(v, 0.0, _scale(r, v)) for v in _DEGREES]
    best = max(tailed, key=lambda p: float(p.log_prob(r).mean()))
    gain = (best.log_prob(judged) - gaussian.log_prob(judged)).nanmean(dim=1)

    return Tails(estimate_mean(gain[gain.isfinite()]), float(best.df))


def check_tails(subject: Subject) -> Iterator[Finding]:
    r"""Yield whether residuals have far heavier tails than the likelihood.

    Arguments:
        subject: A model with a density.
    """
    found = gain_of_heavy_tails(subject)

    if found is None:
        return

    value, error = found.gain
    residual = _residuals(subject.held_out, subject)
    assert residual is not None
    residual = residual[residual.isfinite()].abs()
    share = float((residual > _FAR).double().mean())

    if share < _MAX_FAR_SHARE or value < max(_MIN_GAIN, _STANDARD_ERRORS * error):
        return

    yield Finding(
        "likelihood misfit",
        0.6,
        f"Residuals are not Gaussian: Student's t with {found.degrees_of_freedom:g} degrees of"
        f" freedom gains {value:.2g} nats of each number, and {100 * share:.2g} % of them lie more"
        " than six standard deviations from their prediction.",
        "likelihood=ae.distributions.StudentT() or Laplace() allows outliers;"
        " modality=ae.modalities.MixedTables() transforms skewed columns.",
        {"gain": value, "degrees_of_freedom": found.degrees_of_freedom, "far_share": share},
        Chart(
            "histogram",
            {"residuals": residual.cpu().numpy()},
            "Residuals in standard deviations of the likelihood. A Gaussian has one in 300"
            " beyond three, and none beyond six.",
            "standard deviations",
            "share of numbers",
            {"3": 3.0, "6": _FAR},
        ),
    )


def _residuals(sample: Sample, subject: Subject) -> Tensor | None:
    r"""Returns residuals in standard deviations of a Gaussian, with shape `(N, D)`."""
    with torch.no_grad():
        p = subject.model.given(sample.c).decode(sample.z)
        base = getattr(p, "base_dist", p)

        if subject.model.likelihood.discrete or not isinstance(base, Normal):
            return None

        return ((sample.x - p.mean) / p.stddev).flatten(start_dim=1).double().cpu()


def _scale(r: Tensor, degrees: float) -> Tensor:
    r"""Returns the most probable scale of Student's t, by the EM algorithm."""
    s2 = r.square().median().clamp(min=1e-24)

    for _ in range(_STEPS):
        w = (degrees + 1) / (degrees + r.square() / s2)
        s2 = (w * r.square()).mean().clamp(min=1e-24)

    return s2.sqrt()
