r"""Normal distributions of which intervals are seen as one number.

The score of a number that many rows share is only known to lie in an interval. That is the
ordinal probit model, where all numbers are such, and a censored one, where some are:

.. math:: p(x) = \begin{cases} \Phi \big( \frac{b_k - \mu}{\sigma} \big)
    - \Phi \big( \frac{a_k - \mu}{\sigma} \big) & a_k \leq x \leq b_k \\
    \mathcal{N}(x; \mu, \sigma^2) & \text{elsewhere} \end{cases}

Probabilities of the intervals and the integral of the density elsewhere add up to one.

References:
    | Regression Models for Ordinal Data (McCullagh, 1980)
    | Estimation of Relationships for Limited Dependent Variables (Tobin, 1958)
"""

__all__ = ["Censored", "CensoredGaussian", "Interval", "Intervals", "log_mass"]

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Size, Tensor
from torch.distributions import Distribution, Normal

from .family import RESOLUTION, DiagonalGaussian

Interval = tuple[float, float]

_FARTHEST = 1e3  # in place of infinity, whose gradients are not numbers
_ROOT_TAU = math.sqrt(2 * math.pi)


def log_mass(low: Tensor, high: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    r"""The log-probability of intervals under normal distributions, also far from their means.

    .. math:: \log \big( \Phi(b) - \Phi(a) \big) = \log \Phi(b)
        + \log \big( 1 - e^{\log \Phi(a) - \log \Phi(b)} \big)

    Intervals above the mean are reflected, so that neither term is lost to rounding.

    Arguments:
        low: The lower ends, finite.
        high: The upper ends, greater than these.
        loc: The means.
        scale: The standard deviations, with shapes that broadcast.

    Example:
        >>> ends = torch.tensor(30.0), torch.tensor(1000.0)
        >>> log_mass(*ends, torch.tensor(0.0), torch.tensor(1.0)).round()
        tensor(-454.)
    """
    a, b = (low - loc) / scale, (high - loc) / scale
    above = a + b > 0
    a, b = torch.where(above, -b, a), torch.where(above, -a, b)
    log_a, log_b = _log_ndtr(a), _log_ndtr(b)
    apart = (log_b - log_a).clamp(min=torch.finfo(a.dtype).eps)

    return log_b + torch.log(-torch.expm1(-apart))


def _log_ndtr(x: Tensor) -> Tensor:
    r"""Returns :math:`\log \Phi(x)`; the gradients of torch's are wrong beyond -1,000."""
    below, above = x.clamp(max=0), x.clamp(min=0)
    low = torch.log(torch.special.erfcx(-below * math.sqrt(0.5)) / 2) - below.square() / 2
    high = torch.log1p(-torch.special.erfc(above * math.sqrt(0.5)) / 2)

    return torch.where(x < 0, low, high)


class Intervals(nn.Module):
    r"""The intervals of scores that are one number each, by column.

    Arguments:
        intervals: For each column the ends of its intervals, ascending and apart; none for
            a column of densities alone.

    Example:
        >>> intervals = Intervals([[], [(-math.inf, 0.5)]])
        >>> columns, inside, low, high = intervals(torch.tensor([[0.0, 0.2]]))
        >>> columns.tolist(), inside.tolist(), high.tolist()
        ([1], [[True]], [[0.5]])
    """

    def __init__(self, intervals: Sequence[Sequence[Interval]]) -> None:
        super().__init__()

        self.some = [j for j, column in enumerate(intervals) if len(column)]
        n = max((len(column) for column in intervals), default=0)
        ends = torch.full((2, len(self.some), n), _FARTHEST, dtype=torch.get_default_dtype())

        for row, j in enumerate(self.some):
            both = torch.tensor([*intervals[j]], dtype=ends.dtype).clamp(-_FARTHEST, _FARTHEST)
            ends[:, row, : len(both)] = both.T

        self.columns: Tensor
        self.low: Tensor
        self.high: Tensor
        self.register_buffer(
            "columns", torch.tensor(self.some, dtype=torch.long), persistent=False
        )
        self.register_buffer("low", ends[0].contiguous(), persistent=False)
        self.register_buffer("high", ends[1].contiguous(), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        r"""
        Arguments:
            x: Scores, with shape `(*, D)`.

        Returns:
            The columns that have intervals, with shape `(C,)`, whether their scores lie in one,
            and its ends, with shape `(*, C)`.
        """
        t = x[..., self.columns]
        rows = t.reshape(-1, len(self.some)).T.contiguous()
        k = (torch.searchsorted(self.low, rows, right=True) - 1).clamp(min=0)
        low, high = (ends.gather(1, k).T.reshape(t.shape) for ends in (self.low, self.high))
        inside = (t >= low) & (t <= high)

        # Any interval does where there is none, as long as its mass is a number
        return self.columns, inside, torch.where(inside, low, -1), torch.where(inside, high, 1)

    def censor(self, normal: Normal, x: Tensor) -> Tensor:
        r"""Returns log-densities of scores, and log-probabilities of those in intervals.

        Arguments:
            normal: The distributions of the scores, with batch shape `(*, D)`.
            x: The scores, with a shape that broadcasts to it.
        """
        ll = normal.log_prob(x)

        if not self.some:
            return ll

        columns, inside, low, high = self(x)
        loc, scale = normal.loc[..., columns], normal.scale[..., columns]
        mass = torch.where(inside, log_mass(low, high, loc, scale), ll[..., columns])

        return ll.index_copy(-1, columns, mass)

    def lost_variance(self) -> Tensor:
        r"""Returns how much of the variance of normal scores their middles lack, by column.

        .. math:: \sum_k \int_{a_k}^{b_k} (t - m_k)^2 \, \varphi(t) \, dt

        With shape `(C,)`.
        """
        a, b = self.low.double(), self.high.double()
        mass = torch.special.ndtr(b) - torch.special.ndtr(a)
        middle = torch.special.ndtri(torch.special.ndtr(a) + mass / 2).clamp(a, b)
        phi_a, phi_b = (torch.exp(-0.5 * t**2) / _ROOT_TAU for t in (a, b))
        first, second = phi_a - phi_b, mass + a * phi_a - b * phi_b
        lost = second - 2 * middle * first + middle**2 * mass

        return torch.where(mass > 0, lost, 0).sum(dim=1).clamp(0, 1)


class Censored(Normal):
    r"""Normal distributions of scores, of which intervals are one number each.

    Arguments:
        normal: The distributions of the scores, with batch shape `(*, D)`.
        intervals: Which scores are one number.

    Example:
        >>> normal = Normal(torch.zeros(1), torch.ones(1))
        >>> p = Censored(normal, Intervals([[(-math.inf, 0.0), (0.0, math.inf)]]))
        >>> p.log_prob(torch.tensor([-0.7])).exp()
        tensor([0.5000])
    """

    def __init__(self, normal: Normal, intervals: Intervals) -> None:
        super().__init__(normal.loc, normal.scale, validate_args=False)

        self.normal = normal
        self.intervals = intervals

    def log_prob(self, value: Tensor) -> Tensor:
        return self.intervals.censor(self.normal, value)

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "Censored":
        return Censored(self.normal.expand(batch_shape), self.intervals)


class CensoredGaussian(DiagonalGaussian):
    r"""Normal distributions of scores with one scale for each column, see :class:`Censored`.

    .. math:: \mathcal{N}(\mu_j, \sigma_j^2), \qquad \phi = \mu

    Arguments:
        intervals: For each column the ends of the scores of its shared numbers, ascending.

    Example:
        >>> family = CensoredGaussian([[], [(-math.inf, 1.0), (1.0, math.inf)]]).build(None, (2,))
        >>> p = family(torch.zeros(2, 1))
        >>> p.log_prob(torch.tensor([0.0, 0.2])) - p.log_prob(torch.tensor([0.0, 0.9]))
        tensor([0., 0.], grad_fn=<SubBackward0>)
    """

    def __init__(self, intervals: Sequence[Sequence[Interval]] = ()) -> None:
        super().__init__()

        self.intervals = intervals
        self.cells = Intervals(intervals)

    def forward(self, phi: Tensor) -> Censored:  # type: ignore[override]
        return Censored(super().forward(phi), self.cells)

    @torch.no_grad()
    def set_scale(self, scale: Tensor) -> None:
        r"""Sets :math:`\sigma`, where it is known in closed form for the middles of intervals.

        What the middles lack of the variance of the scores is added, or shared numbers would
        begin with other frequencies than they have.
        """
        variance = scale.double().square().expand(self.log_scale.shape).clone()
        variance[..., self.cells.columns] += self.cells.lost_variance().to(variance)
        super().set_scale(variance.sqrt().to(scale).clamp(min=RESOLUTION))
