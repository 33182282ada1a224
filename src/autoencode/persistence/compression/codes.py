r"""Codes on the stack: continuous codes as points of a grid, under posterior and prior."""

__all__ = ["CodeGrid", "Gaussians", "gaussians_of"]

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)

from ...distributions import GaussianMixture
from .digits import pop_numbers, push_numbers
from .fixed_point import functions as fn
from .fixed_point import sums
from .stack import Stack


class Gaussians(NamedTuple):
    r"""Mixture of normal distributions, one for each example or the same for all.

    Attributes:
        log_weight: The logarithms of the weights, with shape `(K,)`.
        loc: The means, with shape `(B, K, D)`, or `(1, K, D)` if all examples share them.
        scale: The standard deviations, of the same shape, or triangular factors `(*, D, D)`.
    """

    log_weight: Tensor
    loc: Tensor
    scale: Tensor

    @property
    def is_diagonal(self) -> bool:
        r"""Tell whether the features are independent in each component."""
        return self.scale.ndim == self.loc.ndim

    def of(self, k: Tensor) -> "Gaussians":
        r"""Returns the component of each example."""
        rows = torch.arange(len(k)) if len(self.loc) > 1 else torch.zeros_like(k)
        one = torch.zeros(1, dtype=self.loc.dtype)
        return Gaussians(one, self.loc[rows, k][:, None], self.scale[rows, k][:, None])


def gaussians_of(p: Any) -> Gaussians | None:
    r"""Returns a distribution of codes as Gaussians, or `None` if it is another.

    Arguments:
        p: The distribution, with batch shape `(B,)` or `()`.

    Example:
        >>> p = Independent(Normal(torch.zeros(3).double(), torch.ones(3).double()), 1)
        >>> gaussians_of(p).loc.shape
        torch.Size([1, 1, 3])
    """
    one = torch.zeros(1, dtype=torch.float64)

    if isinstance(p, GaussianMixture):
        return Gaussians(fn.log(p.weight.double()), p.loc.double()[None], p.scale_tril[None])

    if isinstance(p, MultivariateNormal):
        loc, scale = p.loc, p._unbroadcasted_scale_tril.expand(*p.loc.shape, p.loc.shape[-1])
        return Gaussians(
            one, loc.reshape(-1, 1, loc.shape[-1]), scale.reshape(-1, 1, *scale.shape[-2:])
        )

    if isinstance(p, MixtureSameFamily):
        parts = gaussians_of(p.component_distribution)
        weights = p.mixture_distribution

        if parts is None or not isinstance(weights, Categorical) or weights.logits.ndim != 1:
            return None

        return Gaussians(weights.logits, parts.loc.movedim(0, 1), parts.scale.movedim(0, 1))

    if isinstance(p, Independent) and isinstance(p.base_dist, Normal):
        loc, scale = p.base_dist.loc, p.base_dist.scale.expand(p.base_dist.loc.shape)
        D = loc.shape[-1]
        return Gaussians(one, loc.reshape(-1, 1, D), scale.reshape(-1, 1, D))

    return None


