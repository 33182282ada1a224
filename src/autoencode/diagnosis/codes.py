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
_KEPT_VARIANCE = 0.99
_MIN_SIZE = 4
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

    if used < d:
        yield Finding(
            "unused units",
            0.2 + 0.1 * (1 - used / d),
            f"The code has {d} numbers, of which {d - used} hardly vary with the examples.",
            f"latent_dim={used} gives the same model; a smaller beta or free_nats=... uses more.",
            {"active_units": used, "latent_dim": d},
            _bars(variance, "Variances of the units: the shortest bars are not used."),
        )

    needed = _components(z[:, active].double())

    if used >= _MIN_SIZE and needed <= used // 2:
        yield Finding(
            "code larger than needed",
            0.2,
            f"{needed} principal components hold 99 % of the variance of codes of {used} numbers.",
            f"latent_dim={needed} may do as well: compare(X, latent_dims=({needed}, {d})) tells.",
            {"components": needed, "latent_dim": d},
            _cumulative(z[:, active].double(), needed),
        )


def _bars(variance: Tensor, about: str) -> Chart:
    named = {f"z{j + 1}": v for j, v in enumerate(variance.tolist())}
    return Chart("bars", named, about, "variance of the codes")


def _cumulative(z: Tensor, needed: int) -> Chart:
    values = torch.linalg.eigvalsh(torch.cov(z.T)).flip(0).clamp(min=0)
    shares = 100 * values.cumsum(dim=0) / values.sum()
    line = (range(1, len(values) + 1), shares.numpy())
    about = "The share of the variance of codes that the first principal components hold."

    return Chart(
        "lines", {"share": line}, about, "principal components", "% of the variance",
        {"99 %": needed},
    )  # fmt: skip


def _components(z: Tensor) -> int:
    r"""Returns the number of principal components that hold nearly all variance."""
    values = torch.linalg.eigvalsh(torch.cov(z.T).reshape(z.shape[1], -1)).flip(0).clamp(min=0)
    return int((values.cumsum(dim=0) / values.sum() < _KEPT_VARIANCE).sum()) + 1


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
            0.85,
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
