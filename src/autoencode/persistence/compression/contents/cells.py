r"""Numbers and categories of mixed tables, of which some are missing."""

__all__ = ["CellContent"]

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..fixed_point import functions as fn
from ..lattices import Lattice
from ..stack import Stack
from .base import Content, Symbols, elements_of
from .elements import pop_cells, push_cells


class CellContent(Content):
    r"""Rows of numbers and categories. Cells that are missing are not on the stack.

    Arguments:
        modality: The kind of data, after `fit`.
        likelihood: The likelihood of the model.
    """

    def __init__(self, modality: Any, likelihood: Any) -> None:
        super().__init__(modality, likelihood)

        axes = modality.cell_axes()
        self.numbers = [Lattice(axis) for axis in axes if not isinstance(axis, list)]
        self.counts = [torch.tensor(axis).double() for axis in axes if isinstance(axis, list)]
        self.sizes = tuple(likelihood.levels)

    @property
    def cost(self) -> int:
        return 17 * len(self.numbers) + sum(self.sizes) + 1

    def symbols(self, X: Any) -> Symbols:
        cells = self.modality.numbers_of(X)
        n = len(self.numbers)
        gaps = torch.from_numpy(np.isnan(cells))
        filled = np.nan_to_num(cells)
        found = [lattice.find(filled[:, j]) for j, lattice in enumerate(self.numbers)]
        levels = [
            (torch.from_numpy(filled[:, n + j]).long().clamp(0, len(count) - 1),)
            for j, count in enumerate(self.counts)
        ]
        cell = torch.stack([part[0] for part in [*found, *levels]], dim=1)
        place = [part[1] for part in found] + [torch.zeros_like(k) for (k,) in levels]

        return cell.masked_fill(gaps, 0), torch.stack(place, dim=1).masked_fill(gaps, 0), gaps

    @property
    def parts(self) -> int:
        return len(self.numbers) + len(self.counts)

    def hidden(self, symbols: Symbols) -> Tensor:
        return symbols[2]

    def restored(self, symbols: Symbols) -> Any:
        cell, place, gaps = symbols
        columns = [
            lattice.numbers(cell[:, j], place[:, j]) for j, lattice in enumerate(self.numbers)
        ]
        columns += [cell[:, j].numpy() for j in range(len(self.numbers), cell.shape[1])]
        numbers = np.stack(columns, axis=1).astype(float)
        numbers[gaps.numpy()] = np.nan

        return self.modality.rows_of(numbers)

    def count(self, symbols: Symbols) -> int:
        return int((~symbols[2]).sum())

    def push(self, stack: Stack, p: Any, symbols: Symbols) -> None:
        cell, place, gaps = symbols

        for j in reversed(range(cell.shape[1])):
            rows = (~gaps[:, j]).nonzero()[:, 0]

            if len(rows):
                self._push_column(stack, elements_of(p), j, rows, cell[rows, j], place[rows, j])

    def pop(self, stack: Stack, p: Any, n: int, hidden: Tensor) -> Symbols:
        cell, place = (torch.zeros(hidden.shape, dtype=torch.long) for _ in range(2))

        for j in range(hidden.shape[1]):
            rows = (~hidden[:, j]).nonzero()[:, 0]

            if len(rows):
                cell[rows, j], place[rows, j] = self._pop_column(stack, elements_of(p), j, rows)

        return cell, place, hidden

    def _push_column(
        self, stack: Stack, p: Any, j: int, rows: Tensor, cell: Tensor, place: Tensor
    ) -> None:
        if (i := j - len(self.numbers)) < 0:
            push_cells(stack, self.numbers[j], self._below(p, j, rows), cell, place)
            return

        size = self.sizes[i]
        level = cell.clamp(max=size - 1)
        rare = (cell >= size - 1) & (len(self.counts[i]) > size)

        if rare.any():
            stack.push((cell - size + 1)[rare], self._rare(i).expand(int(rare.sum()), -1))

        if size > 1:
            stack.push(level, fn.exp(p.log_pi[i][rows].double()))

    def _pop_column(self, stack: Stack, p: Any, j: int, rows: Tensor) -> tuple[Tensor, Tensor]:
        if (i := j - len(self.numbers)) < 0:
            return pop_cells(stack, self.numbers[j], self._below(p, j, rows), len(rows))

        size, level = self.sizes[i], torch.zeros_like(rows)

        if size > 1:
            level = stack.pop(fn.exp(p.log_pi[i][rows].double()))

        rare = (level == size - 1) & (len(self.counts[i]) > size)

        if rare.any():
            level[rare] += stack.pop(self._rare(i).expand(int(rare.sum()), -1))

        return level, torch.zeros_like(level)

    def _below(self, p: Any, j: int, rows: Tensor) -> Any:
        loc, scale = (t.expand(p.loc.shape)[rows, j, None] for t in (p.loc, p.scale))
        return lambda t: fn.ndtr((t - loc) / scale)

    def _rare(self, i: int) -> Tensor:
        r"""Returns the frequencies of the levels that the model does not distinguish."""
        return self.counts[i][None, self.sizes[i] - 1 :] + 0.5
