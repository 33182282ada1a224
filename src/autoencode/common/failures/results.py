r"""Texts of warnings about trained models: their losses, errors, codes and densities."""

__all__ = ["collapsed", "no_better", "not_finite", "still_falling", "too_wide", "uneven"]

import math
from collections.abc import Sequence

_MIN_GAIN = 0.02  # a fraction for errors, nats per number for log-likelihoods
_MAX_FALL_BY_SPAN = {0.25: 0.1, 0.5: 0.25}  # last fraction of the epochs: fraction of the gain
_MIN_EPOCHS_FOR_MEANS = 4


def collapsed(active_units: int, latent_dim: int, beta: float = 1.0) -> str | None:
    r"""Warning about a posterior that has collapsed to the prior.

    Arguments:
        active_units: The number of active features, see
            :func:`~autoencode.evaluation.active_units`.
        latent_dim: The number of features.
        beta: The weight of the rate.

    Example:
        >>> collapsed(0, 8, beta=4.0)
        'no active unit: the posterior has collapsed, and none of the 8 features of the code...'
        >>> collapsed(1, 8) is None
        True
    """
    if active_units > 0:
        return None

    remedy = f"a smaller weight of the rate than beta={beta:g}, " if beta > 1 else ""

    return (
        f"no active unit: the posterior has collapsed, and none of the {latent_dim} features of"
        " the code carries information about the examples. If the examples have structure to"
        f" learn, try {remedy}more epochs, ae.vae(free_nats=4) or"
        " ae.vae(warmup=0.5) (command line: --free-nats 4 or --warmup 0.5)."
    )


def no_better(
    ours: float,
    trivial: float,
    *,
    density: bool,
    error: float = 0.0,
    numbers: int = 1,
    beta: float = 1.0,
) -> str | None:
    r"""Warning about a model that is not better than a constant prediction.

    A reconstruction error must be at least 2 % lower than that of the mean example. A
    log-likelihood is called worse if it is lower by more than two standard errors and by more than
    0.02 nats per number.

    Arguments:
        ours: The mean reconstruction error, or log-likelihood, of the model.
        trivial: The same measure of one constant prediction for all examples.
        density: Whether these are log-likelihoods in nats, where higher is better.
        error: The standard error of the difference of the log-likelihoods.
        numbers: The number of elements of an example.
        beta: The weight of the rate.

    Example:
        >>> no_better(3.0, 2.9, density=False)
        'worse than the mean example: the reconstruction error is 3, that of the mean is 2.9...'
        >>> no_better(-3453.0, -5.0, density=True)
        'worse than a constant density: the mean log-likelihood of an example is -3453 nats...'
        >>> no_better(1.0, 2.9, density=False) is None
        True
    """
    weight = f"a weight of the rate below beta={beta:g} (command line: --beta), " * (beta > 1)
    remedy = (
        "Train longer, with training=Training(epochs=...) (command line: --epochs), or use"
        f" {weight}a smaller learning_rate, another latent_dim or more examples"
    )

    if density and not ours > trivial - max(2 * error, _MIN_GAIN * numbers):
        return (
            f"worse than a constant density: the mean log-likelihood of an example is {ours:.4g}"
            f" nats, that of one density for all examples is {trivial:.4g}. {remedy}."
        )

    if not density and not ours < (1 - _MIN_GAIN) * trivial and trivial > 0:
        how = "worse than" if ours > trivial else "no better than"
        return (
            f"{how} the mean example: the reconstruction error is {ours:.4g}, that of the mean is"
            f" {trivial:.4g}. {remedy}."
        )

    return None


