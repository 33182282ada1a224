r"""Codes that carry too little, or more units than the data need."""

__all__ = ["check_codes"]

from collections.abc import Iterator

import torch
from torch import Tensor

from ..modalities.capabilities import Tokenized
from ..pages import Chart
from .finding import Finding
from .subject import Subject

_ACTIVE_VARIANCE = 1e-2  # of posterior means, as in the definition of active units
_MIN_RELATIVE_VARIANCE = 1e-6  # of codes without a density, relative to the largest
_MIN_LOSS_OF_SHUFFLED = 1.1
_MAX_LOST = 0.01  # of what the whole code explains
_MIN_SIZE = 4
_MIN_USED = 0.5  # default codes of small data may have a few units to spare
_MAX_RATE_OF_DEAD = 1e-3
_MAX_DEAD_SHARE = 0.1
_MAX_COMPARED_TEXTS = 200


def check_codes(subject: Subject) -> Iterator[Finding]:
    r"""Yield findings about codes that are vectors.

    Arguments:
        subject: The model and its data.
    """
    z = subject.known.z

    if z.ndim != 2 or not z.is_floating_point():
        return

    variance = z.double().var(dim=0, correction=0)
    density = subject.model.posterior.has_density
    least = _ACTIVE_VARIANCE if density else _MIN_RELATIVE_VARIANCE * float(variance.max())
    active = variance > least

    if not active.any():
        return  # the diagnosis of the training reports a collapse

    yield from _ignored(subject)

    if not density and (z == 0).double().mean() > 0.5:  # sparse codes
        yield from _dead(z)
        return

    d, used = z.shape[1], int(active.sum())

    if used < _MIN_USED * d:
        yield Finding(
            "unused units",
            0.2 + 0.1 * (1 - used / d),
            f"The code has {d} numbers, of which {d - used} hardly"
            f" {'vary' if d - used > 1 else 'varies'} with the examples.",
            f"latent_dim={used} gives the same model; a smaller beta or free_nats=... uses more.",
            {"active_units": used, "latent_dim": d},
            _bars(variance, "Variances of the units: the shortest bars are not used."),
        )

    yield from _size(subject, active)


def _size(subject: Subject, active: Tensor) -> Iterator[Finding]:
    r"""Yields whether fewer numbers do as well, or the code is too small for the data."""
    known, d, used = subject.known, len(active), int(active.sum())
    n = _MAX_COMPARED_TEXTS if isinstance(subject.blueprint.modality, Tokenized) else len(known.x)
    x, z, c = known.x[:n], known.z[:n].double(), None if known.c is None else known.c[:n]
    own = float(known.error[:n].mean())
    mean = z.mean(dim=0)
    V = torch.linalg.eigh(torch.cov(z.T).reshape(d, d)).eigenvectors.flip(1)
    if used < _MIN_SIZE:
        return

    def error(k: int) -> float:
        within = mean + (z - mean) @ V[:, :k] @ V[:, :k].T
        return float(subject.errors(x, within.to(known.z.dtype), c).mean())

    errors = {k: error(k) for k in dict.fromkeys((0, 1, used // 4, used // 2))} | {used: own}
    most = own + _MAX_LOST * max(0.0, errors[0] - own)
    enough = [k for k, e in errors.items() if 0 < k < used and e <= most]

    if enough:
        k = min(enough)
        yield Finding(
            "code larger than needed",
            0.2,
            f"{k} principal component{'s' * (k > 1)} of the codes of {used} numbers reconstruct as"
            f" well: with an error of {errors[k]:.3g} instead of {own:.3g}.",
            f"latent_dim={k} may do as well: compare(X, latent_dims=({k}, {d})) tells.",
            {"components": k, "latent_dim": d, "error": own, "error_of_components": errors[k]},
            Chart(
                "lines",
                {"error": tuple(zip(*sorted(errors.items())))},
                "The error with codes projected onto their first principal components.",
                "principal components of the codes",
                "error",
            ),
        )


def _bars(variance: Tensor, about: str) -> Chart:
    named = {f"z{j + 1}": v for j, v in enumerate(variance.tolist())}
    return Chart("bars", named, about, "variance of the codes")


def _ignored(subject: Subject) -> Iterator[Finding]:
    r"""Yields whether reconstructions are as close with the codes of other examples."""
    known = subject.known
    n = _MAX_COMPARED_TEXTS if isinstance(subject.blueprint.modality, Tokenized) else len(known.x)
    x, z = known.x[:n], known.z[:n]
    c = None if known.c is None else known.c[:n]
    own = float(known.error[:n].mean())
    other = float(subject.errors(x, z.roll(1, dims=0), c).mean())

    if other <= _MIN_LOSS_OF_SHUFFLED * own:
        yield Finding(
            "ignored code",
            0.955,
            f"The decoder hardly uses the code: with the code of another example the error is"
            f" {other:.3g}, and {own:.3g} with its own.",
            "Use a smaller beta, free_nats=..., or a decoder with fewer layers.",
            {"error": own, "error_of_other_codes": other},
            Chart(
                "bars",
                {"its own code": own, "another code": other},
                "The mean error with the code of the example, and with that of another.",
                "error",
            ),
        )


def _dead(z: Tensor) -> Iterator[Finding]:
    r"""Yields units of sparse codes that are hardly ever on."""
    rate = (z != 0).double().mean(dim=0)
    dead = float((rate < _MAX_RATE_OF_DEAD).double().mean())
    on = int((rate > 1 - _MAX_RATE_OF_DEAD).sum())

    if on:
        yield Finding(
            "always-on units",
            0.35,
            f"{on} of {len(rate)} units of the sparse code are on for every example, so that they"
            " act like a constant.",
            "Use a smaller k, a larger penalty, or more units.",
            {"always_on": on},
        )

    if dead > _MAX_DEAD_SHARE:
        yield Finding(
            "dead units",
            0.4,
            f"{100 * dead:.0f} % of the units of the sparse code are on for less than one example"
            " in a thousand.",
            "Use fewer units, a larger k, or more epochs.",
            {"dead_share": dead},
            Chart(
                "histogram",
                {"units": rate.numpy()},
                "The shares of examples for which units are on: those at zero are dead.",
                "share of examples",
                "share of units",
            ),
        )
