r"""Visible failures of a fit, each found in a few numbers and told in one sentence.

Each function takes numbers and returns what is to be said, with the setting to change, or `None`.
Where the numbers come from does not matter to it: see :mod:`autoencode.training.diagnosis`.
"""

__all__ = [
    "FitWarning",
    "collapsed",
    "cut_off",
    "dominated",
    "long_outlier",
    "long_sound",
    "no_better",
    "not_finite",
    "reduced",
    "still_falling",
    "too_wide",
    "warn",
]

import math
import sys
import warnings
from collections.abc import Sequence

_TRIVIAL = 0.02  # of the error of a constant, or nats per number: no gain worth a model
_FALLING = {0.25: 0.1, 0.5: 0.25}  # of all that was learned, by the share of the epochs
_FEW_EPOCHS = 4  # of which the mean loss of the last is no measure of the end
_DOMINATES = 0.5  # of the sum over all examples
_LONG = 10  # times as long as nearly all others
_LONG_ENOUGH = 256  # bytes: shorter texts are cheap whatever the others are
_UNUSED = 0.5  # of recordings and texts
_CROPPED = 0.2  # of images
_SMALL = 0.5  # of the pixels of images


class FitWarning(UserWarning):
    r"""A visible failure of a fit, with the setting to change.

    Example:
        >>> import warnings
        >>> warnings.simplefilter("error", FitWarning)  # doctest: +SKIP
    """


