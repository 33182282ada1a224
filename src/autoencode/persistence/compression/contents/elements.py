r"""Numbers of arrays, each under the distribution of its element."""

__all__ = ["ElementContent"]

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Bernoulli

from ..digits import pop_numbers, push_numbers
from ..lattices import Lattice
from ..likelihoods import element_below, is_supported
from ..stack import Stack
from .base import Content, Symbols, elements_of


class ElementContent(Content):
    r"""Numbers of arrays: a cell of the lattice of the element, and the place in the cell.

    Arguments:
        modality: The kind of data, after `fit`.
        likelihood: The likelihood of the model.
    """

    def __init__(self, modality: Any, likelihood: Any) -> None:
        super().__init__(modality, likelihood)

        self.m = math.prod(modality.shape_)
        self.lattices = [Lattice(axis) for axis in modality.axes()]
        self.dtype = self.lattices[0].dtype

    @property
    def cost(self) -> int:
        return 17 * self.m

    def reason(self, p: Any) -> str | None:
        found = elements_of(p)

        if isinstance(found, Bernoulli) and self.lattices[0].size > 2:
            return f"{self.likelihood!r} is for binary data, and these have gray values"

        if is_supported(found):
            return None

        return f"its likelihood {self.likelihood!r} has no distribution function here"

    def symbols(self, X: Any) -> Symbols:
        values = self.modality.elements(self.modality.load(X)).numpy().reshape(-1, self.m)

        if len(self.lattices) == 1:
            return self.lattices[0].find(values)

        found = [lattice.find(values[:, j]) for j, lattice in enumerate(self.lattices)]
        cells, places = zip(*found)
        return torch.stack(cells, dim=1), torch.stack(places, dim=1)

    def restored(self, symbols: Symbols) -> Any:
        cell, place = symbols

        if len(self.lattices) == 1:
            values = self.lattices[0].numbers(cell, place)
        else:
            each = zip(self.lattices, cell.T, place.T)
            values = np.stack([lattice.numbers(c, k) for lattice, c, k in each], axis=1)

        return self.modality.arranged(
            torch.from_numpy(np.ascontiguousarray(values)).view(-1, *self.modality.shape_)
        )

    def push(self, stack: Stack, p: Any, symbols: Symbols) -> None:
        base = elements_of(p)
        cell, place = (part.reshape(-1) for part in symbols)

        for lattice, rows in reversed(self._parts(len(cell))):
            push_cells(stack, lattice, element_below(base, rows), cell[rows], place[rows])

    def pop(self, stack: Stack, p: Any, n: int, hidden: Tensor) -> Symbols:
        base = elements_of(p)
        cell, place = (torch.zeros(n * self.m, dtype=torch.long) for _ in range(2))

        for lattice, rows in self._parts(n * self.m):
            found = pop_cells(stack, lattice, element_below(base, rows), len(cell[rows]))
            cell[rows], place[rows] = found

        return cell.view(n, self.m), place.view(n, self.m)

    def _parts(self, n: int) -> list[tuple[Lattice, Any]]:
        r"""Returns each lattice with the positions of its elements."""
        if len(self.lattices) == 1:
            return [(self.lattices[0], slice(None))]

        return [(lattice, torch.arange(j, n, self.m)) for j, lattice in enumerate(self.lattices)]


def push_cells(
    stack: Stack, lattice: Lattice, below: Callable[[Tensor], Tensor], cell: Tensor, place: Tensor
) -> None:
    r"""Puts numbers on the stack: the cell on top, and the place in the cell below it.

    Arguments:
        stack: The stack.
        lattice: The cells.
        below: The distribution function, of points of the scale of the networks.
        cell: The cells, with shape `(n,)`.
        place: The places, with shape `(n,)`.
    """
    width = torch.from_numpy(lattice.width)[cell]
    wide = width > 1

    if wide.any():
        push_numbers(stack, place[wide], _even(width[wide]), int(width[wide].max()))

    if lattice.size > 1:
        push_numbers(stack, cell, lambda k: below(lattice.border[k]), lattice.size)


def pop_cells(
    stack: Stack, lattice: Lattice, below: Callable[[Tensor], Tensor], n: int
) -> tuple[Tensor, Tensor]:
    r"""Takes `n` numbers from the stack, as cells and places; see :func:`push_cells`."""
    cell, place = torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long)

    if lattice.size > 1:
        cell = pop_numbers(stack, lambda k: below(lattice.border[k]), lattice.size, n)

    width = torch.from_numpy(lattice.width)[cell]
    wide = width > 1

    if wide.any():
        most = int(width[wide].max())
        place[wide] = pop_numbers(stack, _even(width[wide]), most, int(wide.sum()))

    return cell, torch.minimum(place, width - 1)


def _even(width: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda k: (k.double() / width[:, None]).clamp(max=1)
