r"""Rows of mixed columns as the input and output of exported models."""

__all__ = ["ExportedFrames"]

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution

from ..capabilities.exporting import Exportable
from ..columns import Column, DateColumn, LevelColumn, NumberColumn
from ..columns.grids import snap_tensor
from ..normal_scores import ScoreTable
from .cells import to_frame
from .layout import RowLayout

_MIN_STEP = 1e-6  # days; finer grids are those of clocks


class ExportedFrames(Exportable):
    r"""Methods of :class:`~autoencode.modalities.MixedTables` for exported models.

    Rows are floats in double precision, in the order of the columns of the fit: numbers, days
    since the first date, and the indices of levels. NaN stands for a missing cell.
    """

    columns_: list[Column]

    def as_input(self, X: Any) -> Tensor:
        X = to_frame(X)
        columns = [column.to_numeric(X[column.name]) for column in self.columns_]
        return torch.from_numpy(np.stack(columns, axis=1).astype(float))

    def load_input(self, x: Tensor) -> Tensor:
        numbers = [j for j, c in enumerate(self.columns_) if not isinstance(c, LevelColumn)]

        if not numbers:
            return x.float()

        scores = ScoreTable([_scores(self.columns_[j]) for j in numbers])
        return x.index_copy(1, torch.tensor(numbers), scores.encode(x[:, numbers])).float()

    def output(self, p: Distribution) -> Tensor:
        layout = RowLayout.of(self.columns_)
        *_, parts = layout.split(p.mean.double())
        n = len(layout.numbers)
        cells = {}

        if n:
            columns = [self.columns_[j] for j in layout.numbers]
            scale = p.stddev[:, :n].double()
            v = ScoreTable([*map(_scores, columns)]).mean(p.mean[:, :n].double(), scale)
            cells = {j: _on_grid(c, x) for j, c, x in zip(layout.numbers, columns, v.unbind(1))}

        cells |= {j: part.argmax(dim=1).double() for j, part in zip(layout.levels, parts)}
        fixed = p.mean.new_zeros(p.mean.shape[0], dtype=torch.float64)

        return torch.stack(
            [cells.get(j, fixed + _constant(c)) for j, c in enumerate(self.columns_)], dim=1
        )

    def grain(self) -> Tensor:
        return torch.tensor([_step(column) for column in self.columns_], dtype=torch.float64)

    def preparation(self) -> dict[str, Any]:
        return {"rows": "numbers, one for each column, NaN for a missing cell", "columns": [
            {"name": column.name, **_described(column)} for column in self.columns_
        ]}  # fmt: skip


def _scores(column: Column) -> Any:
    assert not isinstance(column, LevelColumn)
    return column.scores_


def _on_grid(column: Column, v: Tensor) -> Tensor:
    if isinstance(column, DateColumn):
        step = column.step_ / column.ticks_per_day
        simple = column.zone_ is None and not column.months_ and step > _MIN_STEP
        v = (v / step).round() * step if simple else v

        return v.clamp(0, column.days_.high_)

    assert isinstance(column, NumberColumn)

    if column.step_:
        v = snap_tensor(v, column.low_, column.step_, column.decimals_)

    return v.clamp(column.low_, column.high_)


def _constant(column: Column) -> float:
    return column.low_ if isinstance(column, NumberColumn) else 0.0


def _step(column: Column) -> float:
    if isinstance(column, LevelColumn):
        return 0.0

    if isinstance(column, NumberColumn):
        return column.step_

    return 31.0 * abs(column.months_) if column.months_ else column.step_ / column.ticks_per_day


def _described(column: Column) -> dict[str, Any]:
    if isinstance(column, LevelColumn):
        rare = column.limit if column.rare else None
        return {"kind": "levels", "levels": column.levels_[: column.size], "rare": rare}

    if isinstance(column, NumberColumn):
        origin = {"origin": column.origin_, "scale": column.scale_ or 0} if column.origin_ else {}
        return {"kind": "numbers", **origin}

    per_second = column.ticks_per_day / 86400
    zone = {} if column.zone_ is None else {"zone": column.zone_}
    kind = "durations" if column.spans_ else "dates"
    return {"kind": kind, "origin_seconds": column.origin_ / per_second, **zone}
