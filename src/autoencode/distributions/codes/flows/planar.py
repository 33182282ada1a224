r"""Planar flows."""

__all__ = ["Planar", "PlanarFlow"]

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

from .steps import Step, StepwiseFlow

_BISECTION_STEPS = 35
_MAX_SLOPE = 0.99
_SMALLEST_SQUARE = 1e-12


class Planar(NamedTuple):
    r"""Planar step :math:`z + \hat u \tanh(w^\top z + b)`, constrained to be invertible.

    .. math:: \hat u = u + \big( m(w^\top u) - w^\top u \big) \frac{w}{\| w \|^2}, \qquad
        m(x) = 0.99 \big( \log(1 + (e - 1) e^x) - 1 \big)

    Unlike in the paper, :math:`m(0) = 0`, so that the step is the identity for :math:`u = 0`, and
    :math:`m` stays far enough above -1 to compute the inverse in single precision.

    Example:
        >>> step = Planar(torch.zeros(2), torch.ones(2), torch.zeros(()))
        >>> step.inverse(step.forward(torch.tensor([1.0, 2.0]))[0])[0]
        tensor([1., 2.])
    """

    u: Tensor
    r"""The direction of the step, with shape `(*, D)`."""

    w: Tensor
    r"""The direction in which the step varies, with shape `(*, D)`."""

    b: Tensor
    r"""The offset, with shape `(*)`."""

    def forward(self, e: Tensor) -> tuple[Tensor, Tensor]:
        u, slope = self._invertible()
        t = (_dot(self.w, e) + self.b).tanh()

        return e + u * t[..., None], (slope * (1 - t.square())).log1p()

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        u, slope = self._invertible()
        w, b, k = self.w.double(), self.b.double(), slope.double()
        t = (_solve(_dot(w, z.double()), k, b) + b).tanh()

        return z - u * t[..., None].to(z), (k * (1 - t.square())).log1p().to(z)

    def _invertible(self) -> tuple[Tensor, Tensor]:
        r"""Returns :math:`\hat u` and :math:`w^\top \hat u`."""
        wu, ww = _dot(self.w, self.u), _dot(self.w, self.w).clamp(min=_SMALLEST_SQUARE)
        slope = _MAX_SLOPE * (softplus(wu + math.log(math.e - 1)) - 1)

        return self.u + ((slope - wu) / ww)[..., None] * self.w, slope


class PlanarFlow(StepwiseFlow):
    r"""Normal distributions, transformed by planar steps.

    .. math:: z_0 \sim \mathcal{N}(\mu, \mathrm{diag}(\sigma^2)), \qquad
        z_t = z_{t-1} + \hat u_t \tanh(w_t^\top z_{t-1} + b_t)

    The encoder outputs the parameters of all steps. Each step moves codes along one direction, by
    an amount that depends on their position along a second one. A few steps can model dependent
    units, skewed codes, or two modes. Densities follow by change of variables, and the rate is
    estimated from the sampled codes. `transform` returns the image of
    :math:`\mu`.

    References:
        | Variational Inference with Normalizing Flows (Rezende & Mohamed, 2015)
        | https://arxiv.org/abs/1505.05770

    Arguments:
        n_steps: The number of steps.

    Raises:
        ValueError: If there is no step.

    See Also:
        :class:`~autoencode.distributions.FullGaussian`,
        :class:`~autoencode.distributions.InverseAutoregressiveFlow`

    Example:
        >>> family = PlanarFlow(n_steps=2)
        >>> q = family(torch.randn(5, 3, family.n_params))
        >>> q.batch_shape, q.event_shape
        (torch.Size([5]), torch.Size([3]))
    """

    def step(self, loc: Tensor, first: Tensor, second: Tensor, third: Tensor) -> Step:
        return Planar(first, second, third.mean(dim=-1))


def _dot(x: Tensor, y: Tensor) -> Tensor:
    return (x * y).sum(dim=-1)


def _solve(a: Tensor, k: Tensor, b: Tensor) -> Tensor:
    r"""Returns the root `x` of :math:`x + k \tanh(x + b) = a` for :math:`k > -1`, by bisection.

    A final Newton step gives the root its derivatives.
    """
    with torch.no_grad():
        low, high = a - k.abs(), a + k.abs()

        for _ in range(_BISECTION_STEPS):
            x = (low + high) / 2
            above = x + k * (x + b).tanh() > a
            low, high = torch.where(above, low, x), torch.where(above, x, high)

        x = (low + high) / 2

    t = (x + b).tanh()
    return x - (x + k * t - a) / (1 + k * (1 - t.square()))
