r"""Normal distributions that share one scale."""

__all__ = ["Isotropic"]

import math

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, Normal


class Isotropic(Normal):
    r"""Normal distributions of one scale for all elements.

    .. math:: \log p(x) = -\frac{(x - \mu)^2}{2 \sigma^2} - \log \sigma - \frac{1}{2} \log 2 \pi

    That of torch takes the square and the logarithm of the scale for each element, which is
    more than half of the time of a density.

    Arguments:
        loc: The means :math:`\mu`, with shape `(*)`.
        one_scale: Their standard deviation :math:`\sigma > 0`, with shape `()`.

    Example:
        >>> Isotropic(torch.zeros(3), torch.tensor(1.0)).log_prob(torch.ones(3)).shape
        torch.Size([3])
    """

    def __init__(self, loc: Tensor, one_scale: Tensor) -> None:
        super().__init__(loc, one_scale, validate_args=False)

        self.one_scale = one_scale

    def log_prob(self, value: Tensor) -> Tensor:
        residual = (value - self.loc) * (math.sqrt(0.5) / self.one_scale)
        largest = -self.one_scale.log() - 0.5 * math.log(2 * math.pi)

        return torch.addcmul(largest, residual, residual, value=-1)

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "Isotropic":
        return Isotropic(self.loc.expand(batch_shape), self.one_scale)
