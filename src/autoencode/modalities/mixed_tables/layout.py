r"""Layout of the vectors that represent rows of mixed tables."""

__all__ = ["RowLayout"]

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..columns import Column, LevelColumn
from .hidden_cells import slots_of


class RowLayout(NamedTuple):
    r"""Positions of the cells in the vector of a row.

    The vector has three parts: scores of numbers and dates; an indicator of each of these cells;
    and an indicator of each level of the categories. Constant columns are left out, unless all
    columns are constant.

    Example:
        >>> RowLayout([0, 2], [1], [3], 3).slots
        [0, 1, 0, 1, 2, 2, 2]
    """

    numbers: list[int]
    r"""The columns with scores."""

    levels: list[int]
    r"""The columns with levels."""

    sizes: list[int]
    r"""The number of levels of each column with levels."""

    n_columns: int
    r"""The number of all columns."""

    @classmethod
    def of(cls, columns: Sequence[Column]) -> "RowLayout":
        r"""Returns the layout of rows with these columns."""
        varying = [j for j, column in enumerate(columns) if not column.constant_]
        seen = varying or [*range(len(columns))]
        by_levels = {j: c for j in seen if isinstance(c := columns[j], LevelColumn)}
        sizes = [column.size for column in by_levels.values()]

        return cls([j for j in seen if j not in by_levels], [*by_levels], sizes, len(columns))

    @property
    def width(self) -> int:
        r"""Number of elements of the vector."""
        return 2 * len(self.numbers) + sum(self.sizes)

    @property
    def cells(self) -> list[int]:
        r"""The columns of the cells in the order of the vector."""
        return [*self.numbers, *self.levels]

    @property
    def slots(self) -> list[int]:
        r"""The position of the cell to which each element of the vector belongs."""
        return slots_of(len(self.numbers), self.sizes)

    def encode(self, x: Tensor) -> Tensor:
        r"""Returns vectors of loaded rows, with shape `(B, width)`.

        Arguments:
            x: Scores of numbers and indices of levels, with shape `(B, columns)`.
        """
        t, index = x[:, self.numbers], x[:, self.levels]
        there = ~t.isnan()
        last = torch.tensor(self.sizes, dtype=x.dtype, device=x.device) - 1
        first = torch.tensor([0, *self.sizes[:-1]], device=x.device).cumsum(0)[: len(self.sizes)]
        slots = torch.minimum(index.nan_to_num().clamp(min=0), last).long() + first
        known = (index >= 0).to(x)  # neither missing nor new
        indicators = x.new_zeros(x.shape[0], sum(self.sizes)).scatter(1, slots, known)

        return torch.cat([t.nan_to_num(), there.to(x), indicators], dim=1).float()

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        r"""Returns the scores, their indicators, and the indicators of each category."""
        n = len(self.numbers)
        parts = x[:, 2 * n :].split(self.sizes, dim=1) if self.sizes else ()

        return x[:, :n], x[:, n : 2 * n], parts

    def is_observed(self, x: Tensor) -> Tensor:
        r"""Returns a mask of the cells that are not missing, with shape `(B, cells)`."""
        _, indicators, parts = self.split(x)
        levels = [part.sum(dim=1, keepdim=True) > 0 for part in parts]

        return torch.cat([indicators > 0, *levels], dim=1)

    def per_column(self, cells: Tensor) -> Tensor:
        r"""Returns numbers of cells in the order of the columns, with zeros for constant columns.

        Arguments:
            cells: Numbers in the order of the vector, with shape `(*, F)`.
        """
        every = cells.new_zeros(*cells.shape[:-1], self.n_columns)
        every[..., self.cells] = cells

        return every

    def mask_each_cell(self, x: Tensor) -> Iterator[Tensor]:
        r"""Yields the vectors once for each column, in order, with its cells hidden."""
        slots = torch.tensor(self.slots, device=x.device)
        order = {j: k for k, j in enumerate(self.cells)}

        for j in range(self.n_columns):
            yield x * (slots != order.get(j, -1))

    def squared_error(self, x: Tensor, mean: Tensor) -> Tensor:
        r"""Returns the sum of the squared errors of scores and indicators that are not missing.

        Arguments:
            x: The vectors, with shape `(B, width)`.
            mean: Their reconstructions.
        """
        n = len(self.numbers)
        scale = torch.tensor([1] * n + self.sizes, device=x.device)
        residual = (x - mean).square()
        residual = torch.cat([residual[:, :n], residual[:, 2 * n :]], dim=1)
        there = self.is_observed(x).repeat_interleave(scale, dim=1)

        return (there * residual).sum(dim=1, dtype=torch.float64)
