r"""Warnings about visible failures of a fit, each with the setting to change.

Each function takes a few numbers and returns the text of a warning, or `None` if all is well. The
numbers are gathered in :mod:`autoencode.training.diagnosis`.
"""

__all__ = [
    "FitWarning",
    "collapsed",
    "cut_off",
    "dominated",
    "length_limit",
    "long_outlier",
    "long_sound",
    "no_better",
    "not_finite",
    "reduced",
    "still_falling",
    "too_wide",
    "uneven",
    "warn",
]

import math
import sys
import warnings
from collections.abc import Sequence

_MIN_GAIN = 0.02  # a fraction for errors, nats per number for log-likelihoods
_MAX_FALL_BY_SPAN = {0.25: 0.1, 0.5: 0.25}  # last fraction of the epochs: fraction of the gain
_MIN_EPOCHS_FOR_MEANS = 4
_MAX_SHARE_OF_SUM = 0.5
_OUTLIER_LENGTH_RATIO = 10
_MAX_CHEAP_BYTES = 256
_MIN_TEXTS_TO_CUT = 20
_MIN_USED_FRACTION = 0.5
_MAX_CROPPED_FRACTION = 0.2
_MIN_PIXEL_FRACTION = 0.5


class FitWarning(UserWarning):
    r"""Warning about a visible failure of a fit, with the setting to change.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("error", FitWarning)
        ...     warn("the loss was still falling at the end")
        Traceback (most recent call last):
        ...
        autoencode.common.failures.FitWarning: the loss was still falling at the end
    """


