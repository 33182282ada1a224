r"""Codes that carry too little, or more units than the data need."""

__all__ = ["active_units", "check_codes", "dependence", "errors_of_fewer"]

from collections.abc import Iterator

import torch
from torch import Tensor

from ..modalities.capabilities import Tokenized
from ..pages import Chart
from .finding import Finding
from .subject import Subject, as_rows

_ACTIVE_VARIANCE = 1e-2  # of posterior means, as in the definition of active units
_MIN_RELATIVE_VARIANCE = 1e-6  # of codes without a density, relative to the largest
_MIN_DEPENDENCE = 0.05  # of the variance of examples
_MAX_LOST = 1e-3  # of what the whole code explains
_MIN_SIZE = 4
_MIN_USED = 0.5  # default codes of small data may have a few units to spare
_MAX_RATE_OF_DEAD = 1e-3
_MAX_DEAD_SHARE = 0.1


def check_codes(subject: Subject) -> Iterator[Finding]:
    r"""Yield findings about codes that are vectors.

    Arguments:
        subject: The model and its data.
    """
    z = subject.known.z

    if z.ndim != 2 or not z.is_floating_point():
        return

    active = active_units(subject)

    if not active.any():
        return  # the diagnosis of the training reports a collapse

    yield from _ignored(subject)

    rate = (z != 0).double().mean(dim=0)
    is_sparse = bool(((rate > _MAX_RATE_OF_DEAD) & (rate < 1 - _MAX_RATE_OF_DEAD)).any())

    if not subject.model.posterior.has_density and is_sparse:
        yield from _dead(z)
        return

    d, used = z.shape[1], int(active.sum())

    if used < _MIN_USED * d:
        yield Finding(
            "unused units",
            0.22,
            f"The code has {d} numbers, of which {d - used} hardly"
            f" {'vary' if d - used > 1 else 'varies'} with the examples.",
            f"latent_dim={used} gives the same model; a smaller beta or free_nats=... uses more.",
            {"active_units": used, "latent_dim": d},
            _bars(z, "Variances of the units: the shortest bars are not used."),
        )

    yield from _size(subject, d, used)


def active_units(subject: Subject) -> Tensor:
    r"""Units of codes that vary with the examples, as a mask with shape `(D,)`.

    Arguments:
        subject: A model whose codes are vectors.
    """
    variance = subject.known.z.double().var(dim=0, correction=0)
    density = subject.model.posterior.has_density

    return variance > (
        _ACTIVE_VARIANCE if density else _MIN_RELATIVE_VARIANCE * float(variance.max())
    )


def errors_of_fewer(subject: Subject) -> dict[int, float]:
    r"""Mean errors with the first principal components of the codes, by their number.

    Arguments:
        subject: A model whose codes are vectors.
    """
    known, used = subject.known, int(active_units(subject).sum())
    n = subject.compared(known)
    x, z, c = known.x[:n], known.z[:n].double(), None if known.c is None else known.c[:n]
    own = float(known.error[:n].mean())
    mean, d = z.mean(dim=0), z.shape[1]
    V = torch.linalg.eigh(torch.cov(z.T).reshape(d, d)).eigenvectors.flip(1)

    def error(k: int) -> float:
        within = mean + (z - mean) @ V[:, :k] @ V[:, :k].T
        return float(subject.errors(x, within.to(known.z.dtype), c).mean())

    return {k: error(k) for k in dict.fromkeys((0, 1, used // 4, used // 2))} | {used: own}


def _size(subject: Subject, d: int, used: int) -> Iterator[Finding]:
    r"""Yields whether fewer numbers do as well."""
    if used < _MIN_SIZE:
        return

    errors = errors_of_fewer(subject)
    own = errors[used]
    most = own + _MAX_LOST * max(0.0, errors[0] - own)
    enough = [k for k, e in errors.items() if 0 < k < used and e <= most]

    if enough:
        k = min(enough)
        yield Finding(
            "code larger than needed",
            0.22,
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


def _bars(z: Tensor, about: str) -> Chart:
    variance = z.double().var(dim=0, correction=0)
    named = {f"z{j + 1}": v for j, v in enumerate(variance.tolist())}
    return Chart("bars", named, about, "variance of the codes")


def dependence(subject: Subject) -> float:
    r"""Squared distance of reconstructions for two codes, relative to that of two examples.

    .. math:: \frac{\mathbb{E} \| \hat x(z) - \hat x(z') \|^2}{\mathbb{E} \| x - x' \|^2}

    It does not depend on how close reconstructions are. Of texts, it is the mean number of edits
    between two reconstructions, relative to that between an example and another reconstruction.

    Arguments:
        subject: The model and its data.
    """
    known = subject.known
    n = subject.compared(known)
    c = None if known.c is None else known.c[:n]

    if isinstance(subject.blueprint.modality, Tokenized):
        other = known.z[:n].roll(1, dims=0)
        between, apart = (
            float(subject.errors(a[:n], other, c).mean()) for a in (known.r, known.x)
        )
    else:
        # Under a context, the same code is decoded with the context of each example
        r = subject.decode(known.z, known.c), subject.decode(known.z.roll(1, dims=0), known.c)
        between = 0.5 * float((as_rows(r[0]) - as_rows(r[1])).square().sum(dim=1).mean())
        apart = float(known.rows.var(dim=0, correction=0).sum())

    return between / max(apart, 1e-300)


def _ignored(subject: Subject) -> Iterator[Finding]:
    r"""Yields whether reconstructions are the same with the codes of other examples."""
    share = dependence(subject)

    if share < _MIN_DEPENDENCE:
        yield Finding(
            "ignored code",
            0.955,
            f"The decoder hardly uses the code: reconstructions for two codes differ by"
            f" {100 * share:.2g} % of what two examples do.",
            "Use a smaller beta, free_nats=..., or a decoder with fewer layers.",
            {"dependence": share},
            Chart(
                "bars",
                {"two examples": 100.0, "two codes": 100 * share},
                "How far apart two examples are, and the reconstructions for two codes.",
                "% of the squared distance of two examples",
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
