r"""Normal distributions whose scales do not depend on the example."""

__all__ = ["Homoscedastic"]

import math

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, Normal

_SMALLEST_VARIANCE = 1e-6  # keeps the density finite where data are predicted exactly


class Homoscedastic(Normal):
    r"""Normal distributions with the same scales for all examples.

    .. math:: \log p(x) = -\frac{(x - \mu)^2}{2 \sigma^2} - \log \sigma - \frac{1}{2} \log 2 \pi

    It is faster than torch's `Normal`, which computes the square and the logarithm of the scale
    for each element, more than half of the time of `log_prob`.

    With `optimal`, `log_prob` uses the standard deviation of highest likelihood for all given
    numbers, their root mean square residual :math:`\sigma^*`. It counts as a constant in the
    gradient of the means. The learned scale receives the gradient of the log-density under itself,
    so that it follows :math:`\sigma^*`.

    Arguments:
        loc: The means :math:`\mu`, with shape `(*)`.
        common_scale: The standard deviations :math:`\sigma > 0`, whose shape broadcasts to that
            of `loc`: `()` for a single scale, `(D,)` for one per column.
        optimal: Whether to compute densities under the best single scale.

    See Also:
        :class:`~autoencode.distributions.SharedGaussian`,
        :class:`~autoencode.distributions.DiagonalGaussian`

    Example:
        >>> Homoscedastic(torch.zeros(3), torch.tensor(1.0)).log_prob(torch.ones(3)).shape
        torch.Size([3])
    """

    def __init__(self, loc: Tensor, common_scale: Tensor, optimal: bool = False) -> None:
        super().__init__(loc, common_scale, validate_args=False)

        self.common_scale = common_scale
        self.optimal = optimal

    def log_prob(self, value: Tensor) -> Tensor:
        if self.optimal:
            return self._optimal_log_prob((value - self.loc).square())

        residual = (value - self.loc) * (math.sqrt(0.5) / self.common_scale)
        largest = -self.common_scale.log() - 0.5 * math.log(2 * math.pi)

        return torch.addcmul(largest, residual, residual, value=-1)

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "Homoscedastic":
        return Homoscedastic(self.loc.expand(batch_shape), self.common_scale, self.optimal)

    def _optimal_log_prob(self, squares: Tensor) -> Tensor:
        def log_density(squares: Tensor, variance: Tensor) -> Tensor:
            return -0.5 * (squares / variance + variance.log() + math.log(2 * math.pi))

        best = squares.mean().detach().clamp(min=_SMALLEST_VARIANCE)
        learned = log_density(squares.detach(), self.common_scale.square())

        return log_density(squares, best) + learned - learned.detach()
