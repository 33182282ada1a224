r"""Rows of numbers and of counts as the input and output of exported models."""

__all__ = ["ExportedCounts", "ExportedTables"]

import abc
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution

from ...common.arrays import tensor_of
from ...data.sparse_rows import SparseRows
from ..capabilities.exporting import Exportable, cast_tensor
from ..columns.grids import snap_tensor
from ..normal_scores import NormalScores, ScoreTable
from .frames import array_of


class ExportedTables(Exportable):
    r"""Methods of :class:`~autoencode.modalities.Tables` for exported models.

    Rows of an array keep their type. Rows of a data frame are floats in double precision, in the
    order of the columns of the fit.
    """

    types_: list[tuple[str | int, str]]
    dtype_: str
    low_: NDArray[np.float64]
    high_: NDArray[np.float64]
    steps_: NDArray[np.float64]
    decimals_: NDArray[np.intp]
    constants_: list[tuple[int, str | bool | int | float | None]]
    columns_: NDArray[np.intp]
    loc_: NDArray[np.float64]
    scale_: NDArray[np.float64]

    def as_input(self, X: Any) -> Tensor:
        x = tensor_of(array_of(X))
        return x.double() if self.types_ else x

    def load_input(self, x: Tensor) -> Tensor:
        return x

    def output(self, p: Distribution) -> Tensor:
        low, high = torch.from_numpy(self.low_), torch.from_numpy(self.high_)
        X = p.mean.double() * torch.from_numpy(self.scale_) + torch.from_numpy(self.loc_)

        if scored := [*self._scored()]:
            of, at, scores = (list(part) for part in zip(*scored))
            v = ScoreTable(scores).mean(p.mean[:, at].double(), p.stddev[:, at].double())
            X = X.index_copy(1, torch.tensor(at), v.clamp(low[of], high[of]))

        if self.types_:
            X = self._on_grids(X).clamp(low[self.columns_], high[self.columns_])

        if len(self.columns_) < len(self.low_):
            fixed = torch.from_numpy(self._fixed()).expand(X.shape[0], -1)
            X = fixed.index_copy(1, torch.from_numpy(self.columns_), X)

        return cast_tensor(X, "float64" if self.types_ else self.dtype_)

    def grain(self) -> Tensor:
        whole = not self.types_ and np.dtype(self.dtype_).kind != "f"
        return torch.from_numpy(self.steps_ if self.types_ else np.full(len(self.low_), whole))

    def _on_grids(self, X: Tensor) -> Tensor:
        r"""Returns scaled columns moved to the grids of the fit."""
        for k, j in enumerate(self.columns_.tolist()):
            if (step := float(self.steps_[j])) > 0:
                v = snap_tensor(X[:, k], float(self.low_[j]), step, int(self.decimals_[j]))
                X = X.index_copy(1, torch.tensor([k]), v[:, None])

        return X

    def _fixed(self) -> NDArray[np.float64]:
        r"""Returns a row with the numbers of constant columns."""
        row = self.low_.copy()

        for j, cell in self.constants_:
            row[j] = np.nan if cell is None else float(cell)

        return row

    @abc.abstractmethod
    def _scored(self) -> Iterator[tuple[int, int, NormalScores]]: ...


class ExportedCounts(Exportable):
    r"""Methods of :class:`~autoencode.modalities.Counts` for exported models.

    Rows are dense. The output is the mean of each count, in single precision.
    """

    def as_input(self, X: Any) -> Tensor:
        x = torch.from_numpy(X.toarray()) if isinstance(X, SparseRows) else tensor_of(array_of(X))
        return x.float()

    def load_input(self, x: Tensor) -> Tensor:
        return x

    def output(self, p: Distribution) -> Tensor:
        return p.mean.float()

    def draw_input(self, n: int) -> Any:
        return torch.poisson(torch.rand(n, *self.shape_) * 4).numpy()
