r"""Maps from numbers of any distribution to normal scores, and back."""

__all__ = ["NormalScores", "ScoreTable"]

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr
from torch import Tensor

from ..common.checks.types import check_agreement
from ..common.configurable import Configurable

# Minimum distance of knots on the grid, which single precision can resolve
_MIN_KNOT_DISTANCE = 0.01
_MIN_BANDWIDTH, _MAX_BANDWIDTH = 1e-3, 0.5
# If there are more distinct numbers, only frequent ones own an interval
_MAX_UNSHARED_NUMBERS = 65
_MIN_WIDTH = 1e-4  # standard deviations; probabilities hardly change within this distance
_MIN_WIDTH_SINGLE = 1e-2  # the same where probabilities may be in single precision
_EQUAL_WITHIN = 1e-5  # scores closer than this are equal in single precision
# Minimum number of scores to calibrate by; minimum number beyond a known quantile
_CALIBRATED, _RESOLVED = 200, 16
_SMALLEST_GAP = 1e-3


class NormalScores(Configurable):
    r"""Monotone map from numbers to scores with a normal distribution.

    .. math:: t(v) = \Phi^{-1} \big( P(V < v) + \tfrac{1}{2} P(V = v) \big)

    A number that many rows share, such as the zeros of a count, owns an interval of scores. Every
    score of the interval is decoded to this number, so that new examples have it as often as the
    data. The number itself is encoded to the score of its middle rank. Its probability is that of
    the interval. Between intervals, the map is piecewise linear.
    Beyond the range of the fit, scores grow like a logarithm. Decoded numbers stay within the
    range of the fit.

    Arguments:
        knots: The maximum number of knots, in addition to those at the ends of intervals.

    Example:
        >>> scores = NormalScores().fit(np.array([0.0, 0.0, 0.0, 1.0]))
        >>> scores.encode(np.array([0.0, 1.0])).round(2)
        array([-0.32,  1.15])
        >>> scores.decode(np.array([-9.0, 0.6, 9.0]))
        array([0., 0., 1.])
    """

    values_: NDArray[np.float64]
    low_: NDArray[np.float64]
    middle_: NDArray[np.float64]
    high_: NDArray[np.float64]
    rows_: int
    slope_: float
    scale_: float

    def __init__(self, knots: int = 65) -> None:
        self.knots = knots

    def fit(self, values: NDArray, shared: NDArray | None = None) -> "NormalScores":
        r"""Learns the map.

        Arguments:
            values: Finite numbers, at least one.
            shared: The numbers that own an interval. With at most 65 distinct numbers, the
                default is all numbers of at least two rows; with more, it is all numbers of more
                than a 65th of the rows.
        """
        v, counts = np.unique(values + 0.0, return_counts=True)  # -0.0 becomes 0.0
        above = counts.cumsum()
        low, middle, high = (
            torch.special.ndtri(torch.from_numpy(ranks / len(values))).numpy()
            for ranks in (above - counts, above - counts / 2, above)
        )
        own = (counts > 1) & (
            (len(v) <= _MAX_UNSHARED_NUMBERS) | (counts > len(values) / _MAX_UNSHARED_NUMBERS)
        )
        own = (own if shared is None else np.isin(v, shared)) | (len(v) == 1)
        few = len(v) <= self.knots or bool(own.all())
        knots = np.stack([v, np.where(own, low, middle), middle, np.where(own, high, middle)])
        knots = knots if few else _thinned(knots, own, self.knots)
        self.values_, self.low_, self.middle_, self.high_ = knots
        self.rows_ = len(values)

        reach = v[-1] - v[0]
        self.slope_ = float((middle[-1] - middle[0]) / reach) if reach > 0 else 1.0

        # A rounded number is only known up to its rounding
        gaps = np.diff(middle).repeat(counts[:-1])
        median = float(np.median(gaps)) if len(gaps) else 1.0
        self.scale_ = float(f"{np.clip(median / 4, _MIN_BANDWIDTH, _MAX_BANDWIDTH):.3g}")

        return self

    def calibrated(self, scores: NDArray) -> "NormalScores":
        r"""Returns a map under which decoded scores follow the distribution of the fit.

        .. math:: t'(v) = F_t^{-1} \big( \Phi(t(v)) \big)

        where :math:`F_t` is the distribution of the scores. The scores that a model draws are not
        exactly normal. In a skewed column a difference of a quarter of a standard deviation at the
        upper end changes the spread of the numbers by a quarter. Intervals of shared numbers stay
        as they are. Between two intervals, the map follows the scores between these intervals.

        Arguments:
            scores: Scores that a model drew, with shape `(n,)`.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> v = np.exp(rng.normal(size=1000))
            >>> scores = NormalScores().fit(v)
            >>> narrow = 0.8 * rng.normal(size=20000)
            >>> bool(scores.decode(narrow).std() < 0.7 * v.std())
            True
            >>> calibrated = scores.calibrated(narrow).decode(narrow)
            >>> bool(0.95 < calibrated.std() / v.std() < 1.05)
            True
        """
        found = self.clone()
        vars(found).update({k: v for k, v in vars(self).items() if k.endswith("_")})
        middle = self.middle_.copy()
        borders = np.flatnonzero(self._owns())

        for i, j in itertools.pairwise([-1, *borders.tolist(), len(middle)]):
            low = self.high_[i] if i >= 0 else -np.inf
            high = self.low_[j] if j < len(middle) else np.inf
            inside = scores[(scores > low) & (scores < high)]

            if j > i + 1 and len(inside) >= _CALIBRATED:
                middle[i + 1 : j] = _ranked(middle[i + 1 : j], low, high, np.sort(inside))

        free = ~self._owns()
        found.low_, found.high_ = (np.where(free, middle, e) for e in (self.low_, self.high_))
        found.middle_ = middle
        reach = self.values_[-1] - self.values_[0]
        found.slope_ = float((middle[-1] - middle[0]) / reach) if reach > 0 else self.slope_

        return found

    def check_learned(self) -> None:
        n = len(self.values_)
        knots = (self.values_, self.low_, self.middle_, self.high_)
        check_agreement(
            type(self),
            values_=n > 0 and all(v.shape == (n,) and not np.isnan(v).any() for v in knots),
            low_=all((np.diff(v[np.isfinite(v)]) >= 0).all() for v in knots),
            middle_=np.isfinite([self.values_, self.middle_]).all(),
            slope_=self.slope_ >= 0,
            scale_=self.scale_ > 0,
            rows_=self.rows_ > 0,
        )

    def encode(self, v: NDArray) -> NDArray:
        r"""Returns the scores of numbers, with NaN for NaN."""
        k = self._segment(self.values_, v)
        share = (v - self.values_[k]) / self._step(self.values_, self.values_)[k]

        with np.errstate(invalid="ignore", over="ignore"):  # scores may be infinite at the ends
            t = self.high_[k] + share * self._step(self.high_, self.low_)[k]
            d = v - self.values_[k]
            beyond = self.middle_[k] + np.sign(d) * np.log1p(self.slope_ * np.abs(d))

        t = np.where((v < self.values_[0]) | (v > self.values_[-1]), beyond, t)
        return np.where(v == self.values_[k], self.middle_[k], t)

    def decode(self, t: NDArray) -> NDArray:
        r"""Returns the numbers of scores, within the range of the fit."""
        k = self._segment(self.low_, t)
        step = self._step(self.high_, self.low_)[k]

        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(t > self.high_[k], (t - self.high_[k]) / step, 0)

        share = np.where(np.isnan(t), np.nan, np.clip(share, 0, 1))
        v = self.values_[k] + share * self._step(self.values_, self.values_)[k]

        return np.minimum(v, self.values_[-1])

    def log_slope(self, t: NDArray) -> NDArray:
        r"""Returns :math:`\log \mathrm{d}v / \mathrm{d}t`, for densities in the user's units.

        It is zero for a number that owns an interval, because this number has a probability. A
        number in the interval of another number was never seen. It has the probability of that
        number, divided by the number of rows of the fit; far beyond the ends it has less.
        """
        k = self._segment(self.low_, t)
        owns = self._owns()[k] & (t <= self.high_[k])
        off = np.abs(t - self.middle_[k])
        beyond = np.maximum(self.middle_[0] - t, t - self.middle_[-1])
        unseen = np.log(self.rows_) + np.maximum(beyond, 0)

        with np.errstate(invalid="ignore", divide="ignore"):
            steps = self._step(self.values_, self.values_) / self._step(self.high_, self.low_)
            inside = np.where(owns, np.where(off > _EQUAL_WITHIN, unseen, 0), np.log(steps[k]))

        return np.where((beyond > 0) & ~owns, beyond - np.log(self.slope_), inside)

    def log_unseen(self, t: NDArray) -> NDArray:
        r"""Returns :meth:`log_slope` in the interval of another number, and else zero."""
        k = self._segment(self.low_, t)
        owned = self._owns()[k] & (t <= self.high_[k])
        return np.where(owned, self.log_slope(t), 0.0)

    def mean(self, loc: NDArray, scale: NDArray) -> NDArray:
        r"""Returns the means of numbers whose scores have normal distributions.

        .. math:: \mathbb{E}[v(t)] = v_1 + \int P(t > u) \, \mathrm{d}v(u), \qquad
            t \sim \mathcal{N}(\mu, \sigma^2)

        Arguments:
            loc: The means of the scores, with shape `(B,)`.
            scale: Their standard deviations, with shape `(B,)`.
        """
        a, b = (
            (ends - loc[:, None]) / scale[:, None] for ends in (self.high_[:-1], self.low_[1:])
        )
        wide = b - a > _MIN_WIDTH

        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(wide, (_area(b) - _area(a)) / (b - a), ndtr(-(a + b) / 2))

        return self.values_[0] + share @ np.diff(self.values_)

    def intervals(self) -> tuple[tuple[float, float], ...]:
        r"""Returns the ends of the intervals of shared numbers, in ascending order."""
        owns = self._owns()
        return tuple(zip(self.low_[owns].tolist(), self.high_[owns].tolist()))

    @property
    def is_free(self) -> bool:
        r"""Tell whether some numbers own no interval, so that the map can be calibrated."""
        return not bool(self._owns().all())

    @property
    def is_flag(self) -> bool:
        r"""Tell whether the numbers are zeros and ones."""
        return self.values_.tolist() == [0.0, 1.0] and bool(self._owns().all())

    def _owns(self) -> NDArray:
        return np.asarray(self.high_ > self.low_)

    def _segment(self, ends: NDArray, x: NDArray) -> NDArray:
        return np.clip(np.searchsorted(ends, x, side="right") - 1, 0, len(ends) - 1)

    def _step(self, begin: NDArray, end: NDArray) -> NDArray:
        r"""Returns the distance from each knot to the next, and one for the last."""
        return np.append(end[1:] - begin[:-1], 1.0)


