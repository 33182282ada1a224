r"""Reconstructions and new examples."""

__all__ = ["check_new_examples", "check_reconstructions"]

from collections.abc import Iterator

import torch
from scipy.stats import ks_2samp
from torch import Tensor

from ..common.seeding import seeded
from ..distributions import Dirac
from ..evaluation import copying, fidelity
from ..evaluation.generation import nearest_distances
from ..inference.batched import map_batches
from ..inference.generation import draw_examples, sample_codes
from ..modalities.capabilities import Tiled, Tokenized
from ..pages import Chart
from ..training.linear.factor_analysis import principal_components
from .finding import Finding
from .subject import Sample, Subject, as_rows

_MAX_RATIO = 1.5  # of the errors of new and of training examples
_STANDARD_ERRORS = 4.0
_MIN_GAIN = 0.02  # over principal components
_MAX_OF_WIDER, _MIN_LOST = 0.4, 0.1  # of the model's error, and of the variance
_MIN_SHARPNESS = 0.3
_MIN_SIDE = 8
_FAR_RESIDUAL, _MAX_FAR_SHARE = 6.0, 2e-3
_MIN_COVERAGE = 0.4
_MAX_SHIFT = 0.5  # largest distance of distribution functions, 1 if they do not overlap
_MAX_COPYING = 0.7
_MIN_EXAMPLES = 40
_MAX_FEATURES = 64


def check_reconstructions(subject: Subject) -> Iterator[Finding]:
    r"""Yield findings about reconstructions of training examples and of new ones.

    Arguments:
        subject: The model and its data.
    """
    known, new, modality = subject.known, subject.new, subject.blueprint.modality

    if new is not None and min(len(known.x), len(new.x)) >= _MIN_EXAMPLES:
        yield from _overfit(known, new)

    if isinstance(modality, Tokenized):
        return

    if isinstance(subject.model.posterior, Dirac) and known.z.ndim == 2:
        yield from _linear(subject)

    if isinstance(modality, Tiled) and known.x.ndim == 4:
        yield from _blurred(subject.held_out)

    yield from _too_small(subject)

    if subject.model.posterior.has_density:
        yield from _misfit(subject)


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

    shifts = [ks_2samp(a, b).statistic for a, b in zip(z.T.numpy(), prior.T.numpy())]
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


def _overfit(known: Sample, new: Sample) -> Iterator[Finding]:
    a, b = known.error.double(), new.error.double()
    gap = float(b.mean() - a.mean())
    error = float((a.var() / len(a) + b.var() / len(b)).sqrt())

    if b.mean() > _MAX_RATIO * a.mean() and gap > _STANDARD_ERRORS * error:
        yield Finding(
            "over-fitting",
            0.7,
            f"New examples have an error of {float(b.mean()):.3g}, training examples of"
            f" {float(a.mean()):.3g}.",
            "Use a smaller code or network, Training(patience=10), a corruption, or more examples;"
            " or the new examples are of another kind.",
            {"error": float(a.mean()), "error_of_new": float(b.mean())},
            Chart(
                "histogram",
                {"training": a.cpu().numpy(), "new": b.cpu().numpy()},
                "Errors of training examples and of new ones.",
                "error of an example",
            ),
        )


def _linear(subject: Subject) -> Iterator[Finding]:
    known, held_out = subject.known.rows, subject.held_out
    d = min(subject.known.z.shape[1], *known.shape)
    mean = known.mean(dim=0)
    V, _ = principal_components(known - mean, d)
    x = held_out.rows - mean
    linear = float((x - x @ V.T @ V).square().sum() / len(x))
    own = float(held_out.error.mean())
    solved = not subject.blueprint.network.code_size(subject.blueprint.modality.shape_)

    if solved and own > (1 - _MIN_GAIN) * linear > 0 and hasattr(subject.training, "epochs"):
        yield Finding(
            "no better than linear",
            0.3,
            f"{d} principal components reconstruct as well: their error is {linear:.3g}, that of"
            f" the model {own:.3g}.",
            f"ae.linear({d}) is simpler; more epochs or a smaller code may show a gain.",
            {"error": own, "error_of_components": linear},
            Chart(
                "bars",
                {"this model": own, f"{d} principal components": linear},
                "The mean error of the model and of principal components.",
                "squared error of a scaled example",
            ),
        )


