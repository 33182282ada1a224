r"""Differences of log-gamma functions, accurate in single precision."""

__all__ = ["log_gamma_ratio"]

import torch
from torch import Tensor

_LARGE = 16.0  # from here on, five terms of Stirling's series are exact to 1e-15
_SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)


def log_gamma_ratio(a: Tensor, x: Tensor) -> Tensor:
    r"""Log-ratio of gamma functions, without its leading term.

    .. math:: \log \frac{\Gamma(a + x)}{\Gamma(a)} - x \log a

    It tends to zero for large :math:`a`, where a difference of two log-gamma functions would
    cancel. Stirling's series gives it there.

    Arguments:
        a: Positive numbers.
        x: Numbers of at least zero, whose shape broadcasts with that of `a`.

    Example:
        >>> log_gamma_ratio(torch.tensor(2.0), torch.tensor(3.0))  # log(2 * 3 * 4 / 2 ** 3)
        tensor(1.0986)
    """
    large = a > _LARGE
    b = torch.where(large, a, _LARGE)  # neither branch may have gradients that are not finite
    series = (b + x - 0.5) * torch.log1p(x / b) - x + _tail(b + x) - _tail(b)
    a = torch.where(large, 1.0, a)
    direct = torch.lgamma(a + x) - torch.lgamma(a) - x * a.log()

    return torch.where(large, series, direct)


def _tail(z: Tensor) -> Tensor:
    r"""Returns the terms of Stirling's series that vanish for large arguments."""
    inverse = z.reciprocal()
    square = inverse.square()
    total = torch.zeros_like(z)

    for term in reversed(_SERIES):
        total = total * square + term

    return total * inverse
