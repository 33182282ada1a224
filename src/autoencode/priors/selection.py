r"""Choice of a prior in place of the unit Gaussian, by held-out codes."""

__all__ = ["choose", "unlike_unit"]

from typing import NamedTuple

import torch
from torch import Tensor

from . import maximization

_FEWEST = 10  # examples that can speak against the unit Gaussian
_FOLDS = 5
_MANY = 2000  # examples, of which one fold says enough
_RIDGES = (0.1, 1.0, 10.0, 100.0)
_EACH = 4  # examples, at least, for a Gaussian
_WORK = 2**28  # multiplications for a step over all codes
_STEPS = 15
_SURE = 2.0  # standard errors, of many examples
_FEW = 20  # examples, of which twice as many are asked for

_GAUSSIAN = 2.2  # of the Kolmogorov-Smirnov distance times the root of n: one in 8,000 is beyond
_APART = 5.0  # of a correlation, the same


class Choice(NamedTuple):
    r"""Prior chosen by held-out likelihood of codes.

    Example:
        >>> Choice(components=4, ridge=0.1).components
        4
    """

    components: int
    r"""The number of Gaussians."""

    ridge: float
    r"""The weight of the diagonal in their common covariance."""


@torch.no_grad()
def choose(z: Tensor, components: int, unit: Tensor | None) -> Choice | None:
    r"""Compares Gaussians by the density of codes of examples that they were not fitted to.

    The number of Gaussians grows fourfold as long as that gains.

    Arguments:
        z: The codes, with about unit variance and shape `(N, k, D)`.
        components: The most Gaussians.
        unit: The log-densities of the same codes under the unit Gaussian, with shape
            `(N, k)`; `None` where it is no choice.

    Returns:
        The best; `None` if the unit Gaussian is as good, within two standard errors (four for
        twenty examples), or if there are fewer than ten examples to tell.

    Example:
        >>> z = torch.randn(500, 1, 2)
        >>> choose(z, 10, -0.5 * z.square().sum(dim=-1) - 2 * 0.919) is None
        True
    """
    N, k, D = z.shape

    if unit is not None and N < _FEWEST:
        return None

    if N == 1:
        return Choice(1, _RIDGES[-1])

    folds = torch.randperm(N) % min(_FOLDS, N)
    held = [folds == fold for fold in range(1 if N >= _MANY else min(_FOLDS, N))]

    def score(choice: Choice) -> Tensor:
        r"""Returns the log-density of the codes of each example that was held out."""
        found = []

        for out in held:
            p = maximization.fit(z[~out].flatten(end_dim=1), k, *choice, _STEPS)
            found.append(p.log_prob(z[out]).double().mean(dim=1))

        return torch.cat(found)

    scores = {choice: score(choice) for choice in (Choice(1, ridge) for ridge in _RIDGES)}
    best = max(scores, key=lambda choice: scores[choice].mean())
    most = max(1, min(components, N // (2 * _EACH), _WORK // (N * k * D * D)))

    for n in sorted({4**i for i in range(1, 8) if 4**i < most} | {most} - {1}):
        more = best._replace(components=n)
        scores[more] = score(more)

        if scores[more].mean() <= scores[best].mean():
            break

        best = more

    if unit is not None:
        gain = scores[best] - torch.cat([unit[out].double().mean(dim=1) for out in held])

        sure = _SURE * (1 + _FEW / N)

        if not gain.mean() > sure * gain.std() / len(gain) ** 0.5:
            return None

    return best


def unlike_unit(z: Tensor) -> Tensor:
    r"""Finds features of codes that are no independent unit Gaussians.

    Those of a collapsed posterior, which is the prior, are: by the Kolmogorov-Smirnov distance,
    and by the correlations with all others, of the numbers and of their squares.

    Arguments:
        z: The codes, with shape `(n, D)`.

    Returns:
        Whether each is none, with shape `(D,)`.

    Example:
        >>> unlike_unit(torch.randn(1000, 3) * torch.tensor([1.0, 0.5, 2.0]))
        tensor([False,  True,  True])
    """
    n, D = z.shape
    z = z.double()
    steps = torch.arange(n + 1, dtype=z.dtype)[:, None] / n
    expected = torch.special.ndtr(z.sort(dim=0).values)
    distance = torch.maximum(expected - steps[:-1], steps[1:] - expected).amax(dim=0)
    unlike = distance > _GAUSSIAN / n**0.5

    for x in (z, z.square()):
        x = x - x.mean(dim=0)
        x = x / x.norm(dim=0).clamp(min=1e-300)
        r = (x.mT @ x).abs().fill_diagonal_(0) if D > 1 else z.new_zeros(1, 1)
        unlike |= r.amax(dim=0) > _APART / n**0.5

    return unlike
