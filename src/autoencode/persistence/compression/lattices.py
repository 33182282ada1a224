r"""Cells into which the numbers of an element are divided, and the numbers in each."""

__all__ = ["Lattice"]

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...modalities.capabilities.lattices import Axis
from ...modalities.normal_scores import NormalScores
from .fixed_point import functions as fn

_MOST_CELLS = 2**16
_MOST_IN_CELL = 2.0**58  # numbers; of a cell with more, only the first is coded


class Lattice:
    r"""Cells of numbers, each of which has a probability under the likelihood.

    Numbers are counted: those of a grid from the least number of the fit, those without a grid by
    the order of all floats of their type. Cells are ranges of counts. Where there are at most
    65,536 numbers, each is its own cell. Otherwise cells are even in the scale of the networks,
    and a number that many rows share is a cell of its own; the place within a cell is coded as one
    of equally likely numbers.

    Arguments:
        axis: The numbers.

    Example:
        >>> lattice = Lattice(Axis("uint8", 0.0, 255.0, step=1.0, scale=255.0))
        >>> cell, place = lattice.find(np.array([0, 255], np.uint8))
        >>> cell.tolist(), lattice.size, lattice.numbers(cell, place).tolist()
        ([0, 255], 256, [0, 255])
    """

    def __init__(self, axis: Axis) -> None:
        self.axis = axis
        self.dtype = np.dtype(axis.dtype)
        low, high = self._count(np.array([axis.low, axis.high])).tolist()
        n = high - low + 1

        if n <= _MOST_CELLS:
            first = np.arange(low, high + 2)
        else:
            first = self._cells(low, high)

        self.first = np.asarray(first, np.int64)  # the count of the first number of each cell
        self.size = len(self.first) - 1
        widths = np.diff(self.first.astype(object)).astype(float)
        self.width = np.where(widths > _MOST_IN_CELL, 1, np.diff(self.first))
        self.border = torch.from_numpy(self._borders())

    def find(self, numbers: NDArray) -> tuple[Tensor, Tensor]:
        r"""Returns the cells of numbers, and their places within; those nearest to others."""
        with np.errstate(invalid="ignore"):
            inside = np.clip(numbers, self.axis.low, self.axis.high)

        known = ~np.isnan(inside) if self.dtype.kind == "f" else np.ones(inside.shape, bool)
        counts = self._count(np.where(known, inside, self.axis.low))
        cell = np.searchsorted(self.first, counts, side="right") - 1
        cell = np.clip(cell, 0, self.size - 1)
        place = np.clip(counts - self.first[cell], 0, self.width[cell] - 1)

        return torch.from_numpy(cell), torch.from_numpy(place)

    def numbers(self, cell: Tensor, place: Tensor) -> NDArray:
        r"""Returns the numbers in cells, as their type."""
        return self._number(self.first[cell.numpy()] + place.numpy())

    def _count(self, numbers: NDArray) -> NDArray:
        r"""Returns counts of numbers, which rise by one from each number to the next."""
        if self.axis.step:
            away = numbers.astype(float) - self.axis.low
            return np.rint(away / self.axis.step).astype(np.int64)

        single = self.dtype.itemsize < 8
        floats = np.add(numbers, 0.0, dtype=np.float32 if single else np.float64)  # no -0.0
        bits = floats.view(np.int32 if single else np.int64).astype(np.int64)
        return np.where(bits < 0, np.iinfo(np.int32 if single else np.int64).min - bits, bits)

    def _number(self, counts: NDArray) -> NDArray:
        if self.axis.step:
            v = np.round(self.axis.low + self.axis.step * counts, self.axis.decimals)
            return _as(v, self.dtype)

        single = self.dtype.itemsize < 8
        whole = np.int32 if single else np.int64
        bits = np.where(counts < 0, np.iinfo(whole).min - counts, counts).astype(whole)
        return _as(bits.view(np.float32 if single else np.float64), self.dtype)

    def _cells(self, low: int, high: int) -> NDArray:
        r"""Returns the first counts of cells that are even as the networks see numbers."""
        share = np.arange(1, _MOST_CELLS) / _MOST_CELLS
        scores = self.axis.scores
        own: list[float] = []

        if scores is None:
            v = self.axis.low + share * (self.axis.high - self.axis.low)
        else:
            begin, end = scores.middle_[0], scores.middle_[-1]
            v = scores.decode(begin + share * (end - begin))
            own = scores.values_[scores.high_ > scores.low_].tolist()

        singles = self._count(np.clip(np.array(own), self.axis.low, self.axis.high))
        borders = [low, high + 1, *self._count(v).tolist(), *singles.tolist()]
        borders += (singles + 1).tolist()

        if low < 0 < high and not self.axis.step:
            borders.append(0)  # a cell has floats of one sign

        return np.unique(np.clip(np.array(borders, object), low, high + 1).astype(np.int64))

    def _borders(self) -> NDArray:
        r"""Returns the lower ends of the cells as the networks see them, and that of the next."""
        inner = self.first[1:-1]
        a, b = (self._number(k).astype(float) for k in (inner - 1, inner))
        scores = self.axis.scores

        if scores is None:
            t = (a / 2 + b / 2 - self.axis.loc) / self.axis.scale
        else:
            t = _between(scores, a, b)

        return np.concatenate([[-math.inf], t, [math.inf]])


def _between(scores: NormalScores, a: NDArray, b: NDArray) -> NDArray:
    r"""Returns the scores between neighbors, outside of the intervals that one of them owns."""
    k, owns = np.searchsorted(scores.values_, a), scores.high_ > scores.low_
    last = len(scores.values_) - 1
    own_a = (scores.values_[np.minimum(k, last)] == a) & owns[np.minimum(k, last)]
    j = np.minimum(np.searchsorted(scores.values_, b), last)
    own_b = (scores.values_[j] == b) & owns[j]
    t = _encoded(scores, a / 2 + b / 2)
    low, high = scores.high_[np.minimum(k, last)], scores.low_[j]
    t = np.where(own_a & ~own_b, low, t)
    t = np.where(own_b & ~own_a, high, t)

    return np.maximum.accumulate(np.where(own_a & own_b, low / 2 + high / 2, t))


def _encoded(scores: NormalScores, v: NDArray) -> NDArray:
    r"""Returns the scores of numbers, with the same bits on every machine."""
    low, high = scores.values_[0], scores.values_[-1]
    t = scores.encode(np.clip(v, low, high))  # products and quotients alone
    d = torch.from_numpy(np.abs(v - np.clip(v, low, high)) * scores.slope_)
    beyond = fn.log1p(d).numpy()

    return np.where(v < low, t - beyond, np.where(v > high, t + beyond, t))


def _as(v: NDArray, dtype: np.dtype) -> NDArray:
    if dtype.kind in "iu":
        ends = np.iinfo(dtype)
        low, high = float(ends.min), float(ends.max)
        high = np.nextafter(high, 0) if high > ends.max else high
        return np.clip(np.rint(v), low, high).astype(dtype)

    return v > 0.5 if dtype.kind == "b" else v.astype(dtype)
