r"""Discretized logistic likelihoods for 8-bit pixels."""

__all__ = ["DiscretizedLogistic", "Logistic256"]

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Size, Tensor
from torch.distributions import Distribution, constraints

from ..base import SMALLEST_SCALE, Family


class Logistic256(Distribution):
    r"""Logistic distribution binned to the 256 levels :math:`0, 1/255, \dots, 1`.

    .. math:: P(x) = F(x + \tfrac{1}{510}) - F(x - \tfrac{1}{510}),
        \qquad F(x) = \sigma \left( \frac{x - \mu}{s} \right)

    The outermost bins extend to infinity, so that the probabilities sum to one.

    Arguments:
        loc: The location :math:`\mu`, from 0 (black) to 1 (white), with shape `(*)`.
        scale: The scale :math:`s > 0`, with shape `(*)`.

    See Also:
        :class:`~autoencode.distributions.DiscretizedLogistic`

    Example:
        >>> levels = torch.arange(256) / 255
        >>> p = Logistic256(torch.tensor(0.3), torch.tensor(0.1)).log_prob(levels).exp()
        >>> torch.allclose(p.sum(), torch.tensor(1.0))
        True
    """

    arg_constraints: ClassVar[dict] = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.unit_interval

    def __init__(self, loc: Tensor, scale: Tensor) -> None:
        self.loc, self.scale = torch.broadcast_tensors(loc, scale)

        super().__init__(self.loc.shape, validate_args=False)

    @property
    def mean(self) -> Tensor:
        # Mean of the logistic clipped to [0, 1], which the mean over levels approximates
        above, below = self.loc / self.scale, (self.loc - 1) / self.scale
        return self.scale * (F.softplus(above) - F.softplus(below))

    @property
    def variance(self) -> Tensor:
        r"""Variance of the logistic distribution before clipping to black and white."""
        return self.scale.square() * (math.pi**2 / 3)

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "Logistic256":
        return Logistic256(self.loc.expand(batch_shape), self.scale.expand(batch_shape))

    def sample(self, sample_shape: Size = Size()) -> Tensor:
        with torch.no_grad():
            u = torch.rand(
                self._extended_shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device
            )
            x = self.loc + self.scale * torch.logit(u, eps=1e-7)
            return (x.clamp(0, 1) * 255).round() / 255

    def log_prob(self, value: Tensor) -> Tensor:
        value = (value * 255).round() / 255
        upper = (value + 1 / 510 - self.loc) / self.scale
        lower = (value - 1 / 510 - self.loc) / self.scale

        # log(sigmoid(upper) - sigmoid(lower)) without cancellation far in the tails
        width = 1 / (255 * self.scale)
        inner = F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log(-torch.expm1(-width))

        inner = torch.where(value <= 0, F.logsigmoid(upper), inner)
        return torch.where(value >= 1, F.logsigmoid(-lower), inner)


class DiscretizedLogistic(Family):
    r"""Family of discretized logistic distributions, for 8-bit images.

    :math:`\phi = (\mu - \tfrac{1}{2}, r)`, with :math:`s = 10^{-3} + \log(1 + e^r)`. A
    network whose outputs start near zero thus starts at medium gray.

    References:
        | Improving Variational Inference with Inverse Autoregressive Flow (Kingma et al., 2016)
        | https://arxiv.org/abs/1606.04934

    See Also:
        :class:`~autoencode.distributions.Logistic256`,
        :class:`~autoencode.distributions.ContinuousBernoulli`

    Example:
        >>> DiscretizedLogistic()(torch.zeros(5, 2)).log_prob(torch.rand(5)).shape
        torch.Size([5])
    """

    n_params = 2
    support = constraints.unit_interval
    discrete = True

    def forward(self, phi: Tensor) -> Logistic256:
        loc, raw = phi.unbind(dim=-1)
        return Logistic256(loc + 0.5, SMALLEST_SCALE + F.softplus(raw))
