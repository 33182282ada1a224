r"""Whole numbers on the stack, digit by digit, under any distribution function."""

__all__ = ["BASE", "pop_numbers", "push_numbers"]

from collections.abc import Callable

import torch
from torch import Tensor

from .stack import Stack

BASE = 16
_LEAST_MASS = 2.0**-36  # of numbers that share all digits so far, below which they count as equal

# Maps the numbers of n rows, with shape (n, K), to the probabilities that a number lies below them
Below = Callable[[Tensor], Tensor]


def push_numbers(stack: Stack, k: Tensor, below: Below, size: int) -> None:
    r"""Puts whole numbers on the stack.

    The digits to the base 16 are coded one by one, the first of them on top: each has the
    probability that the distribution function gives to it after the digits before. Numbers of any
    size thus take tables of sixteen probabilities.

    .. math:: p(d \mid c) = \frac{F(c + (d + 1) u) - F(c + d u)}{F(c + 16 u) - F(c)}

    Arguments:
        stack: The stack.
        k: The numbers, from 0 to `size - 1`, with shape `(n,)`.
        below: A function from numbers, with shape `(n, K)`, to :math:`F`, the probabilities of
            lower numbers. It does not decrease.
        size: How many numbers are possible.

    Example:
        >>> stack, k = Stack(), torch.tensor([3, 250])
        >>> below = lambda k: k.double() / 256
        >>> push_numbers(stack, k, below, 256)
        >>> round(stack.bits), pop_numbers(stack, below, 256, 2).tolist()
        (16, [3, 250])
    """
    units = _units(size)

    for unit in reversed(units):
        span = unit * BASE
        start = k - k % span if unit != units[0] else torch.zeros_like(k)
        stack.push((k - start) // unit, _weights(below, start, unit, size))


def pop_numbers(stack: Stack, below: Below, size: int, n: int) -> Tensor:
    r"""Takes whole numbers from the stack, with shape `(n,)`; see :func:`push_numbers`.

    Arguments:
        stack: The stack.
        below: The distribution function.
        size: How many numbers are possible.
        n: How many numbers to take.
    """
    k = torch.zeros(n, dtype=torch.long)

    for unit in _units(size):
        k = k + unit * stack.pop(_weights(below, k, unit, size))

    return k.clamp(max=size - 1)  # damaged files may hold others


def _units(size: int) -> list[int]:
    r"""Returns the unit of each digit, the largest first."""
    units = [1]

    while units[-1] * BASE < size:
        units.append(units[-1] * BASE)

    return units[::-1]


def _weights(below: Below, start: Tensor, unit: int, size: int) -> Tensor:
    r"""Returns the probabilities of a digit after given ones, up to a factor, `(n, K)`."""
    K = min(BASE, -(-size // unit))
    steps = torch.arange(K + 1) * unit
    # The ends follow from the digits before, and are computed alike at both ends of the file
    ends = (start[:, None] + steps).clamp(max=size)
    F = below(ends)
    F = torch.where(ends == 0, 0.0, torch.where(ends == size, 1.0, F))
    p = (F[:, 1:] - F[:, :-1]).clamp(min=0)
    there = (ends[:, 1:] > ends[:, :-1]).double()
    mass = F[:, -1:] - F[:, :1]

    return torch.where(mass > _LEAST_MASS, p, there)
