r"""Radial flows."""

__all__ = ["Radial", "RadialFlow"]

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

from .steps import Step, StepwiseFlow

_SMALLEST_SQUARE = 1e-12  # the root of zero has no derivative


class Radial(NamedTuple):
    r"""Radial step, which moves points towards a center or away from it.

    .. math:: z + \frac{\hat\beta}{\alpha + r} (z - z_0), \qquad r = \| z - z_0 \|, \quad
        \hat\beta = \log(1 + e^{b + \log(e^\alpha - 1)}) - \alpha

    The step is invertible, as :math:`\hat\beta > -\alpha`. It is the identity for :math:`b = 0`.

    Example:
        >>> step = Radial(torch.zeros(2), torch.zeros(()), torch.ones(()))
        >>> step.inverse(step.forward(torch.tensor([1.0, 2.0]))[0])[0]
        tensor([1., 2.])
    """

    center: Tensor
    r"""The center :math:`z_0`, with shape `(*, D)`."""

    a: Tensor
    r"""The logarithm of the radius :math:`\alpha`, with shape `(*)`."""

    b: Tensor
    r"""The raw strength :math:`b`, with shape `(*)`."""

    def forward(self, e: Tensor) -> tuple[Tensor, Tensor]:
        alpha, beta = self._invertible()
        away = e - self.center
        r = _length(away)
        h = beta / (alpha + r)

        return e + h[..., None] * away, self._log_det(r, away.shape[-1])

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        alpha, beta = self._invertible()
        away = z - self.center
        R = _length(away)

        # R = r + beta r / (alpha + r) is quadratic in r; the root that does not subtract
        p = alpha + beta - R
        root = (p.square() + 4 * R * alpha).sqrt()
        r = torch.where(p > 0, 2 * R * alpha / (root + p), (root - p) / 2)
        h = beta / (alpha + r)

        return self.center + away / (1 + h)[..., None], self._log_det(r, away.shape[-1])

    def _log_det(self, r: Tensor, D: int) -> Tensor:
        alpha, beta = self._invertible()
        along = alpha * beta / (alpha + r).square()
        return (D - 1) * (beta / (alpha + r)).log1p() + along.log1p()

    def _invertible(self) -> tuple[Tensor, Tensor]:
        r"""Returns :math:`\alpha` and :math:`\hat\beta`."""
        alpha = self.a.exp()
        inverse = alpha + torch.log(-torch.expm1(-alpha))  # the softplus of this is alpha

        return alpha, softplus(self.b + inverse) - alpha


class RadialFlow(StepwiseFlow):
    r"""Normal distributions that radial steps contract or spread.

    .. math:: z_0 \sim \mathcal{N}(\mu, \mathrm{diag}(\sigma^2)), \qquad
        z_t = z_{t-1} + \frac{\hat\beta_t}{\alpha_t + r_t} (z_{t-1} - c_t), \quad
        r_t = \| z_{t-1} - c_t \|

    The encoder returns the parameters. Each step moves codes towards a center :math:`c_t` or away
    from it, most within the radius
    :math:`\alpha_t`. A few of them give shells, and heavier or lighter tails than a Gaussian has.
    Densities follow by change of variables, and the rate is estimated from each code.
    `transform` returns the image of :math:`\mu`.

    References:
        | Variational Inference with Normalizing Flows (Rezende & Mohamed, 2015)
        | https://arxiv.org/abs/1505.05770

    Arguments:
        n_steps: The number of steps.

    Raises:
        ValueError: If there is no step.

    See Also:
        :class:`~autoencode.distributions.PlanarFlow`,
        :class:`~autoencode.distributions.InverseAutoregressiveFlow`

    Example:
        >>> family = RadialFlow(n_steps=2)
        >>> q = family(torch.randn(5, 3, family.n_params))
        >>> q.batch_shape, q.event_shape
        (torch.Size([5]), torch.Size([3]))
    """

    def step(self, loc: Tensor, first: Tensor, second: Tensor, third: Tensor) -> Step:
        return Radial(loc + first, second.mean(dim=-1), third.mean(dim=-1))


def _length(x: Tensor) -> Tensor:
    return x.square().sum(dim=-1).clamp(min=_SMALLEST_SQUARE).sqrt()
