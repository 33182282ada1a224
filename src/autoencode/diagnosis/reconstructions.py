r"""Reconstructions of training examples and of new ones."""

__all__ = ["check_reconstructions", "gain_over_components", "not_carried_over"]

from collections.abc import Iterator

from torch import Tensor

from ..common.estimates import Estimate, estimate_mean
from ..distributions import Dirac, PointMass
from ..inference.quality.reconstructions import explained
from ..modalities.capabilities import Tiled, Tokenized
from ..modalities.capabilities.tables import scaled_error
from ..pages import Chart
from ..training.linear.factor_analysis import principal_components
from .detail import check_detail
from .finding import Finding
from .subject import Sample, Subject
from .tails import check_tails

_MAX_NOT_CARRIED_OVER = 0.2
_STANDARD_ERRORS = 4.0
_MIN_GAIN = 0.05  # over principal components
_MAX_OF_WIDER, _MIN_LOST = 0.4, 0.1  # of the model's error, and of the variance
_MIN_EXAMPLES = 40


def check_reconstructions(subject: Subject) -> Iterator[Finding]:
    r"""Yield findings about reconstructions of training examples and of new ones.

    Arguments:
        subject: The model and its data.
    """
    modality, known = subject.blueprint.modality, subject.known
    yield from _overfit(subject)

    if isinstance(modality, Tokenized):
        return

    if isinstance(subject.model.posterior, Dirac) and known.z.ndim == 2:
        yield from _linear(subject)

    if isinstance(modality, Tiled) and known.x.ndim == 4:
        yield from check_detail(subject)

    yield from _too_small(subject)

    if subject.model.posterior.has_density:
        yield from check_tails(subject)


def not_carried_over(subject: Subject) -> Estimate | None:
    r"""Share of what the model has learned of training examples that fails on new ones.

    .. math:: 1 - \frac{1 - e' / t'}{1 - e / t}

    Here :math:`e` is the mean error of training examples, :math:`t` that of their mean example, or
    of texts with the mean code, and :math:`e', t'` are the same for new examples. Errors of new
    examples are always larger than those of training examples, and many times as large where both
    are small. This share does not depend on how small they are.

    Arguments:
        subject: The model and its data.

    Returns:
        The share with its standard error, by the delta method; `None` if the model has learned
        nothing, or examples are too few.
    """
    known, new = subject.known, subject.new

    if new is None or min(len(known.x), len(new.x)) < _MIN_EXAMPLES:
        return None

    own, other = (_learned(sample, subject) for sample in (known, new))

    if own is None or other is None or not own.value > 0:
        return None

    ratio = other.value / own.value
    error = (other.standard_error**2 + (ratio * own.standard_error) ** 2) ** 0.5 / own.value

    return Estimate(1 - ratio, error)


def gain_over_components(subject: Subject) -> Estimate:
    r"""Error of as many principal components as the code has numbers, less that of the model.

    .. math:: \frac{\sum_i (p_i - e_i)}{\sum_i p_i}

    The errors :math:`p` and :math:`e` are those of held-out examples, or of training examples if
    there are no others. The standard error is that of paired differences.

    Arguments:
        subject: The model and its data.
    """
    linear, own = _errors_of_components(subject), subject.held_out.error.double().cpu()
    mean = float(linear.mean().clamp(min=1e-300))
    found = estimate_mean(linear - own)

    return Estimate(found.value / mean, found.standard_error / mean)


def _learned(sample: Sample, subject: Subject) -> Estimate | None:
    r"""Returns the share of the error of one reconstruction for all that examples do not have."""
    modality, known = subject.blueprint.modality, subject.known
    n = subject.compared(sample)
    error = sample.error[:n].double().cpu()

    if not isinstance(modality, Tokenized):
        mean = known.x.nanmean(dim=0).nan_to_num().expand_as(sample.x)
        trivial = scaled_error(modality, sample.x, PointMass(mean))
    elif known.z.ndim == 2:
        z = known.z.mean(dim=0).expand_as(sample.z[:n])
        trivial = subject.errors(sample.x[:n], z, None if sample.c is None else sample.c[:n])
    else:
        return None

    return explained(error, trivial[:n].double().cpu())


def _overfit(subject: Subject) -> Iterator[Finding]:
    lost = not_carried_over(subject)

    if lost is None or not lost.value - _STANDARD_ERRORS * lost.standard_error > 0:
        return

    if lost.value > _MAX_NOT_CARRIED_OVER:
        assert subject.new is not None
        a, b = (sample.error.double().cpu() for sample in (subject.known, subject.new))
        yield Finding(
            "over-fitting",
            0.7,
            f"{100 * min(lost.value, 1):.0f} % of what the model has learned of training examples"
            f" fails on new ones: their errors are {float(a.mean()):.3g} and"
            f" {float(b.mean()):.3g}.",
            "Use a smaller code or network, Training(patience=10), a corruption, or more examples;"
            " or the new examples are of another kind.",
            {
                "not_carried_over": lost.value,
                "error": float(a.mean()),
                "error_of_new": float(b.mean()),
            },
            Chart(
                "histogram",
                {"training": a.numpy(), "new": b.numpy()},
                "Errors of training examples and of new ones.",
                "error of an example",
            ),
        )


def _errors_of_components(subject: Subject) -> Tensor:
    r"""Returns the errors of held-out examples, without the numbers that are missing."""
    known, some = (
        sample.x.flatten(start_dim=1).double().cpu()
        for sample in (subject.known, subject.held_out)
    )
    mean = known.nanmean(dim=0).nan_to_num()
    known, there, some = (known - mean).nan_to_num(), ~some.isnan(), (some - mean).nan_to_num()
    V, _ = principal_components(known, min(subject.known.z[0].numel(), *known.shape))

    return ((some - some @ V.T @ V) * there).square().sum(dim=1)


def _linear(subject: Subject) -> Iterator[Finding]:
    d = subject.known.z.shape[1]
    gain = gain_over_components(subject)
    linear, own = _errors_of_components(subject).mean(), float(subject.held_out.error.mean())
    solved = not subject.blueprint.network.code_size(subject.blueprint.modality.shape_)
    trained = hasattr(subject.training, "epochs")

    if solved and trained and linear > 0 and gain.value + 2 * gain.standard_error < _MIN_GAIN:
        yield Finding(
            "no better than linear",
            0.28,
            f"{d} principal components reconstruct as well: their error is {float(linear):.3g},"
            f" that of the model {own:.3g}.",
            f"ae.linear({d}) is simpler; more epochs or a smaller code may show a gain.",
            {
                "error": own,
                "error_of_components": float(linear),
                "gain": gain.value,
                "gain_standard_error": gain.standard_error,
            },
            Chart(
                "bars",
                {"this model": own, f"{d} principal components": float(linear)},
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
