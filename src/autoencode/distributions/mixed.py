r"""Likelihoods of rows with numbers, categories and missing cells."""

__all__ = ["MixedColumns", "MixedRow"]

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, Normal, OneHotCategorical
from torch.nn.functional import softplus

from .base import SMALLEST_SCALE, Family
from .censored import Interval, Intervals


class MixedRow(Distribution):
    r"""Distribution over rows of independent numbers and categories with missing cells.

    .. math:: \log p(x) = \sum_{j \text{ not missing}} \log p_j(x_j), \qquad
        p_j = \mathcal{N}(\mu_j, \sigma_j^2) \text{ or } \mathrm{Categorical}(\pi_j)

    A value that many rows share has the probability of its interval of scores, see
    :class:`Censored`. Omitting a factor marginalizes over its cell, so that this is the density of
    the observed cells. A row is a vector of three parts: the numbers; an indicator of each number,
    zero if it is missing; and a one-hot encoding of each category, all zeros if it is missing.

    Arguments:
        loc: The means :math:`\mu` of the numbers, with shape `(*, n)`.
        scale: Their standard deviations :math:`\sigma > 0`, with shape `(*, n)`.
        logits: The logits of the levels of all categories, with shape `(*, sum(levels))`.
        levels: The number of levels of each category.
        intervals: The intervals of scores of shared values; by default none.

    See Also:
        :class:`~autoencode.distributions.MixedColumns`

    Example:
        >>> p = MixedRow(torch.zeros(1), torch.ones(1), torch.zeros(4), levels=(4,))
        >>> p.log_prob(torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])).exp()  # only the category
        tensor(0.2500)
    """

    arg_constraints: ClassVar[dict] = {}
    has_rsample = False

    def __init__(
        self,
        loc: Tensor,
        scale: Tensor,
        logits: Tensor,
        levels: Sequence[int],
        intervals: Intervals | None = None,
    ) -> None:
        super().__init__(
            loc.shape[:-1], Size([2 * loc.shape[-1] + logits.shape[-1]]), validate_args=False
        )

        self.loc = loc
        self.scale = scale
        self.logits = logits
        self.levels = tuple(levels)
        self.intervals = intervals
        parts = logits.split(self.levels, dim=-1) if self.levels else ()
        self.log_pi = [part.log_softmax(dim=-1) for part in parts]

    @property
    def mean(self) -> Tensor:
        r"""The means of numbers and the probabilities of levels, without missing cells."""
        pi = [log_pi.exp() for log_pi in self.log_pi]
        return torch.cat([self.loc, torch.ones_like(self.loc), *pi], dim=-1)

    @property
    def variance(self) -> Tensor:
        r"""The variances of numbers and of the indicators of levels."""
        pi = [log_pi.exp() for log_pi in self.log_pi]
        indicators = [p * (1 - p) for p in pi]
        return torch.cat([self.scale.square(), torch.ones_like(self.loc), *indicators], dim=-1)

    def cells(self, value: Tensor) -> Tensor:
        r"""Returns the log-density or log-probability of each cell, with shape `(*, F)`.

        It is zero for missing cells.
        """
        n = self.loc.shape[-1]
        x, there, indicators = value.split((n, n, value.shape[-1] - 2 * n), dim=-1)
        normal = Normal(self.loc, self.scale, validate_args=False)
        censored = (
            self.intervals.censor(normal, x) if self.intervals is not None else normal.log_prob(x)
        )
        numbers = there * censored
        parts = indicators.split(self.levels, dim=-1) if self.levels else ()
        chosen = [(e * lp).sum(dim=-1, keepdim=True) for e, lp in zip(parts, self.log_pi)]

        return torch.cat([numbers, *chosen], dim=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        return self.cells(value).sum(dim=-1)

    @torch.no_grad()
    def sample(self, sample_shape: Size = Size()) -> Tensor:
        x = Normal(self.loc, self.scale, validate_args=False).sample(sample_shape)
        draws = [OneHotCategorical(logits=lp, validate_args=False) for lp in self.log_pi]

        return torch.cat([x, torch.ones_like(x), *(d.sample(sample_shape) for d in draws)], -1)

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "MixedRow":
        loc, scale = (t.expand(*batch_shape, -1) for t in (self.loc, self.scale))
        logits = self.logits.expand(*batch_shape, -1)
        return MixedRow(loc, scale, logits, self.levels, self.intervals)


class MixedColumns(Family):
    r"""Family for rows of numbers and categories with missing cells, see :class:`MixedRow`.

    .. math:: \phi = (\mu, s, \ell), \qquad \sigma = \sigma_0 + \log(1 + e^s), \quad
        \pi = \mathrm{softmax}(\ell)

    There is one raw parameter for each entry of the vector that represents a row. Each scale has a
    lower bound :math:`\sigma_0`: the density of a column with few distinct values would otherwise
    be unbounded at each of them.

    Arguments:
        scales: The smallest standard deviation :math:`\sigma_0` of each number.
        levels: The number of levels of each category.
        intervals: The intervals of scores of the shared values of each number.
        fixed_scale: A fixed standard deviation for all numbers, for codes without a density. The
            network would otherwise learn small scales, and give most weight to the numbers that it
            predicts best.

    See Also:
        :class:`~autoencode.distributions.MixedRow`, :class:`~autoencode.modalities.MixedTables`

    Example:
        >>> family = MixedColumns(scales=(0.01, 0.01), levels=(3,))
        >>> family(torch.zeros(5, 7, 1)).sample().shape
        torch.Size([5, 7])
    """

    n_params = 1

    def __init__(
        self,
        scales: Sequence[float] = (),
        levels: Sequence[int] = (),
        intervals: Sequence[Sequence[Interval]] = (),
        fixed_scale: float | None = None,
    ) -> None:
        super().__init__()

        if fixed_scale is not None and not fixed_scale > 0:
            raise ValueError(f"expected a fixed scale > 0, got {fixed_scale}.")

        if not all(scale > 0 for scale in scales) or not all(n > 0 for n in levels):
            raise ValueError(f"expected scales > 0 and levels > 0, got {scales} and {levels}.")

        self.scales = scales
        self.levels = levels
        self.intervals = intervals
        self.fixed_scale = fixed_scale
        self.shared = Intervals(intervals)
        self.floor: Tensor
        floor = torch.tensor([*scales], dtype=torch.get_default_dtype()).clamp(SMALLEST_SCALE)
        self.register_buffer("floor", floor, persistent=False)

    def forward(self, phi: Tensor) -> MixedRow:
        n, K = len(self.scales), sum(self.levels)

        if phi.shape[-2] != 2 * n + K:
            raise ValueError(f"expected {2 * n + K} raw parameters, got {phi.shape[-2]}.")

        loc, s, logits = phi.squeeze(dim=-1).split((n, n, K), dim=-1)
        scale = (
            self.floor + softplus(s)
            if self.fixed_scale is None
            else self.floor.clamp(min=self.fixed_scale).expand_as(loc)
        )
        return MixedRow(loc, scale, logits, self.levels, self.shared)
