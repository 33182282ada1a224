r"""Interval-censored normal distributions.

If many rows share a value, its normal score is only known to lie in an interval. The model is an
ordinal probit if all values are shared, and a censored (Tobit) model if some are:

.. math:: p(x) = \begin{cases} \Phi \big( \frac{b_k - \mu}{\sigma} \big)
    - \Phi \big( \frac{a_k - \mu}{\sigma} \big) & a_k \leq x \leq b_k \\
    \mathcal{N}(x; \mu, \sigma^2) & \text{elsewhere} \end{cases}

The probabilities of the intervals and the integral of the density elsewhere sum to one.

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

from .base import RESOLUTION
from .gaussian import DiagonalGaussian

Interval = tuple[float, float]

FINITE_INFINITY = 1e3  # replaces infinite ends, whose gradients would be NaN
_ROOT_TAU = math.sqrt(2 * math.pi)


def log_mass(low: Tensor, high: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    r"""Log-probability of intervals under normal distributions, accurate far in the tails.

    .. math:: \log \big( \Phi(b) - \Phi(a) \big) = \log \Phi(b)
        + \log \big( 1 - e^{\log \Phi(a) - \log \Phi(b)} \big)

    Intervals above the mean are reflected, which avoids cancellation.

    Arguments:
        low: The lower ends, finite.
        high: The upper ends, greater than `low`.
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
    r"""Returns :math:`\log \Phi(x)`. Gradients of torch's function are wrong below -1,000."""
    below, above = x.clamp(max=0), x.clamp(min=0)
    low = torch.log(torch.special.erfcx(-below * math.sqrt(0.5)) / 2) - below.square() / 2
    high = torch.log1p(-torch.special.erfc(above * math.sqrt(0.5)) / 2)

    return torch.where(x < 0, low, high)


class Intervals(nn.Module):
    r"""Intervals of scores that each correspond to one shared value, by column.

    Arguments:
        intervals: The ends of the intervals of each column, ascending and disjoint; an empty list
            for a column without shared values.

    See Also:
        :class:`~autoencode.distributions.CensoredGaussian`

    Example:
        >>> intervals = Intervals([[], [(-math.inf, 0.5)]])
        >>> columns, inside, low, high = intervals(torch.tensor([[0.0, 0.2]]))
        >>> columns.tolist(), inside.tolist(), high.tolist()
        ([1], [[True]], [[0.5]])
    """

    def __init__(self, intervals: Sequence[Sequence[Interval]]) -> None:
        super().__init__()

        self.censored_columns = [j for j, column in enumerate(intervals) if len(column)]
        n = max((len(column) for column in intervals), default=0)
        rest = (FINITE_INFINITY, FINITE_INFINITY)
        rows = [[*intervals[j], *[rest] * (n - len(intervals[j]))] for j in self.censored_columns]

        # A single tensor, because files with far more tensors than weights are refused
        ends = torch.tensor(rows, dtype=torch.get_default_dtype()).reshape(len(rows), n, 2)
        ends = ends.clamp(-FINITE_INFINITY, FINITE_INFINITY).movedim(-1, 0)

        self.columns: Tensor
        self.low: Tensor
        self.high: Tensor
        self.register_buffer(
            "columns", torch.tensor(self.censored_columns, dtype=torch.long), persistent=False
        )
        self.register_buffer("low", ends[0].contiguous(), persistent=False)
        self.register_buffer("high", ends[1].contiguous(), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        r"""
        Arguments:
            x: Scores, with shape `(*, D)`.

        Returns:
            The columns that have intervals, with shape `(C,)`; whether their scores lie in an
            interval; and the lower and upper ends of that interval, with shape `(*, C)`.
        """
        t = x[..., self.columns]
        rows = t.reshape(-1, len(self.censored_columns)).T.contiguous()
        k = (torch.searchsorted(self.low, rows, right=True) - 1).clamp(min=0)
        low, high = (ends.gather(1, k).T.reshape(t.shape) for ends in (self.low, self.high))
        inside = (t >= low) & (t <= high)

        # Scores outside of all intervals get a placeholder with a finite probability
        return self.columns, inside, torch.where(inside, low, -1), torch.where(inside, high, 1)

    def censor(self, normal: Normal, x: Tensor) -> Tensor:
        r"""Returns log-densities of scores, or log-probabilities inside intervals.

        Arguments:
            normal: The distributions of the scores, with batch shape `(*, D)`.
            x: The scores, with a shape that broadcasts to it.
        """
        ll = normal.log_prob(x)

        if not self.censored_columns:
            return ll

        columns, inside, low, high = self(x)
        loc, scale = normal.loc[..., columns], normal.scale[..., columns]
        mass = torch.where(inside, log_mass(low, high, loc, scale), ll[..., columns])

        return ll.index_copy(-1, columns, mass)

    def lost_variance(self) -> Tensor:
        r"""Returns the variance of normal scores that is lost by using interval medians.

        .. math:: \sum_k \int_{a_k}^{b_k} (t - m_k)^2 \, \varphi(t) \, dt

        Returns:
            The lost variances of the censored columns, with shape `(C,)`.
        """
        a, b = self.low.double(), self.high.double()
        mass = torch.special.ndtr(b) - torch.special.ndtr(a)
        middle = torch.special.ndtri(torch.special.ndtr(a) + mass / 2).clamp(a, b)
        phi_a, phi_b = (torch.exp(-0.5 * t**2) / _ROOT_TAU for t in (a, b))
        first, second = phi_a - phi_b, mass + a * phi_a - b * phi_b
        lost = second - 2 * middle * first + middle**2 * mass

        return torch.where(mass > 0, lost, 0).sum(dim=1).clamp(0, 1)


class Censored(Normal):
    r"""Normal distributions of scores with censored intervals.

    Arguments:
        normal: The distributions of the scores, with batch shape `(*, D)`.
        intervals: The censored intervals.

    See Also:
        :class:`~autoencode.distributions.DiagonalGaussian`,
        :class:`~autoencode.distributions.CensoredGaussian`

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
    r"""Censored normal distributions with one scale per column, see :class:`Censored`.

    .. math:: \mathcal{N}(\mu_j, \sigma_j^2), \qquad \phi = \mu

    Arguments:
        intervals: The ends of the intervals of each column, ascending and disjoint.

    See Also:
        :class:`~autoencode.distributions.Censored`, :class:`~autoencode.distributions.Intervals`

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
        r"""Sets :math:`\sigma` from standard deviations that were measured at interval medians.

        Medians vary less than the scores. The lost variance is added, so that the initial
        probabilities of shared values match their frequencies.
        """
        variance = scale.double().square().expand(self.log_scale.shape).clone()
        variance[..., self.cells.columns] += self.cells.lost_variance().to(variance)
        super().set_scale(variance.sqrt().to(scale).clamp(min=RESOLUTION))
