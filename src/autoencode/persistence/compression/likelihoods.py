r"""Distribution functions of the elements of an example, given its code."""

__all__ = ["element_below", "is_supported"]

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Laplace, MixtureSameFamily, Normal

from ...distributions import Logistic256
from .fixed_point import functions as fn

# Maps points of the scale of the networks, `(n, K)`, to probabilities of lower numbers
PointBelow = Callable[[Tensor], Tensor]


def is_supported(p: Any) -> bool:
    r"""Tell whether elements of a distribution can be coded.

    Arguments:
        p: The distribution of elements, without the outer dimensions.

    Example:
        >>> is_supported(Normal(0.0, 1.0)), is_supported(torch.distributions.Cauchy(0.0, 1.0))
        (True, False)
    """
    if isinstance(p, MixtureSameFamily):
        return isinstance(p.component_distribution, Logistic256)

    return isinstance(p, (Normal, Laplace, Logistic256, Bernoulli))


def element_below(p: Any, rows: Tensor | slice) -> PointBelow:
    r"""Returns the distribution function of some elements.

    Arguments:
        p: The distribution, with batch shape `(B, *)`.
        rows: The elements, of the flattened batch shape.

    Example:
        >>> below = element_below(Normal(torch.zeros(2).double(), torch.ones(2).double()), [0, 1])
        >>> below(torch.zeros(2, 1).double()).tolist()
        [[0.5], [0.5]]
    """

    def each(t: Tensor) -> Tensor:
        return t.expand(p.batch_shape).reshape(-1)[rows][:, None]

    if isinstance(p, Bernoulli):
        zero = fn.sigmoid(-each(p.logits))
        return lambda t: torch.where(t <= 0, 0.0, torch.where(t <= 1, zero, 1.0))

    if isinstance(p, MixtureSameFamily):
        parts, weights = p.component_distribution, p.mixture_distribution
        return _mixture_below(weights, parts, rows)

    loc, scale = each(p.loc), each(p.scale)

    if isinstance(p, Logistic256):
        return lambda t: fn.sigmoid((t - loc) / scale)

    if isinstance(p, Laplace):
        return lambda t: _laplace((t - loc) / scale)

    return lambda t: fn.ndtr((t - loc) / scale)


def _mixture_below(weights: Categorical, parts: Any, rows: Any) -> PointBelow:
    K = weights.logits.shape[-1]
    pi, loc, scale = (
        t.expand(*parts.batch_shape).reshape(-1, K)[rows]
        for t in (fn.exp(weights.logits), parts.loc, parts.scale)
    )

    def below(t: Tensor) -> Tensor:
        F, total = torch.zeros_like(t), torch.zeros(len(t), 1, dtype=t.dtype)

        for k in range(K):  # in this order on every machine
            F = F + pi[:, k, None] * fn.sigmoid((t - loc[:, k, None]) / scale[:, k, None])
            total = total + pi[:, k, None]

        return F / total

    return below


def _laplace(t: Tensor) -> Tensor:
    half = fn.exp(-t.abs()) / 2
    return torch.where(t < 0, half, 1 - half)