class ScoreTable:
    r"""The maps of several columns at once, as tensors on a device.

    Arguments:
        scores: The maps, at least one.
        device: The device.

    Example:
        >>> scores = NormalScores().fit(np.array([0.0, 0.0, 0.0, 1.0]))
        >>> ScoreTable([scores]).encode(torch.tensor([[0.0], [1.0]])).round(decimals=2)
        tensor([[-0.3200],
                [ 1.1500]], dtype=torch.float64)
    """

    def __init__(self, scores: Sequence[NormalScores], device: torch.device | None = None) -> None:
        n = max(len(s.values_) for s in scores)
        self.dtype = (
            torch.float32 if device is not None and device.type == "mps" else torch.float64
        )

        def stacked(rows: list[NDArray]) -> Tensor:
            last = [np.append(row, np.repeat(row[-1:], n - len(row))) for row in rows]
            return torch.from_numpy(np.stack(last)).to(device, self.dtype)

        self.values = stacked([s.values_ for s in scores])
        self.low = stacked([s.low_ for s in scores])
        self.middle = stacked([s.middle_ for s in scores])
        self.high = stacked([s.high_ for s in scores])
        self.last = torch.tensor([[len(s.values_) - 1] for s in scores], device=device)
        self.slope = torch.tensor([[s.slope_] for s in scores], dtype=self.dtype, device=device)
        self.rate = stacked([_rates(s) for s in scores])

    def encode(self, v: Tensor) -> Tensor:
        r"""Returns the scores of numbers, as :meth:`NormalScores.encode` does.

        Arguments:
            v: Finite numbers, with shape `(B, C)`.
        """
        v = v.to(self.dtype).T.contiguous()
        k = torch.searchsorted(self.values, v, right=True) - 1
        k = torch.minimum(k.clamp(min=0), self.last)
        d = v - self.values.gather(1, k)
        middle, first, end = self.middle.gather(1, k), self.values[:, :1], self.values[:, -1:]
        far = middle + d.sign() * torch.log1p(self.slope * d.abs())
        t = torch.where(
            (v < first) | (v > end), far, self.high.gather(1, k) + d * self.rate.gather(1, k)
        )

        return torch.where(d == 0, middle, t).T

    def mean(self, loc: Tensor, scale: Tensor) -> Tensor:
        r"""Returns the means of numbers, as :meth:`NormalScores.mean` does.

        Arguments:
            loc: The means of the scores, with shape `(B, C)`.
            scale: Their standard deviations, with shape `(B, C)`.
        """
        gaps = self.values.diff()  # zero beyond the last knot of a column
        ends = self.high[:, :-1], torch.where(gaps > 0, self.low[:, 1:], self.high[:, :-1])
        a, b = ((end - loc[..., None]) / scale[..., None] for end in ends)
        wide = b - a > _MIN_WIDTH_SINGLE
        slope = (_area_of(b) - _area_of(a)) / torch.where(wide, b - a, 1)
        share = torch.where(wide, slope, torch.special.ndtr(-(a + b) / 2))

        return self.values[:, 0] + torch.where(gaps > 0, share * gaps, 0).sum(dim=-1)