class CodeGrid(NamedTuple):
    r"""Grid of codes: multiples of a power of two for each feature.

    .. math:: z_j = (k_j + \tfrac{1}{2} - 2^{b-1}) \, 2^{s_j}

    The outermost cells extend to infinity. The probability of a point is that of its cell. A step
    of a quarter of the posterior's standard deviation changes the bound by less than a thousandth
    of a nat, and finer steps only take more initial bits.

    Attributes:
        exponents: The exponents :math:`s_j`, with length `D`.
        bits: The number of bits :math:`b` of a whole number.
    """

    exponents: tuple[int, ...]
    bits: int

    @classmethod
    def of(cls, q: Gaussians) -> "CodeGrid":
        r"""Returns a grid that suits posteriors."""
        scale = q.scale if q.is_diagonal else q.scale.diagonal(dim1=-2, dim2=-1)
        scale, loc = scale.reshape(-1, scale.shape[-1]), q.loc.reshape(-1, q.loc.shape[-1])
        small = scale.quantile(0.02, dim=0) / 4
        _, exponent = torch.frexp(small)
        exponents = (exponent - 1).clamp(-24, 0)
        reach = (loc.abs() + 10 * scale).amax(dim=0).clamp(min=16)
        cells = reach * 2 / torch.exp2(exponents.double())
        _, bits = torch.frexp(cells.max())

        return cls(tuple(exponents.tolist()), int(min(max(int(bits), 4), 44)))

    def values(self, k: Tensor) -> Tensor:
        r"""Returns codes of whole numbers, `(B, D)`."""
        return (k.double() + (0.5 - 2.0 ** (self.bits - 1))) * self._steps

    def push(self, stack: Stack, k: Tensor, p: Gaussians) -> None:
        r"""Puts codes on the stack under a mixture, whose component is drawn from the stack.

        Arguments:
            stack: The stack.
            k: The whole numbers of the codes, with shape `(B, D)`.
            p: The mixture.
        """
        if len(p.log_weight) == 1:
            self._push_one(stack, k, p)
            return

        component = stack.pop(_responsibilities(p, self.values(k)))
        self._push_one(stack, k, p.of(component))
        stack.push(component, _weights(p).expand(len(k), -1))

    def pop(self, stack: Stack, p: Gaussians, n: int) -> Tensor:
        r"""Takes codes from the stack, with shape `(n, D)`; see :meth:`push`."""
        if len(p.log_weight) == 1:
            return self._pop_one(stack, p, n)

        component = stack.pop(_weights(p).expand(n, -1))
        k = self._pop_one(stack, p.of(component), n)
        stack.push(component, _responsibilities(p, self.values(k)))

        return k

    @property
    def _steps(self) -> Tensor:
        return torch.tensor([2.0**s for s in self.exponents], dtype=torch.float64)

    def _push_one(self, stack: Stack, k: Tensor, p: Gaussians) -> None:
        n, D = k.shape
        z = self.values(k)

        if p.is_diagonal:
            below = self._below(p.loc[:, 0], p.scale[:, 0], self._steps, n)
            push_numbers(stack, k.reshape(-1), below, 2**self.bits)
            return

        noise = torch.zeros_like(z)
        loc = torch.zeros_like(z)

        for j in range(D):
            loc[:, j], noise[:, j] = self._step(p, z, noise, j)

        for j in reversed(range(D)):
            below = self._below(loc[:, j : j + 1], self._spread(p, j), self._steps[j : j + 1], n)
            push_numbers(stack, k[:, j], below, 2**self.bits)

    def _pop_one(self, stack: Stack, p: Gaussians, n: int) -> Tensor:
        D = len(self.exponents)

        if p.is_diagonal:
            below = self._below(p.loc[:, 0], p.scale[:, 0], self._steps, n)
            return pop_numbers(stack, below, 2**self.bits, n * D).view(n, D)

        k = torch.zeros(n, D, dtype=torch.long)
        noise = torch.zeros(n, D, dtype=torch.float64)

        for j in range(D):
            loc, _ = self._step(p, self.values(k), noise, j)
            below = self._below(loc[:, None], self._spread(p, j), self._steps[j : j + 1], n)
            k[:, j] = pop_numbers(stack, below, 2**self.bits, n)
            _, noise[:, j] = self._step(p, self.values(k), noise, j)

        return k

    def _step(self, p: Gaussians, z: Tensor, noise: Tensor, j: int) -> tuple[Tensor, Tensor]:
        r"""Returns the mean of a feature given those before it, and its noise."""
        row = p.scale[:, 0, j, :j].expand(len(z), j)
        loc = p.loc[:, 0, j].expand(len(z))
        loc = loc + sums.total(row * noise[:, :j], [1]) if j else loc
        return loc, (z[:, j] - loc) / p.scale[:, 0, j, j]

    def _spread(self, p: Gaussians, j: int) -> Tensor:
        return p.scale[:, 0, j, j][:, None]

    def _below(self, loc: Tensor, scale: Tensor, step: Tensor, n: int) -> Any:
        shape = n, loc.shape[-1]
        flat = [t.expand(shape).reshape(-1, 1) for t in (loc, scale, step)]
        start = 2.0 ** (self.bits - 1)
        return lambda k: fn.ndtr(((k - start) * flat[2] - flat[0]) / flat[1])


def _weights(p: Gaussians) -> Tensor:
    return fn.exp(p.log_weight - p.log_weight.max())[None]


def _responsibilities(p: Gaussians, z: Tensor) -> Tensor:
    r"""Returns :math:`p(k \mid z)` up to a factor, with shape `(B, K)`."""
    off = z[:, None] - p.loc  # (B, K, D)

    if p.is_diagonal:
        noise, scale = off / p.scale, p.scale
    else:
        noise = torch.zeros_like(off)
        scale = p.scale.diagonal(dim1=-2, dim2=-1)

        for j in range(z.shape[1]):
            part = sums.total(p.scale[..., j, :j] * noise[..., :j], [-1]) if j else 0.0
            noise[..., j] = (off[..., j] - part) / scale[..., j]

    logs = sums.total(fn.log(scale), [-1])
    joint = p.log_weight - logs - sums.total(noise * noise, [-1]) / 2
    return fn.exp((joint - joint.amax(dim=1, keepdim=True)).clamp(min=-math.log(2.0) * 40))