def _too_small(subject: Subject) -> Iterator[Finding]:
    r"""Yields whether twice as many principal components keep far more than the model does."""
    if subject.known.z.ndim != 2 or subject.known.x.isnan().any():
        return

    known, held_out = subject.known.rows, subject.held_out
    d = 2 * subject.known.z.shape[1]
    mean = known.mean(dim=0)
    x = held_out.rows - mean

    if d > min(known.shape) // 2:
        return

    V, _ = principal_components(known - mean, d)
    linear, total = float((x - x @ V.T @ V).square().sum()), float(x.square().sum())
    own = float((held_out.r.flatten(start_dim=1).double() - held_out.rows).square().sum())

    if linear < _MAX_OF_WIDER * own and own > _MIN_LOST * total:
        yield Finding(
            "code too small",
            0.25,
            f"{d} principal components lose {100 * linear / total:.0f} % of the variance, the"
            f" model with {d // 2} numbers {100 * own / total:.0f} %.",
            f"Use latent_dim={d}, unless a code of {d // 2} numbers is what you want, such as for"
            " a picture.",
            {"lost": own / total, "lost_by_components": linear / total},
            Chart(
                "bars",
                {
                    f"this model, {d // 2} numbers": 100 * own / total,
                    f"{d} principal components": 100 * linear / total,
                },
                "The share of the variance of examples that is lost.",
                "% of the variance",
            ),
        )


def _blurred(sample: Sample) -> Iterator[Finding]:
    if min(sample.x.shape[-2:]) < _MIN_SIDE:
        return

    sharpness = _edges(sample.r) / max(_edges(sample.x), 1e-12)

    if sharpness < _MIN_SHARPNESS:
        yield Finding(
            "blurred images",
            0.3,
            f"Reconstructions have {100 * sharpness:.0f} % of the detail of the images.",
            "Use a wider code, a smaller beta, more epochs, or ImageSimilarity as the objective.",
            {"sharpness": sharpness},
            Chart(
                "examples",
                {
                    name: a[:10].movedim(1, -1)[..., :3].clamp(0, 1).cpu().numpy()
                    for name, a in (("original", sample.x), ("reconstruction", sample.r))
                    if a.shape[1] in (1, 3)
                },
                "Images above their reconstructions.",
            )
            if sample.x.shape[1] in (1, 3)
            else None,
        )


def _edges(x: Tensor) -> float:
    r"""Returns the mean squared Laplacian of images."""
    inner = x[..., 1:-1, 1:-1]
    around = x[..., :-2, 1:-1] + x[..., 2:, 1:-1] + x[..., 1:-1, :-2] + x[..., 1:-1, 2:]
    return float((4 * inner - around).double().square().mean())


def _misfit(subject: Subject) -> Iterator[Finding]:
    r"""Yields whether residuals have far heavier tails than the likelihood."""
    known = subject.held_out

    with torch.no_grad():
        c = known.c
        p = subject.model.given(c).decode(known.z)
        base = getattr(p, "base_dist", p)

        if subject.model.likelihood.discrete or not isinstance(base, torch.distributions.Normal):
            return

        residual = ((known.x - p.mean) / p.stddev).abs()

    share = float((residual > _FAR_RESIDUAL).double().mean())

    if share > _MAX_FAR_SHARE:
        yield Finding(
            "likelihood misfit",
            0.6,
            f"{100 * share:.1f} % of the numbers lie more than six standard deviations from their"
            " prediction, which a Gaussian does not allow.",
            "likelihood=ae.distributions.StudentT() or Laplace() allows outliers;"
            " modality=ae.modalities.MixedTables() transforms skewed columns.",
            {"far_share": share},
            Chart(
                "histogram",
                {"residuals": residual.flatten().cpu().numpy()},
                "Residuals in standard deviations of the likelihood. A Gaussian has one in 300"
                " beyond three, and none beyond six.",
                "standard deviations",
                "share of numbers",
                {"3": 3.0, "6": 6.0},
            ),
        )
