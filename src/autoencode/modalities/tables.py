r"""Rows of numbers."""

__all__ = ["Tables"]

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ..distributions import Family, SharedGaussian
from ..networks import Network, Perceptron
from .base import Modality, cast, check_finite


class Tables(Modality):
    r"""Numeric tables, with shape `(N, D)`.

    Columns are scaled inside to mean zero and unit variance, a constant one to zero; rows
    come back in the user's units. Under a likelihood on the unit interval they are taken as
    they are, and must lie there.

    Arguments:
        scaling: `"columns"` gives each column unit variance, so that none counts more for
            its unit; `"whole"` only centres them and divides by one number, which keeps
            distances and with them the principal components; `"none"` takes them as they are.

    Example:
        >>> X = np.array([[1.0, 100.0], [3.0, 300.0]])
        >>> tables = Tables().fit(X)
        >>> tables.load(X)
        tensor([[-1., -1.],
                [ 1.,  1.]])
        >>> tables.restore(tables.load(X)).tolist()
        [[1.0, 100.0], [3.0, 300.0]]
    """

    def __init__(self, scaling: str = "columns") -> None:
        self.scaling = scaling

    @classmethod
    def accepts(cls, X: object) -> bool:
        return isinstance(X, np.ndarray) and X.ndim == 2

    def read(self, path: Path) -> tuple[NDArray, NDArray | None]:
        raise ValueError(f"expected a table in a file, .csv or .npy, got the folder '{path}'.")

    def fit(self, X: NDArray, support: Constraint = constraints.real) -> "Tables":
        if X.ndim != 2 or 0 in X.shape:
            raise ValueError(f"expected a table with shape (N, D), got {X.shape}.")

        if self.scaling not in _SCALINGS:
            raise ValueError(f"expected a scaling out of {[*_SCALINGS]}, got {self.scaling!r}.")

        check_finite(X)
        as_is = support is constraints.unit_interval

        self.shape_ = X.shape[1:]
        self.dtype_ = str(X.dtype)

        with np.errstate(over="ignore", invalid="ignore"):
            scaled = _SCALINGS["none" if as_is else self.scaling](X.astype(float))

        self.loc_, self.scale_ = scaled

        if not np.isfinite(scaled).all():
            raise ValueError(
                f"the numbers are too large to be squared, up to {np.abs(X).max():g}. Divide them."
            )

        return self

    def load(self, X: NDArray) -> Tensor:
        if X.shape[1:] != self.shape_:
            raise ValueError(f"expected rows of {self.shape_[0]} features, got {X.shape}.")

        check_finite(X)
        x = (X - self.loc_) / self.scale_

        if len(x) and np.abs(x).max() > np.finfo(np.float32).max:
            raise ValueError(
                f"expected numbers on the scale of the fit, got up to {np.abs(X).max():g}."
            )

        return torch.from_numpy(x.astype(np.float32))

    def normalize(self, x: Tensor) -> Tensor:
        return x

    def restore(self, x: Tensor) -> NDArray:
        X = x.double().cpu().numpy() * self.scale_ + self.loc_
        return cast(X, self.dtype_)

    def network(self) -> Network:
        return Perceptron()

    def likelihood(self) -> Family:
        return SharedGaussian()

    def new_examples(self, p: Distribution) -> Tensor:
        return p.sample()

    def unit(self) -> Tensor:
        return torch.from_numpy(self.scale_)


def _by_column(X: NDArray) -> tuple[NDArray, NDArray]:
    loc, scale = X.mean(axis=0), X.std(axis=0)

    # Compared and not measured: rounding leaves a constant column some spread
    constant = (X == X[0]).all(axis=0) | (scale == 0)
    return np.where(constant, X[0], loc), np.where(constant, 1.0, scale)


def _by_whole(X: NDArray) -> tuple[NDArray, NDArray]:
    loc, scale = _by_column(X)
    spread = np.sqrt(np.mean((X - loc) ** 2))

    return loc, np.full_like(scale, spread if spread > 0 else 1.0)


def _by_none(X: NDArray) -> tuple[NDArray, NDArray]:
    return np.zeros(X.shape[1]), np.ones(X.shape[1])


_SCALINGS = {"columns": _by_column, "whole": _by_whole, "none": _by_none}
