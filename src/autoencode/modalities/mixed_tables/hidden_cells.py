r"""Corruption that hides cells of mixed tables."""

from collections.abc import Iterable
from itertools import chain

import torch
from torch import Tensor

from ...corruptions import Corruption


class HiddenCells(Corruption):
    r"""Hide whole cells, so that they look like missing cells.

    Arguments:
        fraction: The probability that a cell is hidden.
        numbers: The number of columns of numbers.
        levels: The number of levels of each category.
    """

    def __init__(self, fraction: float, numbers: int, levels: tuple[int, ...]) -> None:
        super().__init__()

        self.fraction = fraction
        self.numbers = numbers
        self.levels = levels

    def forward(self, x: Tensor) -> Tensor:
        n_cells = self.numbers + len(self.levels)
        keep = torch.rand(len(x), n_cells, device=x.device) >= self.fraction

        return x * keep[:, slots_of(self.numbers, self.levels)]


def slots_of(numbers: int, levels: Iterable[int]) -> list[int]:
    r"""Returns the position of the cell to which each element of the vector belongs."""
    categories = [[numbers + j] * size for j, size in enumerate(levels)]
    return [*range(numbers), *range(numbers), *chain.from_iterable(categories)]
