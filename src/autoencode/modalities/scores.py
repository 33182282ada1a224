r"""From numbers of any distribution to normal scores, and back."""

__all__ = ["NormalScores"]

import numpy as np
import torch
from numpy.typing import NDArray

from ..configurable import Configurable

_APART = 0.01  # the least distance of two knots between: single precision tells scores apart
_SHARPEST, _WIDEST = 1e-3, 0.5


class NormalScores(Configurable):
    r"""A monotone map to the scores that numbers would have, were they normal.

    .. math:: t(v) = \Phi^{-1} \big( P(V < v) + \tfrac{1}{2} P(V = v) \big)

    A number that many rows share, such as the zeros of a count, owns a whole interval of
    scores, all of which lead back to it: what is drawn has it as often as the data have, though
    the one score that leads there is its middle. Between, the map is linear from knot to knot.
    Beyond what was seen it goes on as a logarithm does, the way back ends there.

    Arguments:
        knots: How many there are at most, but for those numbers.

    Example:
        >>> scores = NormalScores().fit(np.array([0.0, 0.0, 0.0, 1.0]))
        >>> scores.encode(np.array([0.0, 1.0])).round(2)
        array([-0.32,  1.15])
        >>> scores.decode(np.array([-9.0, 0.6, 9.0]))
        array([0., 0., 1.])
    """

    def __init__(self, knots: int = 65) -> None:
        self.knots = knots

    def fit(self, values: NDArray) -> "NormalScores":
        r"""Learns the map.

        Arguments:
            values: Finite numbers, at least one.
        """
        v, counts = np.unique(values, return_counts=True)
        above = counts.cumsum()
        low, middle, high = (
            torch.special.ndtri(torch.from_numpy(ranks / len(values))).numpy()
            for ranks in (above - counts, above - counts / 2, above)
        )
        few = len(v) <= self.knots
        own = (counts > 1) & (few | (counts > len(values) / self.knots)) | (len(v) == 1)
        low, high = np.where(own, low, middle), np.where(own, high, middle)

        # What was rounded is not known better than its rounding
        gaps = np.diff(middle).repeat(counts[:-1])
        median = float(np.median(gaps)) if len(gaps) else 1.0
        self.scale_ = float(np.clip(median / 4, _SHARPEST, _WIDEST))

        if not few:
            v, low, middle, high = self._thinned(v, low, middle, high, own)

        self.values_, self.low_, self.middle_, self.high_ = v, low, middle, high
        reach = v[-1] - v[0]
        self.slope_ = float((middle[-1] - middle[0]) / reach) if reach > 0 else 1.0

        return self

    def encode(self, v: NDArray) -> NDArray:
        r"""Returns the scores of numbers, NaN where they are."""
        k = self._segment(self.values_, v)
        share = (v - self.values_[k]) / self._step(self.values_, self.values_)[k]

        with np.errstate(invalid="ignore", over="ignore"):  # the ends own what is infinite
            t = self.high_[k] + share * self._step(self.high_, self.low_)[k]
            d = v - self.values_[k]
            beyond = self.middle_[k] + np.sign(d) * np.log1p(self.slope_ * np.abs(d))

        t = np.where((v < self.values_[0]) | (v > self.values_[-1]), beyond, t)
        return np.where(v == self.values_[k], self.middle_[k], t)

    def decode(self, t: NDArray) -> NDArray:
        r"""Returns the numbers of scores, within those of the fit."""
        k = self._segment(self.low_, t)
        step = self._step(self.high_, self.low_)[k]

        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(t > self.high_[k], (t - self.high_[k]) / step, 0)

        share = np.where(np.isnan(t), np.nan, np.clip(share, 0, 1))
        v = self.values_[k] + share * self._step(self.values_, self.values_)[k]

        return np.minimum(v, self.values_[-1])

    def log_slope(self, t: NDArray) -> NDArray:
        r"""Returns :math:`\log \mathrm{d}v / \mathrm{d}t`, which makes densities the user's.

        Of a number that owns an interval, minus the log of its width: the density of the score
        times this width is about the probability of the number.
        """
        k = self._segment(self.low_, t)
        half = np.fmin(self.high_ - self.middle_, self.middle_ - self.low_)
        owns = (t >= self.low_[k]) & (t <= self.high_[k]) & (half[k] > 0)
        beyond = np.maximum(self.middle_[0] - t, t - self.middle_[-1])

        with np.errstate(invalid="ignore", divide="ignore"):
            widths = np.where(np.isinf(half), 1.0, 2 * half)
            steps = self._step(self.values_, self.values_) / self._step(self.high_, self.low_)
            slope = np.where(owns, 1 / widths[k], steps[k])

        inside = np.log(slope)
        return np.where((beyond > 0) & ~owns, beyond - np.log(self.slope_), inside)

    def _thinned(self, v: NDArray, *scores: NDArray) -> list[NDArray]:
        r"""Returns few knots for many: those with an interval, the ends, and a grid between."""
        *_, own = scores
        low, middle, high = scores[:3]
        grid = np.linspace(middle[0], middle[-1], self.knots)[1:-1]
        t = np.concatenate([grid, middle[own], middle[[0, -1]]])
        at = np.concatenate([np.interp(grid, middle, v), v[own], v[[0, -1]]])
        below = np.concatenate([grid, low[own], low[[0, -1]]])
        above = np.concatenate([grid, high[own], high[[0, -1]]])
        free = np.arange(len(t)) < len(grid)
        at, first = np.unique(at[::-1], return_index=True)  # of equals, that with an interval
        rows = len(t) - 1 - first
        t, below, above, free = t[rows], below[rows], above[rows], free[rows]
        kept = [0]

        for k in range(1, len(at)):
            apart = below[k] - above[kept[-1]] >= _APART

            if not free[k] and free[kept[-1]] and not apart:
                kept.pop()

            if not free[k] or apart:
                kept.append(k)

        return [a[kept] for a in (at, below, t, above)]

    def _segment(self, ends: NDArray, x: NDArray) -> NDArray:
        return np.clip(np.searchsorted(ends, x, side="right") - 1, 0, len(ends) - 1)

    def _step(self, begin: NDArray, end: NDArray) -> NDArray:
        r"""Returns how far it is from each knot to the next, one at the last."""
        return np.append(end[1:] - begin[:-1], 1.0)
