r"""Modality of numeric tables."""

__all__ = ["Tables"]

import itertools
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ...common.arrays import cast, tensor_of
from ...common.checks.types import check_agreement
from ...data import is_frame, is_numbers, names_of
from ...data.tabular.frames.kinds import is_exact
from ...data.tabular.libraries import library_of, native_types
from ...distributions import CensoredGaussian, DiagonalGaussian, Family, SharedGaussian
from ...networks import FullyConnected, Network
from ..base import Modality, warn_of_constants
from ..capabilities import (
    Calibrated,
    DensityFitted,
    ErrorWeighted,
    Gridded,
    NonlinearScale,
    Subsettable,
    Tabular,
)
from ..capabilities.lattices import Axis
from ..columns.containers import contain
from ..columns.exclusive import are_groups, describe_groups, exclusive_groups
from ..columns.flags import Flag, draw_exclusive
from ..columns.grids import snap
from ..columns.marginals import describe_columns, some_rows
from ..normal_scores import NormalScores
from ..statistics import column_statistics
from .constants import changed_constants, warn_of_rounded
from .exported import ExportedTables
from .frames import array_of, first_cells, frame_of, grids_of, types_of
from .normalization import Normalization
from .scaling import SCALINGS, varying

log = logging.getLogger(__name__)

_NAMED = 12  # maximum number of columns in a log line


