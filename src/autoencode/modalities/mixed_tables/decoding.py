r"""Conversion of vectors to rows of a data frame, and draws of new vectors."""

__all__ = ["decode_rows", "draw_rows"]

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution

from ..columns import Column, LevelColumn
from .layout import RowLayout


def decode_rows(
    columns: Sequence[Column], x: Tensor, cells_of: Callable[[Any, NDArray], Any]
) -> Any:
    r"""Convert vectors to a pandas frame.

    Arguments:
        columns: The columns.
        x: The vectors, with shape `(N, width)`.
        cells_of: A function of a column of numbers or dates and of its scores, which returns the
            cells of the column. The score of a missing cell is NaN.
    """
    import pandas as pd

    layout = RowLayout.of(columns)
    scores, indicators, parts = layout.split(x.double().cpu())
    t = torch.where(indicators > 0.5, scores, torch.nan).numpy()
    cells = dict(zip(layout.numbers, t.T))

    for j, part in zip(layout.levels, parts):
        most, index = part.max(dim=1)
        index = index + (most - 1).round().clamp(min=0)  # see `draw_rows`
        cells[j] = torch.where(most > 0, index, torch.nan).numpy()

    first = np.zeros(len(x))  # the score or level of constant columns
    decoded = {}

    for j, column in enumerate(columns):
        if j in cells and not isinstance(column, LevelColumn):
            decoded[column.name] = cells_of(column, cells[j])
        else:
            decoded[column.name] = column.decode(cells.get(j, first))

    return pd.DataFrame(decoded, index=pd.RangeIndex(len(x)))


def draw_rows(columns: Sequence[Column], p: Distribution) -> Tensor:
    r"""Draw vectors. The indicator of a rare level is one plus its index among the rare levels.

    Arguments:
        columns: The columns.
        p: The decoder's distributions.
    """
    x, layout = p.sample(), RowLayout.of(columns)
    end = 2 * len(layout.numbers)

    for j, size in zip(layout.levels, layout.sizes):
        end += size
        column = columns[j]

        if isinstance(column, LevelColumn) and len(column.levels_) > column.limit:
            rare = x[:, end - 1] > 0
            drawn = column.draw_rare(len(x))
            x[:, end - 1] += rare * torch.from_numpy(drawn).to(x)

    return x