def _area_of(z: Tensor) -> Tensor:
    r"""Returns an integral of :math:`1 - \Phi`."""
    return z * torch.special.ndtr(-z) - torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi)


def _area(z: NDArray) -> NDArray:
    r"""Returns an integral of :math:`1 - \Phi`."""
    return z * ndtr(-z) - np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)


def _ranked(t: NDArray, low: float, high: float, scores: NDArray) -> NDArray:
    r"""Returns the quantiles of sorted scores at the ranks of normal scores between two ends."""
    below, above = ndtr(low), ndtr(high)
    ranks = np.clip((ndtr(t) - below) / (above - below), 0, 1)
    moved = np.quantile(scores, ranks)

    # Beyond the ranks that enough scores resolve, the shift stays the same
    least = _RESOLVED / len(scores)
    known = (ranks >= least) & (ranks <= 1 - least)

    if not known.any():
        return t

    moved = t + np.interp(t, t[known], (moved - t)[known])
    gaps = np.minimum(np.diff(t), _SMALLEST_GAP)
    rising = moved[0] + np.append(0, np.maximum(np.diff(moved), gaps).cumsum())
    inside = (low < rising[0]) & (rising[-1] < high)

    return rising if inside else t


def _rates(scores: NormalScores) -> NDArray:
    r"""Returns the slope of the scores as a function of the numbers, between knots."""
    gaps = np.append(np.diff(scores.values_), 1.0)
    rises = np.append(scores.low_[1:] - scores.high_[:-1], 0.0)

    with np.errstate(over="ignore"):
        return np.minimum(rises / gaps, np.finfo(float).max)


def _thinned(knots: NDArray, own: NDArray, n: int) -> NDArray:
    r"""Returns fewer knots: knots with an interval, both ends, and a grid between them."""
    v, _, middle, _ = knots
    fixed = own.copy()
    fixed[[0, -1]] = True
    grid = np.linspace(middle[0], middle[-1], n)[1:-1]
    between = np.stack([np.interp(grid, middle, v), grid, grid, grid])

    free = np.repeat([False, True], [fixed.sum(), len(grid)])
    knots = np.hstack([knots[:, fixed], between])
    order = np.lexsort((free, knots[0]))
    (v, low, _, high), free = knots[:, order], free[order]
    kept: list[int] = []

    for k in range(len(v)):
        while (
            kept
            and free[kept[-1]]
            and not free[k]
            and low[k] - high[kept[-1]] < _MIN_KNOT_DISTANCE
        ):
            kept.pop()

        last = kept[-1] if kept else k
        apart = v[k] > v[last] and low[k] - high[last] >= _MIN_KNOT_DISTANCE

        if apart or not free[k]:
            kept.append(k)

    return knots[:, order[kept]]
