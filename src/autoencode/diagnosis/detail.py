r"""Detail of reconstructed images."""

__all__ = ["Detail", "check_detail", "measure_detail"]

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from ..common.estimates import estimate_mean
from ..pages import Chart
from ..training.linear.factor_analysis import principal_components
from .finding import Finding
from .subject import Sample, Subject

_MIN_OF_COMPONENTS = 0.5  # of the detail that as many principal components keep
_MIN_KEPT = 0.25  # of the detail of the images
_STANDARD_ERRORS = 4.0
_MIN_SIDE = 8


class Detail(NamedTuple):
    r"""Shares of the detail of images that a model and principal components keep.

    Example:
        >>> Detail(0.2, 0.5, False).lost
        False
    """

    kept: float
    r"""The share that reconstructions have."""

    by_components: float
    r"""The share that as many principal components as the code has numbers reconstruct."""

    lost: bool
    r"""True if reconstructions have less than half of the detail of the components."""


def measure_detail(subject: Subject) -> Detail | None:
    r"""Measure the detail of images, by their squared Laplacian.

    .. math:: \frac{\sum_i \| \Delta \hat x_i \|^2}{\sum_i \| \Delta x_i \|^2}, \qquad
        1 - \frac{\sum_i \| \Delta (x_i - p_i) \|^2}{\sum_i \| \Delta x_i \|^2}

    The first is the share that reconstructions have, whether right or wrong. A small code cannot
    keep all detail. What it could keep is the second, the share that principal components
    :math:`p` reconstruct.

    Arguments:
        subject: A model of images.

    Returns:
        The shares; `None` if images are smaller than eight pixels.
    """
    known, some = subject.known, subject.held_out

    if min(some.x.shape[-2:]) < _MIN_SIDE:
        return None

    mean = known.rows.mean(dim=0)
    d = min(known.z[0].numel(), *known.rows.shape)
    V, _ = principal_components(known.rows - mean, d)
    linear = ((some.rows - mean) @ V.T @ V + mean).reshape(some.x.shape)
    whole, own, wrong = (_edges(a) for a in (some.x, some.r, some.x - linear))
    theirs = whole - wrong
    total = max(float(whole.mean()), 1e-12)
    short = estimate_mean(_MIN_OF_COMPONENTS * theirs - own)

    return Detail(
        float(own.mean()) / total,
        float(theirs.mean()) / total,
        short.value > _STANDARD_ERRORS * short.standard_error,
    )


def check_detail(subject: Subject) -> Iterator[Finding]:
    r"""Yield whether reconstructed images are blurred.

    Arguments:
        subject: A model of images.
    """
    found = measure_detail(subject)

    if found is None or not (found.lost or found.kept < _MIN_KEPT):
        return

    d = subject.known.z[0].numel()
    yield Finding(
        "blurred images",
        0.4 if found.lost else 0.27,
        f"Reconstructions have {100 * found.kept:.0f} % of the detail of the images;"
        f" {d} principal component{'s' * (d > 1)} keep{'s' * (d == 1)}"
        f" {100 * found.by_components:.0f} %.",
        "Use a smaller beta, more epochs, or ImageSimilarity as the objective."
        if found.lost
        else "Use a wider code, unless a small one is what you want, such as for a picture.",
        {"sharpness": found.kept, "sharpness_of_components": found.by_components},
        _shown(subject.held_out),
    )


def _shown(sample: Sample) -> Chart | None:
    if sample.x.shape[1] not in (1, 3):
        return None

    both = {
        name: a[:10].movedim(1, -1)[..., :3].clamp(0, 1).cpu().numpy()
        for name, a in (("original", sample.x), ("reconstruction", sample.r))
    }
    return Chart("examples", both, "Images above their reconstructions.")


def _edges(x: Tensor) -> Tensor:
    r"""Returns the mean squared Laplacian of each image."""
    inner = x[..., 1:-1, 1:-1]
    around = x[..., :-2, 1:-1] + x[..., 2:, 1:-1] + x[..., 1:-1, :-2] + x[..., 1:-1, 2:]
    return (4 * inner - around).double().square().flatten(start_dim=1).mean(dim=1).cpu()
