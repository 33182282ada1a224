r"""Estimates with standard errors."""

__all__ = ["Estimate", "estimate_mean"]

import math
from typing import Any, NamedTuple

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