def warn(message: str | None) -> None:
    r"""Issue a warning that points at the user's call into this library.

    Arguments:
        message: The text of the warning, or `None` for no warning.

    Example:
        >>> warn(None)
    """
    if message is None:
        return

    frame, level, package = sys._getframe(1), 2, __name__.partition(".")[0]

    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame, level = frame.f_back, level + 1

    warnings.warn(message, FitWarning, stacklevel=level)


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
    ours: float, trivial: float, *, density: bool, error: float = 0.0, numbers: int = 1
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

    Example:
        >>> no_better(3.0, 2.9, density=False)
        'worse than the mean example: the reconstruction error is 3, that of the mean is 2.9...'
        >>> no_better(-3453.0, -5.0, density=True)
        'worse than a constant density: the mean log-likelihood of an example is -3453 nats...'
        >>> no_better(1.0, 2.9, density=False) is None
        True
    """
    remedy = (
        "Train longer, with training=Training(epochs=...) (command line: --epochs), or use a"
        " smaller learning_rate, another latent_dim or more examples"
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


def dominated(name: str, share: float, what: str) -> str | None:
    r"""Warning about one example that contributes most of a sum over all examples.

    Arguments:
        name: The name of the example.
        share: Its share of the sum.
        what: The name of the sum.

    Example:
        >>> dominated("row 17", 0.97, "the variance of column 3")
        'one example dominates all others: row 17 makes up 97 % of the variance of column 3...'
    """
    if not share > _MAX_SHARE_OF_SUM:
        return None

    return (
        f"one example dominates all others: {name} makes up {100 * min(share, 1):.0f} % of {what}."
        " Correct it, remove it, or take logarithms of such columns."
        " modality=ae.modalities.MixedTables() (command line: --modality MixedTables) transforms"
        " each column to normal scores."
    )


def length_limit(lengths: Sequence[int]) -> int | None:
    r"""The length to cut texts off at, if few are so long that they would set the cost of all.

    It is ten times the length that 99 or 95 in 100 texts do not exceed, and at least 256 bytes.

    Arguments:
        lengths: The number of bytes of each text.

    Returns:
        The number of bytes, or `None` if no text is longer, or if there are less than twenty.

    Example:
        >>> length_limit([20] * 499 + [100_000]), length_limit([40] * 499 + [100_000])
        (256, 400)
        >>> length_limit([20, 30, 300, 40] * 10) is None
        True
    """
    return _usual_limit(lengths) if len(lengths) >= _MIN_TEXTS_TO_CUT else None


def long_outlier(lengths: Sequence[int]) -> str | None:
    r"""Warning about a few very long texts, which are cut off or determine the cost of all.

    Arguments:
        lengths: The number of bytes of each text.

    Example:
        >>> long_outlier([20] * 499 + [100_000])
        '1 of 500 texts is cut off at 256 bytes, as its length would set the cost of all: the...'
        >>> long_outlier([20, 30, 300, 40]) is None
        True
    """
    limit = _usual_limit(lengths)

    if limit is None:
        return None

    n, longest = sum(k > limit for k in lengths), max(lengths)

    if length_limit(lengths) is None:
        return (
            f"few long texts determine the cost of all: the longest of {len(lengths):,} texts has"
            f" {longest:,} bytes. Truncate it, with modality=Texts(max_bytes={limit},"
            f" truncate=True) (command line: --modality Texts --modality.max_bytes {limit}"
            " --modality.truncate), or remove it."
        )

    what = "is cut off at {} bytes, as its" if n == 1 else "are cut off at {} bytes, as their"

    return (
        f"{n:,} of {len(lengths):,} texts {what.format(limit)} length would set the cost of all:"
        f" the longest has {longest:,} bytes. To keep all of it, say"
        f" modality=Texts(max_bytes={longest}) (command line: --modality Texts"
        f" --modality.max_bytes {longest}); to cut elsewhere, add truncate=True"
        " (--modality.truncate) to another number."
    )


def _usual_limit(lengths: Sequence[int]) -> int | None:
    r"""Returns ten times the length of nearly all texts, if one is longer."""
    ordered = sorted(lengths)

    for share in (0.99, 0.95):
        usual = ordered[int(share * (len(ordered) - 1))] if ordered else 0
        limit = max(_OUTLIER_LENGTH_RATIO * usual, _MAX_CHEAP_BYTES)

        if len(ordered) > 1 and ordered[-1] > limit:
            return limit

    return None


def long_sound(lengths: Sequence[float], seconds: float) -> str | None:
    r"""Warning about one recording that gives most of the windows, and determines the cost.

    Arguments:
        lengths: The lengths of the recordings in seconds.
        seconds: The length of a window in seconds.

    Example:
        >>> long_sound([0.5] * 99 + [3600.0], 0.5)
        'one sound determines the cost of all: the longest of 100 recordings, of 3600 s, makes...'
        >>> long_sound([60.0, 70.0, 90.0, 100.0], 1.0) is None
        True
    """
    windows = [max(1.0, 2 * length / seconds - 1) for length in lengths]
    share = max(windows, default=0.0) / max(sum(windows), 1e-9)

    if (
        len(lengths) < 2
        or share <= _MAX_SHARE_OF_SUM
        or max(lengths) <= _OUTLIER_LENGTH_RATIO * seconds
    ):
        return None

    return (
        f"one sound determines the cost of all: the longest of {len(lengths):,} recordings, of"
        f" {max(lengths):.0f} s, makes up {100 * share:.0f} % of the windows of {seconds:g} s."
        f" Remove or shorten it, or use longer windows: modality=Sounds(seconds="
        f"{10 * seconds:g}) (command line: --modality Sounds --modality.seconds {10 * seconds:g})."
    )


def cut_off(kind: str, used: float, remedy: str) -> str | None:
    r"""Warning about input that is mostly cut off.

    Arguments:
        kind: The kind of input, and its length after cutting.
        used: The fraction that is used.
        remedy: The setting that uses more of it.

    Example:
        >>> cut_off("the sounds, of which 1 s is taken", 0.02, "seconds=60")
        'most of the input is unused: only 2 % is used of the sounds, of which 1 s is taken...'
    """
    if used > _MIN_USED_FRACTION:
        return None

    return f"most of the input is unused: only {100 * used:.2g} % is used of {kind}. Use {remedy}."


def reduced(
    own: tuple[int, int], size: tuple[int, int], cropped: float, chosen: bool
) -> str | None:
    r"""Warning about images that are scaled to a small size, or cropped at their edges.

    Arguments:
        own: The median height and width of the images.
        size: The height and width after scaling.
        cropped: The mean fraction of the area that is cropped.
        chosen: Whether the user chose the size.

    Example:
        >>> reduced((512, 512), (128, 128), 0.0, chosen=False)
        'images of 512 x 512 became 128 x 128: modality=Images(size=512) (command line: ...'
    """
    setting = f"{own[0]}" if own[0] == own[1] else f"({own[0]}, {own[1]})"
    flag = " ".join(map(str, own[:1] if own[0] == own[1] else own))
    remedy = (
        f"modality=Images(size={setting}) (command line: --modality Images --modality.size {flag})"
    )
    was, now = (f"{a} x {b}" for a, b in (own, size))
    lost = f"{100 * cropped:.0f} % of their area is cropped because their shapes differ"

    if not chosen and size[0] * size[1] < _MIN_PIXEL_FRACTION * own[0] * own[1]:
        also = f"; {lost}" * (cropped > _MAX_CROPPED_FRACTION)
        return f"images of {was} became {now}: {remedy} keeps more detail, and takes longer{also}."

    if cropped > (_MIN_USED_FRACTION if chosen else _MAX_CROPPED_FRACTION):
        return (
            f"images of {was} became {now}: {lost}. Use images of one shape, or a size that fits"
            f" most of them: {remedy}."
        )

    return None


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
