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
        v, counts = np.unique(values + 0.0, return_counts=True)  # of zeros the positive one
        above = counts.cumsum()
        low, middle, high = (
            torch.special.ndtri(torch.from_numpy(ranks / len(values))).numpy()
            for ranks in (above - counts, above - counts / 2, above)
        )
        few = len(v) <= self.knots
        own = (counts > 1) & (few | (counts > len(values) / self.knots)) | (len(v) == 1)
        knots = np.stack([v, np.where(own, low, middle), middle, np.where(own, high, middle)])
        knots = knots if few else _thinned(knots, own, self.knots)
        self.values_, self.low_, self.middle_, self.high_ = knots

        reach = v[-1] - v[0]
        self.slope_ = float((middle[-1] - middle[0]) / reach) if reach > 0 else 1.0

        # What was rounded is not known better than its rounding
        gaps = np.diff(middle).repeat(counts[:-1])
        median = float(np.median(gaps)) if len(gaps) else 1.0
        self.scale_ = float(f"{np.clip(median / 4, _SHARPEST, _WIDEST):.3g}")

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
        owns = (half[k] > 0) & (t >= self.low_[k]) & (t <= self.high_[k])
        beyond = np.maximum(self.middle_[0] - t, t - self.middle_[-1])

        with np.errstate(invalid="ignore", divide="ignore"):
            widths = self.high_ - self.low_
            widths = np.where(np.isinf(widths), 2 * half, widths)
            widths = np.where(np.isinf(widths), 1.0, widths)
            steps = self._step(self.values_, self.values_) / self._step(self.high_, self.low_)
            inside = np.log(np.where(owns, 1 / widths[k], steps[k]))

        return np.where((beyond > 0) & ~owns, beyond - np.log(self.slope_), inside)

    def _segment(self, ends: NDArray, x: NDArray) -> NDArray:
        return np.clip(np.searchsorted(ends, x, side="right") - 1, 0, len(ends) - 1)

    def _step(self, begin: NDArray, end: NDArray) -> NDArray:
        r"""Returns how far it is from each knot to the next, one at the last."""
        return np.append(end[1:] - begin[:-1], 1.0)


def _thinned(knots: NDArray, own: NDArray, n: int) -> NDArray:
    r"""Returns few knots for many: those with an interval, both ends, and a grid between."""
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
        while kept and free[kept[-1]] and not free[k] and low[k] - high[kept[-1]] < _APART:
            kept.pop()

        last = kept[-1] if kept else k
        apart = v[k] > v[last] and low[k] - high[last] >= _APART

        if apart or not free[k]:
            kept.append(k)

    return knots[:, order[kept]]
