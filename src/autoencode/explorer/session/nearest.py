r"""The nearest examples of a code, and usual distances."""

__all__ = ["NEAREST", "Nearest"]

import numpy as np
from numpy.typing import NDArray

from ..wire.schemas import INTEGER, NUMBER, TEXT, Schema, maybe, record
from .codes import Codes

_MEASURED = 500  # examples whose nearest neighbors tell what is usual
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
        if self._limits is None:
            n = len(self.codes)
            rows = np.unique(np.linspace(0, n - 1, min(n, _MEASURED)).astype(int))
            found = [self.find(self.codes[[i]][0], 1, but=int(i))[1] for i in rows]
            apart = np.concatenate(found)
            apart = apart[apart > 0]
            spread = float(np.linalg.norm(self.codes.spread(_MEASURED).std(axis=0)))
            self._limits = (
                (float(np.median(apart)), float(np.quantile(apart, _FAR)))
                if len(apart)
                else (spread, spread)
            )

        return self._limits
