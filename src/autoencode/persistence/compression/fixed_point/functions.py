r"""Elementary functions from operations that IEEE 754 defines to the last bit.

Arguments and results are float64 on a CPU. The relative error is about 1e-15.
"""

__all__ = [
    "cos",
    "erf",
    "exp",
    "expm1",
    "log",
    "log1p",
    "ndtr",
    "sigmoid",
    "sin",
    "softplus",
    "tanh",
]

import functools
import math

import torch
from torch import Tensor

# Their sum is half of pi
_QUARTER = 1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21
# The sum of both is log 2; the first has so few digits that its multiples are exact
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_LARGEST = 709.0  # whose exponential is finite
_TAYLOR = [1 / math.factorial(k) for k in range(14)]
_SINE = [(-1) ** k / math.factorial(2 * k + 1) for k in range(9)]
_COSINE = [(-1) ** k / math.factorial(2 * k) for k in range(9)]
_ATANH = [1 / (2 * k + 1) for k in range(12)]
_REACH, _STEPS = 9, 256  # of the table of the normal distribution; steps per standard deviation


def exp(x: Tensor) -> Tensor:
    r"""Returns :math:`e^x = 2^k e^r`, with a Taylor series for :math:`|r| \leq \log(2) / 2`.

    Example:
        >>> bool((exp(torch.tensor([-1.0, 3.0]).double()).log() - torch.tensor([-1.0, 3.0])).abs()
        ...      .max() < 1e-14)
        True
    """
    x = x.clamp(-_LARGEST, _LARGEST)
    k = torch.round(x / math.log(2))
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    return _horner(r, _TAYLOR) * _power_of_two(k)


def expm1(x: Tensor) -> Tensor:
    r"""Returns :math:`e^x - 1`, accurate near zero."""
    near = x.clamp(-0.5, 0.5)
    return torch.where(x.abs() < 0.5, near * _horner(near, _TAYLOR[1:]), exp(x) - 1)


def log(x: Tensor) -> Tensor:
    r"""Returns :math:`\log x = k \log 2 + 2 \operatorname{artanh} \frac{m - 1}{m + 1}`.

    Example:
        >>> log(torch.tensor([1.0, 0.0]).double()).tolist()
        [0.0, -inf]
    """
    m, k = torch.frexp(x)
    small = m < math.sqrt(0.5)
    m, k = torch.where(small, 2 * m, m), k.to(x) - small.to(x)
    s = (m - 1) / (m + 1)
    found = k * _LN2_HIGH + (2 * s * _horner(s * s, _ATANH) + k * _LN2_LOW)

    found = torch.where(x == 0, -math.inf, found)
    return torch.where((x < 0) | x.isnan(), math.nan, torch.where(x == math.inf, x, found))


def log1p(x: Tensor) -> Tensor:
    r"""Returns :math:`\log(1 + x)`, accurate near zero."""
    u = 1 + x
    near = x * log(u) / torch.where(u == 1, 1.0, u - 1)  # the rounding errors of u cancel
    return torch.where(u == 1, x, torch.where(u == math.inf, u, near))


def sigmoid(x: Tensor) -> Tensor:
    r"""Returns :math:`1 / (1 + e^{-x})`, accurate on both sides.

    Example:
        >>> sigmoid(torch.zeros(1).double()).item()
        0.5
    """
    e = exp(-x.abs())
    return torch.where(x < 0, e, 1.0) / (1 + e)


def tanh(x: Tensor) -> Tensor:
    r"""Returns the hyperbolic tangent."""
    e = expm1(-2 * x.abs())
    return torch.where(x < 0, e, -e) / (2 + e)


def softplus(x: Tensor) -> Tensor:
    r"""Returns :math:`\log(1 + e^x)`."""
    return x.clamp(min=0) + log1p(exp(-x.abs()))


def sin(x: Tensor) -> Tensor:
    r"""Returns the sine of angles up to about a million.

    Example:
        >>> x = torch.arange(9).double()
        >>> bool((sin(x) - x.sin()).abs().max() < 1e-15)
        True
    """
    return _turned(x, 0)


def cos(x: Tensor) -> Tensor:
    r"""Returns the cosine."""
    return _turned(x, 1)


def _turned(x: Tensor, ahead: int) -> Tensor:
    r"""Returns the sine of angles that are some quarters of a turn ahead."""
    quarters = torch.round(x / _QUARTER[0])
    r = x

    for part in _QUARTER:
        r = r - quarters * part

    turn = quarters + ahead - 4 * ((quarters + ahead) / 4).floor()
    even = torch.where(
        (turn == 0) | (turn == 2), r * _horner(r * r, _SINE), _horner(r * r, _COSINE)
    )
    return torch.where(turn >= 2, -even, even)


def ndtr(x: Tensor) -> Tensor:
    r"""Returns the normal distribution function, linear between 256 points for each unit.

    The absolute error is below 5e-7. As a distribution function, it differs from the normal one by
    a Kullback-Leibler divergence below 1e-6.

    Example:
        >>> ndtr(torch.tensor([-20.0, 0.0, 20.0]).double()).tolist()
        [0.0, 0.5, 1.0]
    """
    table = _normal_table()
    place = (x.clamp(-_REACH, _REACH) + _REACH) * _STEPS
    k = place.floor().clamp(max=len(table) - 2)
    low, high = table[k.long()], table[k.long() + 1]
    return low + (place - k) * (high - low)


def erf(x: Tensor) -> Tensor:
    r"""Returns the error function, accurate to 1e-6."""
    return 2 * ndtr(x * math.sqrt(2)) - 1


def _horner(x: Tensor, coefficients: list[float]) -> Tensor:
    found = torch.full_like(x, coefficients[-1])

    for c in reversed(coefficients[:-1]):
        found.mul_(x).add_(c)  # two operations, each of which is rounded

    return found


def _power_of_two(k: Tensor) -> Tensor:
    r"""Returns powers of two from the bits of their exponents."""
    return ((k.long() + 1023) << 52).view(torch.float64)


@functools.cache
def _normal_table() -> Tensor:
    r"""Returns the normal distribution function on a grid, by the rule of Simpson."""
    h = 1 / _STEPS
    t = torch.arange(-_REACH * _STEPS, _REACH * _STEPS + 1, dtype=torch.float64) * h
    density = exp(-t * t / 2)
    middle = exp(-(t[1:] - h / 2) * (t[1:] - h / 2) / 2)
    parts = (density[1:] + density[:-1] + 4 * middle) * h / 6

    below, total = [0.0], 0.0

    for part in parts.tolist():
        total = total + part
        below.append(total)

    found = torch.tensor(below, dtype=torch.float64) / total
    return (found + (1 - found.flip(0))) / 2  # symmetric
