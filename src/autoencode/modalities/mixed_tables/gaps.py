r"""Patterns of missing cells in a table, and their frequencies."""

__all__ = ["Gaps"]

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...common.checks.types import check_agreement
from ...common.configurable import Configurable


class Gaps(Configurable):
    r"""The joint distribution of missing cells in a row, as frequencies of patterns.

    Each pattern has its frequency in the data. All rare patterns beyond a limit are merged: in
    these rows, the cells of each column are missing independently, by their frequency. Patterns
    do not depend on the values of the other cells.

    Arguments:
        limit: The maximum number of patterns that are distinguished.

    Example:
        >>> gaps = Gaps().fit(np.array([[True, False], [True, True]] * 50))
        >>> gaps.draw(1000).float().mean(dim=0).round(decimals=1)
        tensor([0.0000, 0.5000])
    """

    patterns_: NDArray[np.bool_]
    counts_: NDArray[np.intp]
    rest_: NDArray[np.float64]

    def __init__(self, limit: int = 1000) -> None:
        self.limit = limit

    def fit(self, there: NDArray) -> "Gaps":
        r"""Counts patterns.

        Arguments:
            there: A mask of the cells that are not missing, with shape `(N, F)`.
        """
        _, first, counts = np.unique(
            np.packbits(there, axis=1), axis=0, return_index=True, return_counts=True
        )
        order = np.argsort(-counts, kind="stable")
        patterns, counts = ~there[first[order]], counts[order]
        few, rare = counts[: self.limit], counts[self.limit :]
        self.patterns_ = patterns[: self.limit]
        self.counts_ = np.append(few, rare.sum())
        self.rest_ = rare @ patterns[self.limit :] / max(1, rare.sum())

        return self

    def check_learned(self) -> None:
        shape = (len(self.counts_) - 1, len(self.rest_))
        check_agreement(
            type(self),
            patterns_=self.patterns_.shape == shape,
            counts_=self.counts_.ndim == 1 and self.counts_.min() >= 0 and self.counts_.any(),
            rest_=self.rest_.ndim == 1 and ((self.rest_ >= 0) & (self.rest_ <= 1)).all(),
        )

    def draw(self, n: int) -> Tensor:
        r"""Draws a mask of the missing cells of new rows, with shape `(n, F)`."""
        index = torch.multinomial(torch.from_numpy(self.counts_).double(), n, replacement=True)
        alone = torch.rand(n, len(self.rest_)) < torch.from_numpy(self.rest_)
        known = torch.from_numpy(np.append(self.patterns_, self.rest_[None] > 1, axis=0))

        return torch.where(index[:, None] < len(self.patterns_), known[index], alone)