def warn(message: str | None) -> None:
    r"""Warns the user, at the line outside of this library that led here.

    Arguments:
        message: What is to be said, if anything.

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
    r"""No feature of the code is active: the posterior has collapsed to the prior.

    Arguments:
        active_units: The number of active features, see
            :func:`~autoencode.evaluation.measures.active_units`.
        latent_dim: The number of all.
        beta: The weight of the rate.

    Example:
        >>> collapsed(0, 8, beta=4.0)
        'no active unit: none of the 8 features of the code says anything about the examples...'
        >>> collapsed(1, 8) is None
        True
    """
    if active_units > 0:
        return None

    remedy = f"a smaller weight of the rate than beta={beta:g}, " if beta > 1 else ""

    return (
        f"no active unit: none of the {latent_dim} features of the code says anything about the"
        " examples (the posterior has collapsed), unless the examples have nothing in common to"
        f" say. Try {remedy}more epochs, or a rate that costs nothing at first,"
        " objective=ELBO(free_bits=4) or ELBO(warmup=0.5) (command line: --free-bits 4 or"
        " --warmup 0.5)."
    )


def no_better(
    ours: float, trivial: float, *, density: bool, error: float = 0.0, numbers: int = 1
) -> str | None:
    r"""A model that is no better than one which knows nothing of an example.

    Of errors, what gains less than 2 % is no better. Of log-likelihoods, a model is said to be
    worse if it is by more than two standard errors and 0.02 nats per number.

    Arguments:
        ours: The mean error of reconstruction, or log-likelihood, of the model.
        trivial: That of one constant for all examples.
        density: Whether they are log-likelihoods in nats, of which higher is better.
        error: The standard error of the difference of log-likelihoods.
        numbers: How many numbers an example has.

    Example:
        >>> no_better(3.0, 2.9, density=False)
        'worse than the mean example: the error of reconstruction is 3, that of the mean 2.9...'
        >>> no_better(-3453.0, -5.0, density=True)
        'worse than a constant density: the log-likelihood of an example is -3453 nats...'
        >>> no_better(1.0, 2.9, density=False) is None
        True
    """
    remedy = (
        "Train longer, with training=Training(epochs=...) (command line: --epochs), use a"
        " smaller learning_rate, another latent_dim or more examples"
    )

    if density and not ours > trivial - max(2 * error, _TRIVIAL * numbers):
        return (
            f"worse than a constant density: the log-likelihood of an example is {ours:.4g} nats"
            f" on average, that of one density for all {trivial:.4g}. {remedy}."
        )

    if not density and not ours < (1 - _TRIVIAL) * trivial and trivial > 0:
        how = "worse than" if ours > trivial else "no better than"
        return (
            f"{how} the mean example: the error of reconstruction is {ours:.4g}, that of the mean"
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
    r"""A loss that falls to the end, so that a longer training would be better.

    That is: over the last quarter of the training it falls by more than a tenth of all that was
    learned, or over the last half by more than a quarter of it. As the learning rate ends at
    zero, so does every fall: what the last epoch gains would say little.

    Arguments:
        losses: The mean loss of each epoch.
        learned: By how much the loss of the model is below that of one constant for all.
        final: The loss of the trained model, which tells what the last of few epochs has gained.
        noise: The standard error of a mean loss.
        budget: The time that was given in the place of epochs.

    Example:
        >>> still_falling([40.0, 31.0], 20.0, final=25.0)
        'the loss was still falling at the end, by 6 over the last 1 of 2 epochs: train longer...'
        >>> still_falling([40.0, 20.1, 20.0, 20.0, 20.0], learned=20.0) is None
        True
    """
    epochs, points = len(losses), [*losses]

    if epochs < _FEW_EPOCHS and final is not None:
        points.append(final)

    for span, share in _FALLING.items():
        last = math.ceil(span * (len(points) - 1))

        if last == 0:
            continue

        k = (last + 3) // 4  # a mean of some is less noisy
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
    r"""Steps that were left out of the training, as their loss or gradient was not finite.

    Arguments:
        skipped: How many.
        steps: Of how many.
        learning_rate: The learning rate.

    Example:
        >>> not_finite(3, 200, 0.002)
        '3 of 200 steps were skipped, as their loss or gradient was not finite...'
    """
    if skipped == 0:
        return None

    return (
        f"{skipped:,} of {steps:,} steps were skipped, as their loss or gradient was not finite."
        f" Look for examples far from the others, or use a smaller learning rate than"
        f" {learning_rate:g} or shorter gradients: training=Training(learning_rate="
        f"{learning_rate / 4:g}, max_grad_norm=1.0) (command line: --learning-rate,"
        " --max-grad-norm)."
    )


def dominated(name: str, share: float, what: str) -> str | None:
    r"""One example that makes most of a sum over all.

    Arguments:
        name: Which example.
        share: Its part of the sum.
        what: The sum.

    Example:
        >>> dominated("row 17", 0.97, "the variance of column 3")
        'one example sets the cost of all: row 17 makes 97 % of the variance of column 3...'
    """
    if not share > _DOMINATES:
        return None

    return (
        f"one example sets the cost of all: {name} makes {100 * min(share, 1):.0f} % of {what}."
        " Correct it, leave it out, or take logarithms of such columns;"
        " modality=ae.modalities.MixedTables() (command line: --modality MixedTables) brings"
        " each to normal scores."
    )


def long_outlier(lengths: Sequence[int]) -> str | None:
    r"""Few texts that are far longer than nearly all, and set the cost of all.

    Arguments:
        lengths: The number of bytes of each text.

    Example:
        >>> long_outlier([20] * 499 + [100_000])
        'one text sets the cost of all: of 500 texts the longest has 100,000 bytes, 99 % have...'
        >>> long_outlier([20, 30, 300, 40]) is None
        True
    """
    ordered = sorted(lengths)
    n, longest = len(ordered), ordered[-1] if ordered else 0

    for share in (0.99, 0.95):
        usual = max(1, ordered[int(share * (n - 1))]) if ordered else 1

        if n > 1 and longest > max(_LONG * usual, _LONG_ENOUGH):
            return (
                f"one text sets the cost of all: of {n:,} texts the longest has {longest:,} bytes,"
                f" {100 * share:.0f} % have at most {usual:,}. Cut it off, with"
                f" modality=Texts(length={usual}, cut=True) (command line: --modality Texts"
                f" --modality.length {usual} --modality.cut), or leave it out."
            )

    return None


def long_sound(lengths: Sequence[float], seconds: float) -> str | None:
    r"""One recording that makes most of the windows of all, and so sets the cost of all.

    Arguments:
        lengths: How long recordings are, in seconds.
        seconds: How long a window is.

    Example:
        >>> long_sound([0.5] * 99 + [3600.0], 0.5)
        'one sound sets the cost of all: of 100 recordings the longest, of 3600 s, makes 99 %...'
        >>> long_sound([60.0, 70.0, 90.0, 100.0], 1.0) is None
        True
    """
    windows = [max(1.0, 2 * length / seconds - 1) for length in lengths]
    share = max(windows, default=0.0) / max(sum(windows), 1e-9)

    if len(lengths) < 2 or share <= _DOMINATES or max(lengths) <= _LONG * seconds:
        return None

    return (
        f"one sound sets the cost of all: of {len(lengths):,} recordings the longest, of"
        f" {max(lengths):.0f} s, makes {100 * share:.0f} % of the windows of {seconds:g} s. Leave"
        f" it out or shorten it, or take longer windows, with modality=Sounds(seconds="
        f"{10 * seconds:g}) (command line: --modality Sounds --modality.seconds {10 * seconds:g})."
    )


def cut_off(kind: str, used: float, remedy: str) -> str | None:
    r"""Most of the input is not used.

    Arguments:
        kind: What is cut off, and to what.
        used: The share that is left.
        remedy: How to use more of it.

    Example:
        >>> cut_off("the sounds, of which 1 s is taken", 0.02, "seconds=60")
        'most of the input is unused: 2 % is left of the sounds, of which 1 s is taken...'
    """
    if used > _UNUSED:
        return None

    return f"most of the input is unused: {100 * used:.2g} % is left of {kind}. Use {remedy}."


def reduced(
    own: tuple[int, int], size: tuple[int, int], cropped: float, chosen: bool
) -> str | None:
    r"""Images that are brought to a small size, or lose much at their edges.

    Arguments:
        own: The usual height and width of the images.
        size: Those that they are brought to.
        cropped: The share of their area that is cut off, on average.
        chosen: Whether the user has chosen the size.

    Example:
        >>> reduced((512, 512), (64, 64), 0.0, chosen=False)
        'images of 512 x 512 became 64 x 64: modality=Images(size=512) (command line: ...'
    """
    setting = f"{own[0]}" if own[0] == own[1] else f"({own[0]}, {own[1]})"
    flag = " ".join(map(str, own[:1] if own[0] == own[1] else own))
    remedy = (
        f"modality=Images(size={setting}) (command line: --modality Images --modality.size {flag})"
    )
    was, now = (f"{a} x {b}" for a, b in (own, size))
    lost = f"{100 * cropped:.0f} % of their area is cut off, as their shapes differ"

    if not chosen and size[0] * size[1] < _SMALL * own[0] * own[1]:
        also = f"; {lost}" * (cropped > _CROPPED)
        return f"images of {was} became {now}: {remedy} keeps more, and takes longer{also}."

    if cropped > (_UNUSED if chosen else _CROPPED):
        return (
            f"of images of {was}, brought to {now}, {lost}. Give images of one shape, or a size"
            f" that suits most: {remedy}."
        )

    return None


def too_wide(latent_dim: int, numbers: int, rows: int, limited: bool) -> str | None:
    r"""A code that cannot help: as wide as the data, or wider than the examples are many.

    Arguments:
        latent_dim: The number of features of the code.
        numbers: That of the numbers of an example.
        rows: That of the examples.
        limited: Whether something else than its width limits the code, as noise does.

    Example:
        >>> too_wide(16, 4, 150, limited=False)
        'the code of 16 numbers is as wide as the examples, of 4, and need leave nothing out...'
        >>> too_wide(16, 64, 8, limited=True)
        'the code has 16 numbers for 8 examples...'
    """
    if latent_dim >= numbers > 1 and not limited:
        less = max(1, numbers // 2)
        return (
            f"the code of {latent_dim} numbers is as wide as the examples, of {numbers}, and need"
            f" leave nothing out. Use latent_dim={less} or so (command line: --latent-dim"
            f" {less})."
        )

    if latent_dim >= rows > 2:
        less = max(1, rows // 2)
        return (
            f"the code has {latent_dim} numbers for {rows} examples, which a code of"
            f" {rows - 1} can tell apart whatever they are. Use latent_dim={less} or less"
            f" (command line: --latent-dim {less})."
        )

    return None
