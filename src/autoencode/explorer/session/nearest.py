r"""The nearest examples of a code, and usual distances."""

__all__ = ["NEAREST", "Nearest"]

import threading

import numpy as np
from numpy.typing import NDArray

from ..wire.schemas import INTEGER, NUMBER, TEXT, Schema, maybe, record
from .codes import Codes

_MEASURED = 300  # examples whose nearest neighbors tell what is usual
_FAR = 0.99  # quantile of their distances

NEAREST: Schema = record(index=INTEGER, name=maybe(TEXT), label=maybe(TEXT), distance=NUMBER)


class Nearest:
    r"""Search for the nearest rows, block by block, so that codes may lie in a file.

    Example:
        >>> import torch
        >>> nearest = Nearest(Codes([torch.tensor([[0.0], [1.0], [5.0]])], 3))
        >>> [found.tolist() for found in nearest.find(np.array([4.0]), 2)]
        [[2, 1], [1.0, 3.0]]
    """

    def __init__(self, codes: Codes) -> None:
        self.codes = codes
        self._limits: tuple[float, float] | None = None
        self._measuring = threading.Lock()

    def find(self, z: NDArray, k: int, but: int = -1) -> tuple[NDArray, NDArray]:
        r"""Returns the indices of the nearest rows and their distances, nearest first.

        Arguments:
            z: The code, with shape `(D,)`.
            k: The number of rows.
            but: A row that is left out.
        """
        rows, squares = np.empty(0, int), np.empty(0)

        for start, block in self.codes.blocks():
            difference = block - z.astype(np.float32)
            square = np.einsum("nd,nd->n", difference, difference)

            if start <= but < start + len(block):
                square[but - start] = np.inf

            best = np.argpartition(square, min(k, len(square)) - 1)[:k]
            rows = np.concatenate([rows, start + best])
            squares = np.concatenate([squares, square[best]])
            order = np.argsort(squares, kind="stable")[:k]
            rows, squares = rows[order], squares[order]

        known = np.isfinite(squares)
        return rows[known], np.sqrt(squares[known])

    @property
    def usual(self) -> float:
        r"""The median distance from an example to the nearest other one."""
        return self._distances()[0]

    @property
    def far(self) -> float:
        r"""A distance that hardly any example has to the nearest other one."""
        return self._distances()[1]

    def _distances(self) -> tuple[float, float]:
        with self._measuring:
            if self._limits is None:
                apart = self._to_others()
                apart = apart[apart > 0]
                spread = float(np.linalg.norm(self.codes.spread(_MEASURED).std(axis=0)))
                known = len(apart) > 0
                usual, far = np.quantile(apart, (0.5, _FAR)) if known else (spread, spread)
                self._limits = float(usual), float(far)

            return self._limits

    def _to_others(self) -> NDArray:
        r"""Returns the distances of some examples to the nearest other ones, in one pass."""
        n = len(self.codes)
        rows = np.unique(np.linspace(0, n - 1, min(n, _MEASURED)).astype(int))
        z = self.codes[rows]
        mean = z.mean(axis=0)
        z = z - mean
        least, which = np.full(len(rows), np.inf, np.float32), rows.copy()

        for start, block in self.codes.blocks():
            others = block - mean

            # Products of matrices are fast, but too inexact for short distances
            squares = np.einsum("nd,nd->n", others, others)[:, None] - 2 * others @ z.T
            own = np.flatnonzero((rows >= start) & (rows < start + len(block)))
            squares[rows[own] - start, own] = np.inf
            best = squares.argmin(axis=0)
            found = squares[best, np.arange(len(rows))]
            closer = found < least
            least[closer], which[closer] = found[closer], start + best[closer]

        return np.linalg.norm((self.codes[which] - mean - z).astype(float), axis=1)
