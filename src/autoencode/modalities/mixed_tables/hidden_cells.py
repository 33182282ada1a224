r"""Corruption that hides cells of mixed tables."""

from collections.abc import Iterable
from itertools import chain

import torch
from torch import Tensor

from ...corruptions import Corruption


class HiddenCells(Corruption):
    r"""Hides whole cells, so that they look as missing ones do.

    Arguments:
        fraction: The probability of being hidden.
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
    r"""Returns the cell of each number of the vector."""
    categories = [[numbers + j] * size for j, size in enumerate(levels)]
    return [*range(numbers), *range(numbers), *chain.from_iterable(categories)]
