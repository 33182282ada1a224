r"""Estimates with standard errors."""

__all__ = ["Estimate", "estimate_mean", "estimate_median", "jackknife"]

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Estimate(NamedTuple):
    r"""A number, or one number per example, with its standard error.

    See Also:
        :func:`~autoencode.manifold.trustworthiness`

    Example:
        >>> from torch import tensor
        >>> mean, error = estimate_mean(tensor([1.0, 2.0, 3.0, 4.0]))
        >>> mean, round(error, 3)
        (2.5, 0.645)
    """

    value: Any
    r"""The estimate."""

    standard_error: Any
    r"""The standard error of the estimate; 0 if nothing was sampled."""


def estimate_mean(values: Tensor, population: float = math.inf) -> Estimate:
    r"""The mean of a sample, and its standard error.

    .. math:: \bar v = \frac{1}{n} \sum_i v_i, \qquad
        \operatorname{se} = s \, \sqrt{\frac{1 - n / N}{n}}

    Arguments:
        values: The sample, with shape `(n,)`.
        population: The size `N` of the population from which the sample was drawn without
            replacement.

    Example:
        >>> estimate_mean(torch.tensor([1.0, 3.0]), population=2)
        Estimate(value=2.0, standard_error=0.0)
        >>> round(estimate_mean(torch.tensor([1.0, 3.0])).standard_error, 6)
        1.0
    """
    values, n = values.double(), len(values)

    if n == population:
        return Estimate(float(values.mean()), 0.0)

    error = float(values.std()) if n > 1 else math.nan
    return Estimate(float(values.mean()), error * math.sqrt(1 - n / population) / math.sqrt(n))


def estimate_median(values: Tensor) -> Estimate:
    r"""The median of a sample, and its standard error from order statistics.

    .. math:: \operatorname{se} = \tfrac12 \big( v_{(n / 2 + \sqrt n / 2)}
        - v_{(n / 2 - \sqrt n / 2)} \big)

    The number of values below the median is binomial, with a standard deviation of half of the
    root of `n`.

    Arguments:
        values: The sample, with shape `(n,)`.

    Example:
        >>> estimate_median(torch.arange(101.0))
        Estimate(value=50.0, standard_error=5.0)
    """
    v, n = values.double().sort().values, len(values)
    half = math.sqrt(n) / 2
    low, high = (int(min(n - 1, max(0, round((n - 1) / 2 + side)))) for side in (-half, half))

    return Estimate(float(v.median()), float(v[high] - v[low]) / 2)


def jackknife(statistic: Callable[..., float], *samples: Tensor, groups: int = 10) -> Estimate:
    r"""A statistic of independent samples, with a standard error from leaving groups out.

    .. math:: \operatorname{se}^2 = \frac{G - 1}{G} \sum_g (t_{-g} - \bar t)^2

    Arguments:
        statistic: The function of the samples.
        samples: The samples, each with shape `(N, *)`. Of each, every `G`-th row is left out.
        groups: The number `G` of groups.

    References:
        | The Jackknife and Bootstrap (Shao & Tu, 1995), section 2.3

    Example:
        >>> x = torch.randn(1000, generator=torch.Generator().manual_seed(0))
        >>> error = jackknife(lambda x: float(x.mean()), x).standard_error
        >>> 0.5 < error * 1000**0.5 < 2
        True
    """
    value = statistic(*samples)

    if min(map(len, samples)) < 2 * groups:
        return Estimate(value, math.nan)

    left = [
        statistic(*(x[torch.arange(len(x)) % groups != g] for x in samples)) for g in range(groups)
    ]
    t = torch.tensor(left, dtype=torch.float64)

    return Estimate(value, math.sqrt((groups - 1) * float(t.var(correction=0))))
