r"""Choice of a prior in place of the unit Gaussian, by held-out codes."""

__all__ = ["check_max_components", "choose", "differs_from_unit", "is_surely_positive"]

from numbers import Integral
from typing import NamedTuple

import torch
from torch import Tensor

from ...common.estimates import estimate_mean
from . import maximization

MIN_EXAMPLES = 10
_FOLDS = 5
SINGLE_FOLD_EXAMPLES = 2000  # one held-out fold suffices from here on
_RIDGES = (0.1, 1.0, 10.0, 100.0)
MIN_EXAMPLES_PER_COMPONENT = 4
MAX_MULTIPLICATIONS = 2**28  # in one step over all codes
_EM_STEPS = 15
_MIN_STANDARD_ERRORS = 2.0  # that a mixture of many examples has to gain
_DOUBLING_EXAMPLES = 20  # number of examples for which the gain has to be twice as large

# Critical values, times the root of n, which unit Gaussians exceed once in 8,000 times
_MAX_KOLMOGOROV_SMIRNOV = 2.2
_MAX_CORRELATION = 5.0


def check_max_components(n: int) -> int:
    r"""Return the maximum number of components of a mixture, which is at least one.

    Arguments:
        n: The number.

    Raises:
        ValueError: If it is no integer, or less than one.

    Example:
        >>> check_max_components(64)
        64
    """
    if not (isinstance(n, Integral) and n >= 1):
        raise ValueError(f"expected max_components as an integer >= 1, got {n!r}.")

    return n


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
def choose(
    z: Tensor, components: int, unit: Tensor | None, labels: Tensor | None = None
) -> Choice | None:
    r"""Selects the mixture with the largest log-density of held-out codes.

    The number of components is multiplied by four as long as the density rises.

    Arguments:
        z: The codes, with about unit variance and shape `(N, k, D)`.
        components: The maximum number of components.
        unit: The log-densities of the same codes under the unit Gaussian, with shape
            `(N, k)`; `None` if it is not a candidate.
        labels: The label of each example, if each label has its own mixture, with shape `(N,)`.

    Returns:
        The best choice. `None` if the gain over the unit Gaussian is below two standard errors
        (four for twenty examples), or if there are fewer than ten examples.

    Example:
        >>> z = torch.randn(500, 1, 2)
        >>> choose(z, 10, -0.5 * z.square().sum(dim=-1) - 2 * 0.919) is None
        True
    """
    N, k, D = z.shape

    if unit is not None and N < MIN_EXAMPLES:
        return None

    if N == 1:
        return Choice(1, _RIDGES[-1])

    groups = [z.new_ones(N).bool()] if labels is None else [labels == c for c in labels.unique()]
    folds = torch.randperm(N) % min(_FOLDS, N)
    held_out = [
        folds == fold for fold in range(1 if N >= SINGLE_FOLD_EXAMPLES else min(_FOLDS, N))
    ]

    def score(choice: Choice) -> Tensor:
        r"""Returns the log-density of the codes of each held-out example."""
        log_densities = []

        for out in held_out:
            parts = [z[~out & group].flatten(end_dim=1) for group in groups]
            densities = z.new_zeros(N).double()

            for p, group in zip(maximization.fit_groups(parts, k, *choice, _EM_STEPS), groups):
                densities[out & group] = p.log_prob(z[out & group]).double().mean(dim=1)

            log_densities.append(densities[out])

        return torch.cat(log_densities)

    scores = {choice: score(choice) for choice in (Choice(1, ridge) for ridge in _RIDGES)}
    best = max(scores, key=lambda choice: scores[choice].mean())
    affordable = MAX_MULTIPLICATIONS // (N * k * D * D)
    limit = max(
        1,
        min(
            components,
            N // (2 * MIN_EXAMPLES_PER_COMPONENT),
            affordable,
        ),
    )

    for n in sorted({4**i for i in range(1, 8) if 4**i < limit} | {limit} - {1}):
        larger = best._replace(components=n)
        scores[larger] = score(larger)

        if scores[larger].mean() <= scores[best].mean():
            break

        best = larger

    if unit is not None:
        gain = scores[best] - torch.cat([unit[out].double().mean(dim=1) for out in held_out])

        if not is_surely_positive(gain, N):
            return None

    return best


def is_surely_positive(gain: Tensor, N: int) -> bool:
    r"""Tell whether the mean of gains exceeds two standard errors, four for twenty examples.

    Arguments:
        gain: The gain of each held-out example, with shape `(n,)`.
        N: The number of all examples.

    Example:
        >>> is_surely_positive(torch.tensor([1.0, 1.1, 0.9, 1.0]), 1000)
        True
    """
    mean, error = estimate_mean(gain)
    return mean > _MIN_STANDARD_ERRORS * (1 + _DOUBLING_EXAMPLES / N) * error


def differs_from_unit(z: Tensor) -> Tensor:
    r"""Tests which features of codes are not independent unit Gaussians.

    The tests are the Kolmogorov-Smirnov distance to the unit Gaussian, and the correlations
    between features and between their squares. Features of a collapsed posterior pass them.

    Arguments:
        z: The codes, with shape `(n, D)`.

    Returns:
        Whether each feature differs, with shape `(D,)`.

    Example:
        >>> differs_from_unit(torch.randn(1000, 3) * torch.tensor([1.0, 0.5, 2.0]))
        tensor([False,  True,  True])
    """
    n, D = z.shape
    z = z.double()
    steps = torch.arange(n + 1, dtype=z.dtype)[:, None] / n
    expected = torch.special.ndtr(z.sort(dim=0).values)
    distance = torch.maximum(expected - steps[:-1], steps[1:] - expected).amax(dim=0)
    differs = distance > _MAX_KOLMOGOROV_SMIRNOV / n**0.5

    for x in (z, z.square()):
        x = x - x.mean(dim=0)
        x = x / x.norm(dim=0).clamp(min=1e-300)
        r = (x.mT @ x).abs().fill_diagonal_(0) if D > 1 else z.new_zeros(1, 1)
        differs |= r.amax(dim=0) > _MAX_CORRELATION / n**0.5

    return differs
