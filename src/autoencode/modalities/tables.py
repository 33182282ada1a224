r"""Rows of numbers."""

__all__ = ["Tables"]

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ..data import is_frame, is_numbers, names_of, to_pandas
from ..distributions import DiagonalGaussian, Family, SharedGaussian
from ..networks import Network, Perceptron
from .base import WIDE, Modality, cast, tensor_of
from .statistics import Columns, column_statistics


class Tables(Modality):
    r"""Numeric tables: arrays with shape `(N, D)`, or data frames of numbers alone.

    Columns are scaled inside to mean zero and unit variance, a constant one to zero; rows
    come back in the user's units. Under a likelihood on the unit interval they are taken as
    they are, and must lie there. What was fitted to a data frame gives back data frames of
    pandas, with the same columns, types and ranges.

    Arguments:
        scaling: `"columns"` gives each column unit variance, so that none counts more for
            its unit; `"whole"` only centres them and divides by one number, which keeps
            distances and with them the principal components; `"none"` takes them as they are.

    Example:
        >>> X = np.array([[1.0, 100.0], [3.0, 300.0]])
        >>> tables = Tables().fit(X)
        >>> x = tables.normalize(tables.load(X))
        >>> x
        tensor([[-1., -1.],
                [ 1.,  1.]])
        >>> tables.restore(x).tolist()
        [[1.0, 100.0], [3.0, 300.0]]
    """

    def __init__(self, scaling: str = "columns") -> None:
        self.scaling = scaling
        self._held: dict[tuple[torch.device, torch.dtype], Any] = {}

    @classmethod
    def accepts(cls, X: object) -> bool:
        if is_frame(X):
            return is_numbers(X) and all(isinstance(name, (str, int)) for name in names_of(X))

        return isinstance(X, np.ndarray) and X.ndim == 2

    def read(self, path: Path) -> tuple[NDArray, NDArray | None]:
        raise ValueError(
            f"expected a table in a file, such as .csv or .npy, got the folder '{path}'."
        )

    def fit(self, X: Any, support: Constraint = constraints.real) -> "Tables":
        self.types_ = _types(X)
        X = _array(X)

        if X.ndim != 2 or 0 in X.shape:
            raise ValueError(f"expected a table with shape (N, D), got {X.shape}.")

        if self.scaling not in _SCALINGS:
            raise ValueError(f"expected a scaling out of {[*_SCALINGS]}, got {self.scaling!r}.")

        scaling = "none" if support is constraints.unit_interval else self.scaling

        self.shape_ = X.shape[1:]
        self.dtype_ = str(X.dtype)
        columns = column_statistics(X)
        self.low_, self.high_ = columns.low, columns.high
        self.loc_, self.scale_ = _SCALINGS[scaling](columns, len(X))
        self._held = {}

        if not np.isfinite([self.loc_, self.scale_]).all():
            raise ValueError(
                f"the numbers are too large to be squared, up to {columns.largest():g}."
                " Divide them."
            )

        return self

    def load(self, X: Any) -> Tensor:
        X = _array(X)

        if X.shape[1:] != self.shape_:
            raise ValueError(f"expected rows of {self.shape_[0]} features, got {X.shape}.")

        if len(X):
            columns = column_statistics(X)

            with np.errstate(over="ignore"):
                ends = (np.array([columns.low, columns.high]) - self.loc_) / self.scale_

            if np.abs(ends).max() > np.finfo(np.float32).max:
                raise ValueError(
                    f"expected numbers on the scale of the fit, got up to {columns.largest():g}."
                )

        return tensor_of(X)

    def normalize(self, x: Tensor) -> Tensor:
        dtype, shifts, scale = self._terms(x.device, x.dtype)
        x = x.to(dtype)

        for shift in shifts:
            x = x + shift

        return (x / scale).float()

    def restore(self, x: Tensor) -> Any:
        X = x.double().cpu().numpy() * self.scale_ + self.loc_

        if not self.types_:
            return cast(X, self.dtype_)

        return _framed(np.clip(X, self.low_, self.high_), self.types_)

    def network(self) -> Network:
        return Perceptron(shortcut=True)

    def likelihood(self) -> Family:
        return DiagonalGaussian() if self.scaling == "columns" else SharedGaussian()

    def deterministic_likelihood(self) -> Family:
        return SharedGaussian()  # all columns count alike, as in principal component analysis

    def new_examples(self, p: Distribution) -> Tensor:
        return p.sample()

    def unit(self) -> Tensor:
        return torch.from_numpy(self.scale_)

    def numbers(self, X: Any) -> NDArray:
        return _array(X)

    def _terms(
        self, device: torch.device, dtype: torch.dtype
    ) -> tuple[torch.dtype, tuple[Tensor, ...], Tensor]:
        r"""Returns the precision to scale in, what is added and what divides, made once.

        Numbers of single precision stay so, with a mean in two parts: columns of dates, say,
        are far from zero compared to their spread.
        """
        if (device, dtype) not in self._held:
            loc, scale = torch.from_numpy(-self.loc_), torch.from_numpy(self.scale_)
            parts = loc.float(), (loc - loc.float()).float()
            within = (scale > 1e-30) & (scale < 1e30) & (loc.abs() < 1e30)
            single = dtype not in WIDE and bool(within.all())

            self._held[device, dtype] = (
                torch.float32 if single else torch.float64,
                tuple(part.to(device) for part in (parts if single else (loc,))),
                (scale.float() if single else scale).to(device),
            )

        return self._held[device, dtype]


def _types(X: Any) -> list[tuple[str | int, str]]:
    r"""Returns the names and types of the columns of a data frame, and none of an array."""
    if not is_frame(X):
        return []

    X = to_pandas(X)
    return [(name, str(dtype)) for name, dtype in X.dtypes.items()]


def _array(X: Any) -> NDArray:
    if not is_frame(X):
        return X

    X = to_pandas(X)
    return X.to_numpy(np.result_type(*(getattr(t, "numpy_dtype", t) for t in X.dtypes)))


def _framed(X: NDArray, types: list[tuple[str | int, str]]) -> Any:
    r"""Returns rows as a data frame whose columns have these names and types."""
    import pandas as pd

    cells = {}

    for v, (name, kind) in zip(X.T, types):
        dtype = pd.api.types.pandas_dtype(kind)
        cells[name] = pd.Series(cast(v, str(getattr(dtype, "numpy_dtype", dtype)))).astype(dtype)

    return pd.DataFrame(cells)


def _by_column(columns: Columns, n: int) -> tuple[NDArray, NDArray]:
    scale = np.sqrt(columns.deviations / n)

    # Compared and not measured: rounding leaves a constant column some spread
    constant = (columns.low == columns.high) | (scale == 0)
    return np.where(constant, columns.low, columns.mean), np.where(constant, 1.0, scale)


def _by_whole(columns: Columns, n: int) -> tuple[NDArray, NDArray]:
    loc, scale = _by_column(columns, n)
    varying = columns.low < columns.high
    spread = np.sqrt(columns.deviations[varying].sum() / (n * len(scale)))

    return loc, np.full_like(scale, spread if spread > 0 else 1.0)


def _by_none(columns: Columns, n: int) -> tuple[NDArray, NDArray]:
    return np.zeros_like(columns.mean), np.ones_like(columns.mean)


_SCALINGS = {"columns": _by_column, "whole": _by_whole, "none": _by_none}
