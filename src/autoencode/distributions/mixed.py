r"""The likelihood of rows with numbers, categories and missing cells."""

__all__ = ["Mixed", "MixedCells"]

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, Normal, OneHotCategorical
from torch.nn.functional import softplus

from .censored import Interval, Intervals
from .family import SMALLEST_SCALE, Family


class MixedCells(Distribution):
    r"""Independent cells, numbers and categories, of which some may be missing.

    .. math:: \log p(x) = \sum_{j \text{ not missing}} \log p_j(x_j), \qquad
        p_j = \mathcal{N}(\mu_j, \sigma_j^2) \text{ or } \mathrm{Categorical}(\pi_j)

    A number that many rows share has the probability of its interval of scores, see
    :class:`Censored`. To leave out a factor is to integrate over it, so that this is the density
    of the cells that are there. A row is a vector: the numbers; for each one, or zero if it is
    missing; then the indicators of the levels of each category, all zero if it is missing.

    Arguments:
        loc: The means :math:`\mu` of the numbers, with shape `(*, n)`.
        scale: Their standard deviations :math:`\sigma > 0`, with shape `(*, n)`.
        logits: The logits of the levels of all categories, with shape `(*, sum(levels))`.
        levels: How many levels each category has.
        intervals: Which scores of the numbers are one number; by default none.

    Example:
        >>> p = MixedCells(torch.zeros(1), torch.ones(1), torch.zeros(4), levels=(4,))
        >>> p.log_prob(torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])).exp()  # a level alone
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
        r"""The means of numbers and the probabilities of levels; no cell is missing."""
        pi = [log_pi.exp() for log_pi in self.log_pi]
        return torch.cat([self.loc, torch.ones_like(self.loc), *pi], dim=-1)

    @property
    def variance(self) -> Tensor:
        r"""The variances of numbers and of the indicators of levels; one for what is certain."""
        pi = [log_pi.exp() for log_pi in self.log_pi]
        indicators = [p * (1 - p) for p in pi]
        return torch.cat([self.scale.square(), torch.ones_like(self.loc), *indicators], dim=-1)

    def cells(self, value: Tensor) -> Tensor:
        r"""Returns the log-density or log-probability of each cell, with shape `(*, F)`.

        Of missing ones it is zero.
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

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "MixedCells":
        loc, scale = (t.expand(*batch_shape, -1) for t in (self.loc, self.scale))
        logits = self.logits.expand(*batch_shape, -1)
        return MixedCells(loc, scale, logits, self.levels, self.intervals)


class Mixed(Family):
    r"""Rows of numbers and categories with missing cells, see :class:`MixedCells`.

    .. math:: \phi = (\mu, s, \ell), \qquad \sigma = \sigma_0 + \log(1 + e^s), \quad
        \pi = \mathrm{softmax}(\ell)

    There is one raw parameter for each number of the vector that stands for a row. A scale has
    a floor :math:`\sigma_0` of its own: a column of few distinct numbers would otherwise have a
    density without bound at each of them.

    Arguments:
        scales: The least standard deviation :math:`\sigma_0` of each number.
        levels: How many levels each category has.
        intervals: For each number the ends of the scores of those that many rows share.

    Example:
        >>> family = Mixed(scales=(0.01, 0.01), levels=(3,))
        >>> family(torch.zeros(5, 7, 1)).sample().shape
        torch.Size([5, 7])
    """

    n_params = 1

    def __init__(
        self,
        scales: Sequence[float] = (),
        levels: Sequence[int] = (),
        intervals: Sequence[Sequence[Interval]] = (),
    ) -> None:
        super().__init__()

        if not all(scale > 0 for scale in scales) or not all(n > 0 for n in levels):
            raise ValueError(f"expected scales > 0 and levels > 0, got {scales} and {levels}.")

        self.scales = scales
        self.levels = levels
        self.intervals = intervals
        self.shared = Intervals(intervals)
        self.floor: Tensor
        floor = torch.tensor([*scales], dtype=torch.get_default_dtype()).clamp(SMALLEST_SCALE)
        self.register_buffer("floor", floor, persistent=False)

    def forward(self, phi: Tensor) -> MixedCells:
        n, K = len(self.scales), sum(self.levels)

        if phi.shape[-2] != 2 * n + K:
            raise ValueError(f"expected {2 * n + K} raw parameters, got {phi.shape[-2]}.")

        loc, s, logits = phi.squeeze(dim=-1).split((n, n, K), dim=-1)
        scale = self.floor + softplus(s)
        return MixedCells(loc, scale, logits, self.levels, self.shared)