class Tables(
    Modality,
    Tabular,
    NonlinearScale,
    DensityFitted,
    Calibrated,
    ErrorWeighted,
    Gridded,
    Subsettable,
    ExportedTables,
):
    r"""Numeric tables: arrays with shape `(N, D)`, or data frames with only numbers.

    The model scales columns to mean zero and unit variance, and returns rows in the user's units.
    A constant column is not part of the model or of its densities, and comes back unchanged. If
    this column varies in later rows, the log says so, and the numbers are ignored.

    For models with a density, some columns become normal scores: skewed columns, and columns with
    numbers that many rows share, such as flags, ratings and the zeros of an amount. New rows then
    have these numbers as often as the data. Such numbers have probabilities; all other densities
    are in the user's units. After the training, the maps of new
    rows are calibrated, so that these rows have the distribution of the data. See
    :class:`~autoencode.modalities.normal_scores.NormalScores`, and
    :func:`~autoencode.modalities.columns.marginals.marginal` for the choice of the columns.

    A likelihood on the unit interval takes rows without scaling, and they must lie in it. After a
    fit to a data frame, results are data frames with the same columns, types and ranges.

    Arguments:
        scaling: `"columns"` gives each column unit variance, so that units do not matter.
            `"auto"` does the same, except for columns that become normal scores. `"whole"`
            centers all columns and divides them by one number, which preserves relative distances
            and principal components. `"none"` leaves the numbers as they are. The last two keep
            constant columns.

    See Also:
        :class:`~autoencode.modalities.MixedTables`

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

    types_: list[tuple[str | int, str]]
    library_: str
    natives_: dict[str, str]
    dtype_: str
    low_: NDArray[np.float64]
    high_: NDArray[np.float64]
    constants_: list[tuple[int, str | bool | int | float | None]]
    columns_: NDArray[np.intp]
    loc_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    steps_: NDArray[np.float64]
    decimals_: NDArray[np.intp]
    scored_: NDArray[np.intp]
    scores_: list[NormalScores]
    new_scores_: list[NormalScores] | None = None
    r"""The maps of new rows, calibrated after the training."""

    exclusive_: list[tuple[list[int], bool]]

    def __init__(self, scaling: str = "auto") -> None:
        self.scaling = scaling
        self._full_fit: Tables | None = None
        self._held: dict[tuple[torch.device, torch.dtype], Normalization] = {}

    @classmethod
    def accepts(cls, X: object) -> bool:
        if is_frame(X):
            named = all(isinstance(name, (str, int)) for name in names_of(X))
            return is_numbers(X) and named and is_exact(X)

        return isinstance(X, np.ndarray) and X.ndim == 2

    def for_subset(self) -> "Tables":
        part = self.clone()
        part._full_fit = self  # in a subset, other columns may be constant
        return part

    def clone(self) -> "Tables":
        clone = super().clone()
        clone._full_fit = self._full_fit
        return clone

    def __sklearn_clone__(self) -> "Tables":
        return self.clone()

    def fit(self, X: Any, support: Constraint = constraints.real) -> "Tables":
        if self._full_fit is not None:
            vars(self).update({k: v for k, v in vars(self._full_fit).items() if k.endswith("_")})
            return self

        self.types_, first = types_of(X), X
        self.library_ = library_of(X)
        self.natives_ = native_types(X)
        X = array_of(X)

        if X.ndim != 2 or 0 in X.shape:
            raise ValueError(f"expected a table with shape (N, D), got {X.shape}.")

        if self.scaling not in SCALINGS:
            raise ValueError(f"expected scaling as one of {[*SCALINGS]}, got {self.scaling!r}.")

        scaling = self.scaling if support is constraints.real else "none"

        self.dtype_ = str(X.dtype)
        columns = column_statistics(X)
        self.low_, self.high_ = columns.low, columns.high
        loc, scale = SCALINGS[scaling](columns, len(X))
        apart = scaling in {"auto", "columns"}
        kept = varying(columns) if apart else np.ones(len(loc), bool)
        self.constants_ = first_cells(first, ~kept)
        warn_of_rounded(X, self.low_, self.high_, ~kept, self._name)
        kept[0] |= not kept.any()  # networks need at least one input

        self.columns_ = np.flatnonzero(kept)
        self.shape_ = (len(self.columns_),)
        self.loc_, self.scale_ = loc[kept], scale[kept]
        self.steps_, self.decimals_ = grids_of(X)  # grids on which new rows lie
        self.scored_ = np.zeros(0, int)
        self.scores_, self.new_scores_ = [], None
        self.exclusive_ = []
        self._held = {}

        if gridded := [j for j in self.columns_.tolist() if self.steps_[j] not in (0, 1)]:
            named = [f"{self._name(j)} {self.steps_[j]:.12g}" for j in gridded[:_NAMED]]
            more = f", and {len(gridded) - _NAMED:,} more" * (len(gridded) > _NAMED)
            log.info("new rows keep the steps of columns: %s%s.", ", ".join(named), more)

        if not np.isfinite([self.loc_, self.scale_]).all():
            raise ValueError(
                f"the numbers are too large to be squared, up to {columns.largest():g}."
                " Divide them."
            )

        return self

    def fit_density(self, X: Any) -> None:
        if (
            self.scaling != "auto"
            or self._full_fit is not None
            or len(self.constants_) == len(self.low_)
        ):
            return

        X = some_rows(array_of(X))
        found = describe_columns(X, self.columns_)
        self.scored_, self.scores_, self._held = np.array([*found], int), [*found.values()], {}
        self.new_scores_ = None
        flags = [j for j, scores in found.items() if scores.is_flag]
        groups = exclusive_groups(np.asarray(X[:, flags]) == 1, flags)
        self.exclusive_ = [(group.columns, group.always) for group in groups]

        for line in describe_groups(groups, self._name):
            log.info("%s.", line)

        shared = sum(bool(scores.intervals()) for scores in self.scores_)

        if found or self.constants_:
            log.info(
                "%d of %d columns are constant, %d hold numbers that many rows share, %d are"
                " skewed or heavy-tailed.",
                *(len(self.constants_), len(self.low_), shared, len(found) - shared),
            )

    @property
    def is_calibrated(self) -> bool:
        return any(scores.is_free for scores in self.scores_)

    def calibrate(self, new: Tensor) -> None:
        t = new.double().cpu().numpy()
        scored = self._scored()
        self.new_scores_ = [s.calibrated(t[:, at]) if s.is_free else s for _, at, s in scored]

    def check_learned(self) -> None:
        n, k, of = len(self.low_), len(self.columns_), self.columns_
        rows = (self.low_, self.high_, self.steps_, self.decimals_)
        check_agreement(
            type(self),
            low_=n > 0 and all(v.shape == (n,) and np.isfinite(v).all() for v in rows),
            high_=(self.low_ <= self.high_).all(),
            shape_=self.shape_ == (k,) and self.loc_.shape == self.scale_.shape == (k,),
            columns_=_is_index(of, n),
            loc_=np.isfinite(self.loc_).all(),
            scale_=np.isfinite(self.scale_).all() and (self.scale_ > 0).all(),
            steps_=(self.steps_ >= 0).all(),
            decimals_=((self.decimals_ >= 0) & (self.decimals_ < 20)).all(),
            scored_=_is_index(self.scored_, n) and np.isin(self.scored_, of).all(),
            scores_=len(self.scores_) == len(self.scored_),
            new_scores_=len(self.new_scores_ or self.scores_) == len(self.scores_),
            exclusive_=are_groups(self.exclusive_, self._flags()),
            constants_=all(0 <= j < n for j, _ in self.constants_),
            types_=len(self.types_) in (0, n),
            dtype_=np.dtype(self.dtype_).kind in "biuf",
        )

    def load(self, X: Any) -> Tensor:
        X = array_of(X)

        if X.shape[1:] != self.low_.shape:
            raise ValueError(f"expected rows of {len(self.low_)} features, got {X.shape}.")

        if len(X):
            columns = column_statistics(X)
            changed = changed_constants(columns, self.low_, self.high_, self.columns_)
            warn_of_constants([self._name(j) for j in changed])

            with np.errstate(over="ignore"):
                ends = np.array([columns.low, columns.high])[:, self.columns_]
                ends = (ends - self.loc_) / self.scale_

            if np.abs(ends).max() > np.finfo(np.float32).max:
                raise ValueError(
                    f"expected numbers on the scale of the fit, got up to {columns.largest():g}."
                )

        return tensor_of(X)

    def normalize(self, x: Tensor) -> Tensor:
        if (key := (x.device, x.dtype)) not in self._held:  # computed once
            every = len(self.columns_) == len(self.low_)
            columns = None if every else self.columns_
            self._held[key] = Normalization(
                columns, self.loc_, self.scale_, [*self._scored()], *key
            )

        return self._held[key](x)

    def restore(self, x: Tensor) -> Any:
        return self._framed(self._decoded(x, self.scores_))

    def draw(self, p: Distribution) -> Tensor:
        flags = self._flags()
        groups = [([flags[j] for j in columns], always) for columns, always in self.exclusive_]
        return draw_exclusive(p.sample(), p, groups)

    def restore_new(self, x: Tensor) -> Any:
        X = self._framed(self._decoded(x, self.new_scores_ or self.scores_))
        return X if self.types_ else self._snapped(X)

    def mean(self, p: Distribution) -> Tensor:
        mean = p.mean.clone()

        for _, at, scores in self._scored():
            loc, scale = (t[..., at].double().cpu().numpy() for t in (p.mean, p.stddev))
            v = (scores.mean(loc, scale) - self.loc_[at]) / self.scale_[at]
            mean[..., at] = torch.from_numpy(v).to(mean)

        return mean

    def restore_mean(self, x: Tensor) -> Any:
        X = x.double().cpu().numpy() * self.scale_ + self.loc_

        for j, at, _ in self._scored():  # rounding must not exceed the range of the fit
            X[:, at] = np.clip(X[:, at], self.low_[j], self.high_[j])

        return self._framed(X)

    def network(self) -> Network:
        return FullyConnected(skip=True)

    def likelihood(self) -> Family:
        if self.scaling not in {"auto", "columns"}:
            return SharedGaussian()

        if len(self.constants_) == len(self.low_):
            return CensoredGaussian((((-np.inf, np.inf),),))  # constant columns have no density

        shared: list[tuple[tuple[float, float], ...]] = [()] * len(self.columns_)

        for _, at, scores in self._scored():
            shared[at] = scores.intervals()

        return CensoredGaussian(tuple(shared)) if any(shared) else DiagonalGaussian()

    def deterministic_likelihood(self) -> Family:
        return SharedGaussian(
            optimal=False
        )  # weights all columns equally, as principal component analysis does

    def unit(self) -> Tensor:
        return torch.from_numpy(self.scale_)

    def log_unit(self, x: Tensor) -> Tensor:
        t, scale = x.double().cpu().numpy(), self.scale_.copy()
        total = np.zeros(len(t))

        for _, at, scores in self._scored():
            total += scores.log_slope(t[:, at])
            scale[at] = 1

        return torch.from_numpy(total + np.log(scale).sum()).to(x.device)

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        residual = (x - p.mean) * self.unit().to(x.device)

        for _, at, scores in self._scored():
            t, loc, scale = (t[:, at].double().cpu().numpy() for t in (x, p.mean, p.stddev))
            v = scores.decode(t) - scores.mean(loc, scale)
            residual[:, at] = torch.from_numpy(v).to(residual)

        return residual.square().sum(dim=-1, dtype=torch.float64)

    def scaled_error(self, x: Tensor, p: Distribution) -> Tensor:
        return (x - p.mean).square().sum(dim=-1, dtype=torch.float64)

    def to_numeric(self, X: Any) -> NDArray:
        return array_of(X)

    def axes(self) -> list[Axis]:
        scored = {j: scores for j, _, scores in self._scored()}
        rows = zip(self.columns_.tolist(), self.loc_.tolist(), self.scale_.tolist())

        return [
            Axis(
                self.dtype_,
                low=float(self.low_[j]),
                high=float(self.high_[j]),
                step=float(self.steps_[j]),
                decimals=int(self.decimals_[j]),
                loc=loc,
                scale=scale,
                scores=scored.get(j),
            )
            for j, loc, scale in rows
        ]

    def elements(self, x: Tensor) -> Tensor:
        return x[:, torch.from_numpy(self.columns_)]

    def arranged(self, x: Tensor) -> Any:
        X = np.repeat(cast(self.low_[None], self.dtype_), len(x), axis=0)
        X[:, self.columns_] = x.numpy()
        return frame_of(X, self.types_, self.constants_) if self.types_ else X

    def with_constant_columns(self) -> "Tables":
        if len(self.columns_) == len(self.low_):
            return self

        wide = self.clone()
        vars(wide).update(vars(self), _held={}, columns_=np.arange(len(self.low_)), constants_=[])
        wide.shape_, wide.loc_, wide.scale_ = (
            self.low_.shape,
            self.low_.copy(),
            np.ones_like(self.low_),
        )
        wide.loc_[self.columns_], wide.scale_[self.columns_] = self.loc_, self.scale_

        return wide

    def _decoded(self, x: Tensor, scores: list[NormalScores]) -> NDArray:
        r"""Returns the numbers of scaled rows, without constant columns."""
        t = x.double().cpu().numpy()
        X = t * self.scale_ + self.loc_

        for (_, at, _), s in zip(self._scored(), scores):
            X[:, at] = s.decode(t[:, at])

        return X

    def _snapped(self, X: NDArray) -> NDArray:
        r"""Returns rows moved to the grids of the columns of the fit."""
        for j in self.columns_[self.steps_[self.columns_] > 0].tolist():
            v = snap(X[:, j].astype(float), self.low_[j], self.steps_[j], int(self.decimals_[j]))
            X[:, j] = v.astype(X.dtype)

        return X

    def as_type_of(self, R: Any, X: Any = None) -> Any:
        return contain(R, X, self.library_, self.natives_) if self.types_ else R

    def _framed(self, x: NDArray) -> Any:
        r"""Returns scaled and constant columns together, in the type of the user's data."""
        X = np.zeros((len(x), len(self.low_)))
        X[:, self.columns_] = x

        if self.types_:
            X = np.clip(self._snapped(X), self.low_, self.high_)
            return frame_of(X, self.types_, self.constants_)

        X = cast(X, self.dtype_)

        for column, cell in self.constants_:
            X[:, column] = int(cell) if isinstance(cell, str) else cell

        return X

    def _scored(self) -> Iterator[tuple[int, int, NormalScores]]:
        r"""Yields the index, the index among scaled columns, and the normal scores of columns."""
        places = np.searchsorted(self.columns_, self.scored_)
        yield from zip(self.scored_.tolist(), places.tolist(), self.scores_)

    def _flags(self) -> dict[int, Flag]:
        r"""Returns the columns of flags."""
        scored = self._scored()
        return {j: Flag.of_scores(at, scores) for j, at, scores in scored if scores.is_flag}

    def _name(self, j: int) -> str:
        return repr(self.types_[j][0]) if self.types_ else str(j)


def _is_index(columns: NDArray, n: int) -> bool:
    r"""Returns whether columns are ascending indices below `n`."""
    ends = [-1, *columns.tolist(), n]
    return columns.ndim == 1 and all(a < b for a, b in itertools.pairwise(ends))
