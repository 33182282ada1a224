r"""Exact sums and products of matrices.

Terms are rounded to multiples of a power of two, coarse enough that float64 holds every partial
sum of them. Sums are then exact, whatever their order, and fused operations give the same.

.. math:: b = \left\lfloor \frac{53 - \lceil \log_2 n \rceil}{2} \right\rfloor

bits remain for each factor of a product of :math:`n` terms: 21 bits for a thousand, where single
precision has 24.
"""

__all__ = ["mean", "product", "rounded", "total"]

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_BITS = 53  # of a float64


def rounded(x: Tensor, dims: Sequence[int], bits: int) -> Tensor:
    r"""Returns numbers rounded to a fixed number of bits, in units of the largest of them.

    Arguments:
        x: The numbers, finite.
        dims: The dimensions over which numbers share their unit, a power of two.
        bits: The number of bits of the largest number.

    Example:
        >>> rounded(torch.tensor([1.0, 0.3]).double(), [0], 2).tolist()
        [1.0, 0.5]
    """
    if not x.numel():
        return x

    largest = x.abs().amax(dim=tuple(dims), keepdim=True)
    _, exponent = torch.frexp(largest)
    up = bits - exponent.long().clamp(min=-900, max=900)
    unit, per_unit = _power(-up), _power(up)

    return torch.round(x * per_unit) * unit


def product(a: Tensor, b: Tensor) -> Tensor:
    r"""Returns the product of matrices, `(*, n, k)` and `(*, k, m)`.

    The result for a row of `a` depends on this row and on `b` alone.

    Arguments:
        a: The first matrices.
        b: The second ones.

    Example:
        >>> product(torch.ones(2, 3).double(), torch.ones(3, 1).double()).tolist()
        [[3.0], [3.0]]
    """
    bits = bits_of_factor(a.shape[-1])
    return torch.matmul(rounded(a, [-1], bits), rounded(b, [-2], bits))


def total(x: Tensor, dims: Sequence[int], keepdim: bool = False) -> Tensor:
    r"""Returns sums over dimensions.

    Arguments:
        x: The numbers.
        dims: The dimensions.
        keepdim: Whether the dimensions stay, with size one.

    Example:
        >>> total(torch.ones(2, 3).double(), [1]).tolist()
        [3.0, 3.0]
    """
    n = math.prod(x.shape[d] for d in dims)
    return rounded(x, dims, _BITS - _log2(n)).sum(dim=tuple(dims), keepdim=keepdim)


def mean(x: Tensor, dims: Sequence[int], keepdim: bool = False) -> Tensor:
    r"""Returns means over dimensions.

    Arguments:
        x: The numbers.
        dims: The dimensions.
        keepdim: Whether the dimensions stay, with size one.
    """
    return total(x, dims, keepdim) / math.prod(x.shape[d] for d in dims)


def bits_of_factor(n: int) -> int:
    r"""Returns the number of bits of each factor in a sum of `n` products."""
    return (_BITS - _log2(n)) // 2


def _log2(n: int) -> int:
    return max(0, n - 1).bit_length()


def _power(k: Tensor) -> Tensor:
    return ((k + 1023) << 52).view(torch.float64)