def still_falling(
    losses: Sequence[float],
    learned: float,
    final: float | None = None,
    noise: float = 0.0,
    budget: float | str | None = None,
) -> str | None:
    r"""Warning about a loss that was still falling when training ended.

    The loss is compared with the total gain over a constant prediction: it must not fall by more
    than a tenth of the gain over the last quarter of the epochs, nor by more than a quarter of it
    over the last half. The last epoch alone says little, as the learning rate ends at zero.

    Arguments:
        losses: The mean loss of each epoch.
        learned: The gain: the loss of a constant prediction minus that of the model.
        final: The loss of the trained model, which completes the losses of few epochs.
        noise: The standard error of a mean loss.
        budget: The time budget, if the training had one instead of a number of epochs.

    Example:
        >>> still_falling([40.0, 31.0], 20.0, final=25.0)
        'the loss was still falling at the end, by 6 over the last 1 of 2 epochs: train longer...'
        >>> still_falling([40.0, 20.1, 20.0, 20.0, 20.0], learned=20.0) is None
        True
    """
    epochs, points = len(losses), [*losses]

    if epochs < _MIN_EPOCHS_FOR_MEANS and final is not None:
        points.append(final)

    for span, share in _MAX_FALL_BY_SPAN.items():
        last = math.ceil(span * (len(points) - 1))

        if last == 0:
            continue

        k = (last + 3) // 4  # means over several epochs are less noisy
        begin, end = (sum(p) / k for p in (points[-last - k :][:k], points[-k:]))
        fall = begin - end

        if fall > max(share * learned, 2 * noise, 1e-3 * abs(begin)):
            longer = (
                f"training=Training(epochs={2 * epochs}) (command line: --epochs {2 * epochs})"
                if budget is None
                else f"a time_budget beyond {budget!r} (command line: --time-budget)"
            )
            return (
                f"the loss was still falling at the end, by {fall:.3g} over the last {last} of"
                f" {epochs} epoch{'s' * (epochs > 1)}: train longer, with {longer}."
            )

    return None


def not_finite(skipped: int, steps: int, learning_rate: float) -> str | None:
    r"""Warning about steps that were skipped because their loss or gradient was not finite.

    Arguments:
        skipped: The number of skipped steps.
        steps: The number of all steps.
        learning_rate: The learning rate.

    Example:
        >>> not_finite(3, 200, 0.002)
        '3 of 200 steps were skipped because their loss or gradient was not finite...'
    """
    if skipped == 0:
        return None

    return (
        f"{skipped:,} of {steps:,} steps were skipped because their loss or gradient was not"
        f" finite. Check for extreme examples, or lower the learning rate of {learning_rate:g} and"
        f" clip gradients: training=Training(learning_rate={learning_rate / 4:g},"
        " max_grad_norm=1.0) (command line: --learning-rate, --max-grad-norm)."
    )


def too_wide(latent_dim: int, numbers: int, rows: int, limited: bool) -> str | None:
    r"""Warning about a code as wide as the data, or with as many features as examples.

    Arguments:
        latent_dim: The number of features of the code.
        numbers: The number of elements of an example that vary.
        rows: The number of examples.
        limited: Whether noise, a rate or a penalty limits the information in the code.

    Example:
        >>> too_wide(16, 4, 150, limited=False)
        'the code of 16 numbers is as wide as the examples, of 4, and need not compress them...'
        >>> too_wide(16, 64, 8, limited=True)
        'the code has 16 numbers for 8 examples...'
    """
    if latent_dim >= numbers > 1 and not limited:
        less = max(1, numbers // 2)
        return (
            f"the code of {latent_dim} numbers is as wide as the examples, of {numbers}, and need"
            f" not compress them. Use about latent_dim={less} (command line: --latent-dim {less})."
        )

    if latent_dim >= rows > 2:
        less = max(1, rows // 2)
        return (
            f"the code has {latent_dim} numbers for {rows} examples. A code of {rows - 1} numbers"
            f" can already represent {rows} arbitrary examples. Use latent_dim={less} or less"
            f" (command line: --latent-dim {less})."
        )

    return None


def uneven(ours: float, independent: float, error: float, numbers: int) -> str | None:
    r"""Warning about a model with one scale whose density is below that of independent numbers.

    Arguments:
        ours: The mean log-likelihood of a held-out example under the model, in nats.
        independent: The same under independent normal distributions, with a scale for each number.
        error: The standard error of the difference.
        numbers: The number of elements of an example.

    Example:
        >>> uneven(-5152.0, -4380.0, 20.0, 5040)
        'worse than independent numbers: the mean log-likelihood of a held-out example is -5152...'
        >>> uneven(-3702.0, -7058.0, 20.0, 5040) is None
        True
    """
    if not independent - ours > max(2 * error, _MIN_GAIN * numbers):
        return None

    return (
        f"worse than independent numbers: the mean log-likelihood of a held-out example is"
        f" {ours:.4g} nats, that of independent normal numbers is {independent:.4g}. Some numbers"
        " vary far less than others, and the model has one scale for all:"
        " likelihood=DiagonalGaussian() (command line: --likelihood DiagonalGaussian) learns one"
        " for each."
    )
