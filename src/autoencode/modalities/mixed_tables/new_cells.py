r"""Probability and surprisal of cells with a value that the fit did not have."""

__all__ = ["has_open_levels", "is_new", "log_mass", "surprisal_of_new"]

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..columns import Column, LevelColumn


def has_open_levels(column: Column) -> bool:
    r"""Tell whether a column has a probability for levels that the fit did not see."""
    return isinstance(column, LevelColumn) and column.new_mass > 0


def is_new(columns: Sequence[Column], x: Tensor) -> Tensor:
    r"""Mask of the cells with a level that the fit did not see, with the shape of `x`.

    Arguments:
        columns: The columns.
        x: The rows, as loaded, with shape `(N, columns)`.
    """
    new = torch.zeros_like(x, dtype=torch.bool)

    for j, column in enumerate(columns):
        if isinstance(column, LevelColumn):
            new[:, j] = column.is_new(x[:, j])

    return new


def log_mass(columns: Sequence[Column], x: Tensor) -> Tensor:
    r"""Log-probability that each cell is new, or is not new, as observed; with the shape of `x`.

    Arguments:
        columns: The columns.
        x: The rows, as loaded, with shape `(N, columns)`.
    """
    new, mass = is_new(columns, x), x.new_zeros(x.shape, dtype=torch.float64)

    for j, column in enumerate(columns):
        if isinstance(column, LevelColumn) and (u := column.new_mass) > 0:
            mass[:, j] = torch.where(new[:, j], math.log(u), math.log1p(-u))

    return mass.where(~x.isnan(), 0.0)


def surprisal_of_new(columns: Sequence[Column], t: Tensor) -> Tensor:
    r"""Surprisal of cells that networks cannot see, minus its expected value.

    .. math:: -\log u - \mathbb{H}(u) \text{ of new cells, and }
        -\log(1 - u) - \mathbb{H}(u) \text{ of others}

    A level that the fit did not see is new. In a constant column, every other value is new, with
    :math:`u = 1 / (2N + 2)`. In a column of numbers that many rows share, a number that the fit
    did not see is as rare as a single row.

    Arguments:
        columns: The columns.
        t: The rows, as loaded, with shape `(N, columns)`.
    """
    new, missing = is_new(columns, t), t.isnan()
    surprisal = t.new_zeros(t.shape, dtype=torch.float64)

    for j, column in enumerate(columns):
        if isinstance(column, LevelColumn):
            u, is_other = column.new_mass, new[:, j]
        elif column.constant_:
            u, is_other = 0.5 / (column.scores_.rows_ + 1), t[:, j] != 0
        else:
            surprisal[:, j] = torch.from_numpy(column.scores_.log_unseen(t[:, j].double().numpy()))
            continue

        if u > 0:
            entropy = -u * math.log(u) - (1 - u) * math.log1p(-u)
            surprisal[:, j] = -torch.where(is_other, math.log(u), math.log1p(-u)) - entropy

    return surprisal.masked_fill(missing, 0.0)
