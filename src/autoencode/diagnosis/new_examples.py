r"""New examples, and the prior that they are drawn from."""

__all__ = ["check_new_examples"]

from collections.abc import Iterator

import torch
from scipy.stats import ks_2samp
from torch import Tensor

from ..common.seeding import seeded
from ..evaluation import copying, fidelity
from ..evaluation.generation import nearest_distances
from ..inference.batched import map_batches
from ..inference.generation import draw_examples, sample_codes
from ..modalities.capabilities import Tiled, Tokenized
from ..pages import Chart
from ..training.linear.factor_analysis import principal_components
from .finding import Finding
from .subject import Subject, as_rows

_STANDARD_ERRORS = 4.0
_MIN_COVERAGE = 0.4
_MAX_SHIFT = 0.5  # largest distance of distribution functions, 1 if they do not overlap
_MAX_COPYING = 0.7
_MIN_EXAMPLES = 40
_MAX_FEATURES = 64


def check_new_examples(subject: Subject) -> Iterator[Finding]:
    r"""Yield findings about new examples of models with a density.

    Arguments:
        subject: The model and its data.
    """
    model, modality, real = subject.model, subject.blueprint.modality, subject.held_out
    few = len(real.x) < _MIN_EXAMPLES

    if few or not model.posterior.has_density or isinstance(modality, Tokenized):
        return

    with seeded(subject.seed):
        z = sample_codes(model, len(real.x), real.c)
        drawn = draw_examples(model, modality, z, real.c)
        codes = map_batches(model, lambda m, x: m.encode(x).sample(), real.x, real.c)

    yield from _off_prior(codes, z)

    new = as_rows(drawn)
    mean = real.rows.mean(dim=0)
    V, _ = principal_components(real.rows - mean, _MAX_FEATURES)
    x, y = ((rows - mean) @ V.T for rows in (real.rows, new))
    coverage = fidelity(x, y).coverage

    if coverage.value < _MIN_COVERAGE:
        yield Finding(
            "unlike samples",
            0.5,
            f"New examples cover only {100 * coverage.value:.0f} % of the real ones: the prior and"
            " the codes of the data lie in different places, or samples are blurred.",
            "prior=ae.priors.Mixture() or ae.priors.FlowPrior() follows the codes; more epochs and"
            " a wider code sharpen samples.",
            {"coverage": coverage.value},
            _clouds(x, y),
        )

    if subject.new is not None:
        # New images are means, so that they are compared with means: these lack the same noise
        means = isinstance(modality, Tiled)
        known, x = (
            ((as_rows(s.r) if means else s.rows) - mean) @ V.T for s in (subject.known, real)
        )
        p = copying(known, x, y)

        if p.value > _MAX_COPYING and p.value > 0.5 + _STANDARD_ERRORS * p.standard_error:
            yield Finding(
                "copies",
                0.72,
                f"New examples repeat training examples: one is closer to them than a held-out"
                f" example is with probability {p.value:.2f}, for 0.5 without copies.",
                "Use a narrower network or code, more examples, or prior=StandardNormal().",
                {"copying": p.value},
                Chart(
                    "histogram",
                    {
                        name: nearest_distances(rows, known).numpy()
                        for name, rows in (("held out", x), ("new", y))
                    },
                    "Distances to the nearest training example: new ones lie closer.",
                    "distance to the nearest training example",
                ),
            )


def _off_prior(z: Tensor, prior: Tensor) -> Iterator[Finding]:
    r"""Yields whether codes are distributed otherwise than the prior, unit by unit."""
    if z.ndim != 2:
        return

    shifts = [
        ks_2samp(a, b, method="asymp").statistic for a, b in zip(z.T.numpy(), prior.T.numpy())
    ]
    j = max(range(len(shifts)), key=lambda k: shifts[k])
    away = sum(shift > _MAX_SHIFT for shift in shifts)

    if away:
        yield Finding(
            "codes off the prior",
            0.96,
            f"{away} of {len(shifts)} units of the codes are distributed otherwise than the prior,"
            f" so that new examples come from where no codes are: z{j + 1} most.",
            "prior=ae.priors.Mixture() or ae.priors.FlowPrior() follows the codes; a larger beta"
            " draws them to the prior.",
            {"units": float(away), "largest_shift": float(shifts[j])},
            Chart(
                "histogram",
                {"codes": z[:, j].numpy(), "prior": prior[:, j].numpy()},
                f"The unit z{j + 1} of codes, and of draws from the prior.",
                f"z{j + 1}",
            ),
        )


def _clouds(x: Tensor, y: Tensor) -> Chart:
    both = {
        name: torch.nn.functional.pad(rows, (0, max(0, 2 - rows.shape[1])))[:, :2].numpy()
        for name, rows in (("real", x), ("new", y))
    }
    return Chart(
        "points", both, "Real examples and new ones, which should overlap.",
        "1st principal component", "2nd principal component",
    )  # fmt: skip
