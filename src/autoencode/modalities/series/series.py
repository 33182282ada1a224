r"""Modality of series of numbers over time, with one or several channels."""

__all__ = ["Series"]

import copy
import logging
import math
from collections.abc import Callable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ...common import failures
from ...common.arrays import cast, tensor_of
from ...common.checks.types import check_agreement
from ...common.failures import warn
from ...corruptions import (
    Compose,
    FutureMasking,
    Masking,
    SensorDropout,
    WaveformCorruption,
)
from ...corruptions.base import flatten
from ...data import TableFormat, is_frame
from ...data.listing.sources import Files
from ...distributions import (
    Autoregressive,
    DiagonalGaussian,
    Family,
    MixedColumns,
    Observed,
    SharedGaussian,
)
from ...networks import Convolutional, FullyConnected, Incomplete, Network
from ..base import WIDE, Modality
from ..capabilities import (
    Accompanied,
    Adaptive,
    Collected,
    DensityFitted,
    ErrorWeighted,
    Extendable,
    Forecastable,
    Imputable,
    NonlinearScale,
    NonNumeric,
    Readable,
)
from ..capabilities.fitting import without_text_corruptions
from ..windows import Windows, starts
from .collection import collect
from .covariates import (
    check_covariates,
    covariate_windows,
    fill_covariates,
    later_covariates,
)
from .cuts import choose_windows, cut_series, describe_lengths, whole_series
from .exported import ExportedSeries
from .files import holds_series, read_files
from .filling import fill_gaps
from .grids import Grid
from .later import later_rows
from .lists import SeriesList
from .numbers import check_numbers, moments
from .parts import split_series

log = logging.getLogger(__name__)

_SEQUENCES = (list, tuple, np.ndarray, Tensor)
_WIDEST = 2**16  # numbers of an example; beyond, the first and last layers would hold all weights
_FARTHEST = 1e15  # standard deviations; the squares of larger numbers exceed single precision


class Series(
    Modality,
    NonNumeric,
    Collected,
    Readable,
    Forecastable,
    Extendable,
    Imputable,
    NonlinearScale,
    DensityFitted,
    ErrorWeighted,
    Adaptive,
    Accompanied,
    ExportedSeries,
):
    r"""Series of measurements: sensors, spectra, prices, heartbeats.

    They come as an array with shape `(N, T)` or `(N, T, C)`; as a list of arrays of different
    lengths, `(T,)` or `(T, C)`; as a long table with a column of times and a column of
    identities; or as a `.csv`, `.parquet` or `.npy` file, or a folder with a file for each series.

    Each channel is scaled to mean zero and unit variance,

    .. math:: x_{ct} \leftarrow (x_{ct} - m_c) / s_c,

    over all steps and series. Later numbers may have any size: a spike is scored, not refused.
    Numbers may be missing (NaN). They are not scored, and the networks see which numbers are
    missing, and for how long (:class:`~autoencode.networks.Incomplete`). Rows with irregular times
    are put on a regular grid, on which positions without a number are gaps.

    Series of more than 512 steps, and series longer than those of the fit, are cut into windows
    that overlap. `transform` and `score_samples` return a row for each window. With
    `pool_windows=True`, each series has one code; with `full_size=True`, `reconstruct` returns
    whole series.

    Arguments:
        window: The number of steps of an example; by default that of the longest series, or 128 if
            it has more than 512 steps.
        stride: The number of steps from one window to the next; by default half a window. The last
            window ends with its series.
        gaps: Whether numbers may be missing; by default, whether numbers of the fit are missing.
            Set it to fit complete series, and to fill in gaps of later series.
        time: The column of times of a table: numbers, dates or times. By default, rows are in
            order and one step apart.
        identity: The column that tells the series of a table apart; by default, there is one.
        step: The step of the grid of time, in the units of the times, or in seconds for dates;
            by default the median difference of times.
        covariates: The columns of a table that are known at each step, also of later steps: the
            hour of the day, or a control signal. Encoder and decoder see them, and they are
            neither scored nor predicted. A number that a series keeps is a column, too.

    See Also:
        :class:`~autoencode.modalities.Sounds`, :class:`~autoencode.modalities.Tables`

    Example:
        >>> X = np.array([[1.0, 3.0, 5.0], [3.0, np.nan, 3.0]])
        >>> series = Series().fit(X)
        >>> x = series.normalize(series.load(X))
        >>> x.shape
        torch.Size([2, 1, 3])
        >>> np.allclose(series.restore(x), X, equal_nan=True)
        True
    """

    suffixes = (".npy", ".csv", ".parquet")

    steps_: int
    stride_: int
    gaps_: bool
    flat_: bool
    dtype_: str
    loc_: tuple[float, ...]
    scale_: tuple[float, ...]
    channels_: list[str] | None
    grid_: tuple[float, bool] | None

    def __init__(
        self,
        window: int | None = None,
        stride: int | None = None,
        gaps: bool | None = None,
        time: str | None = None,
        identity: str | None = None,
        step: float | None = None,
        covariates: Sequence[str] | None = None,
    ) -> None:
        self.window = window
        self.stride = stride
        self.gaps = gaps
        self.time = time
        self.identity = identity
        self.step = step
        self.covariates = covariates

    @classmethod
    def accepts(cls, X: object) -> bool:
        if isinstance(X, (Path, Files)):
            return holds_series(X)

        return is_frame(X) or hasattr(X, "to_frame") or isinstance(X, _SEQUENCES)

    def collect(self, X: Any) -> Any:
        n_channels = len(self.loc_) if hasattr(self, "loc_") else None
        return collect(X, n_channels, **self._columns())

    def read(self, path: Path | Files) -> tuple[Any, ...]:
        X, y, names = self.read_whole(path)

        if not hasattr(self, "steps_"):
            return X, y, names

        windows = self.windows(X)
        lengths: Any = windows.length
        begins = [i for T in lengths for i in starts(T, self.steps_, self.stride_)]
        known = getattr(X, "names", None) or [str(i) for i in range(len(X))]
        each = np.repeat([*known], windows.counts)
        cut = [f"{name}@{i}" for name, i in zip(each, begins)]
        y = y if y is None else np.repeat(y, windows.counts)

        return windows, y, cut if names is None else names.cut(cut, windows.counts)

    def read_whole(self, path: Path | Files) -> tuple[Any, ...]:
        X, y, names = read_files(path, self._columns(), TableFormat.of(self.format_ or {}))
        return self.collect(X), y, names

    def fit(self, X: Any, support: Constraint = constraints.real) -> "Series":
        self._check_arguments()
        X = self.collect(X)
        lengths = [len(x) for x in X]
        self.steps_, self.stride_ = choose_windows(lengths, self.window, self.stride)
        self.flat_ = X.flat if isinstance(X, SeriesList) else X.ndim == 2
        self.channels_ = getattr(X, "channels", None)
        self._check_has_covariates(X)
        grid = getattr(X, "grid", None)
        self.grid_ = None if grid is None else (grid.step, grid.months)

        if len({*lengths}) > 1 or max(lengths) != self.steps_:
            log.info(
                "series of %s steps, in windows of %d steps, %d apart; window=... and stride=..."
                " (command line: --modality.window, --modality.stride) change it.",
                *(describe_lengths(lengths), self.steps_, self.stride_),
            )

        warn(failures.long_series(lengths, self.steps_))
        windows = self._cut(X)
        self.dtype_ = str(windows.dtype)
        statistics = moments(windows)

        if (none := statistics.n == 0).any():
            raise ValueError(
                f"expected numbers in each channel, got none in {self._named(none)}. Leave it out."
            )

        self.gaps_ = statistics.missing if self.gaps is None else self.gaps

        if statistics.missing and not self.gaps_:
            raise ValueError(
                "expected no missing numbers (NaN) with gaps=False, and no series shorter than a"
                f" window of {self.steps_} steps. Leave gaps out to fit with gaps."
            )

        loc, scale, constant = statistics.loc, statistics.scale, statistics.constant

        if support is not constraints.real:
            loc, scale = np.zeros_like(loc), np.ones_like(scale)

        # Tuples, because torch's compiler cannot read arrays
        self.loc_, self.scale_ = tuple(loc.tolist()), tuple(scale.tolist())
        self.shape_ = (len(loc), self.steps_)

        if constant.any() and not constant.all():
            log.info("channels that are constant: %s.", self._named(constant))

        return self

    def check_learned(self) -> None:
        C = len(self.loc_)
        check_agreement(
            type(self),
            steps_=1 <= self.steps_ < 2**31 and 1 <= self.stride_ < 2**31,
            shape_=self.shape_ == (C, self.steps_),
            loc_=np.isfinite(self.loc_).all(),
            scale_=len(self.scale_) == C
            and np.isfinite(self.scale_).all()
            and min(self.scale_) > 0,
            flat_=C == 1 or not self.flat_,
            channels_=self.channels_ is None or len(self.channels_) == C,
            dtype_=np.dtype(self.dtype_).kind in "biuf",
            grid_=self.grid_ is None or self.grid_[0] > 0,
        )

    def examples(self, X: Any, logged: bool = False) -> Any:
        return self.windows(X)

    def windows(self, X: Any) -> Windows:
        return self._cut(self.collect(X))

    def whole(self, R: NDArray, windows: Windows) -> Any:
        X, series = windows.origin, whole_series(R, windows)

        if isinstance(X, SeriesList):
            return X.returned(series)

        return series if X is None else np.stack(series).reshape(np.shape(X))

    def join_windows(self, R: NDArray, windows: Windows) -> list[NDArray]:
        return whole_series(R, windows)

    def split(self, X: Any, share: float) -> tuple[Any, Any]:
        return split_series(self.collect(X), share, self.window)

    def histories(self, X: Any) -> list[NDArray]:
        if not self.gaps_:
            raise ValueError(
                "expected networks that see gaps, because future steps are missing numbers, got a"
                " fit without gaps. Fit with modality=ae.modalities.Series(gaps=True) and"
                " corruption=ae.corruptions.FutureMasking() (command line: --modality Series"
                " --modality.gaps --corruption FutureMasking)."
            )

        return [x if x.ndim == 2 else x[:, None] for x in self.collect(X)]

    def covariates_of(self, X: Any) -> NDArray:
        known = self._covariates(getattr(X, "origin", None))
        windows = covariate_windows(known, self.steps_, self.stride_)

        if len(windows) != len(X):
            raise ValueError(f"expected all {len(windows)} windows of the series, got {len(X)}.")

        return windows

    def series_covariates(self, X: Any) -> list[NDArray]:
        return self._covariates(self.collect(X))

    def later_covariates(self, X: Any, later: Any, steps: int) -> list[NDArray]:
        series = self.collect(X)
        self._check_has_covariates(series)

        if not isinstance(series, SeriesList) or series.placed is None:
            raise ValueError("expected series from a table, as the rows of later covariates are.")

        series = copy.copy(series)
        series.covariates = self._covariates(series)

        return later_covariates(series, later, [*(self.covariates or ())], steps)

    def later(self, X: Any, R: NDArray) -> Any:
        X = self.collect(X)

        if not isinstance(X, SeriesList):
            return R[..., 0] if X.ndim == 2 else R

        if X.table is not None:
            return later_rows(X, R)

        return [r[:, 0] if X.flat else r for r in R]

    def of_length(self, n: int) -> "Series":
        other = copy.copy(self)
        other.steps_, other.stride_, other.shape_ = n, max(1, n // 2), (self.shape_[0], n)

        return other

    def whole_examples(self, X: Any) -> list[NDArray]:
        return [*self.collect(X)]

    def new_length(self, steps: int | None, seconds: float | None) -> int:
        if seconds is not None or steps is None:
            raise ValueError(
                "series are counted in steps: give steps=... (command line: --steps) and not"
                " seconds."
            )

        if not isinstance(steps, Integral) or isinstance(steps, bool) or steps < 1:
            raise ValueError(f"expected steps as an integer >= 1, got {steps!r}.")

        return int(steps)

    def length_of_steps(self, steps: int) -> int:
        return steps

    def channel_names(self) -> list[str]:
        return self.channels_ or [f"channel {i}" for i in range(self.shape_[0])]

    def describe_step(self, windows: Windows, series: int, step: int) -> tuple[str, Any]:
        X = windows.origin
        return X.describe_step(series, step) if isinstance(X, SeriesList) else (str(series), step)

    def load(self, X: Any) -> Tensor:
        if not isinstance(X, np.ndarray) or X.dtype == object:
            X = self.windows(X)

        wide = X[..., None] if X.ndim == 2 else X

        if wide.shape[1:] != self.shape_[::-1]:
            steps, C = self.steps_, self.shape_[0]
            raise ValueError(
                f"expected windows of {steps} steps and {C} channel{'s' * (C > 1)}, as in the fit,"
                f" got shape {X.shape}."
            )

        check_numbers(np.asarray(X), self.gaps_)
        return tensor_of(X)

    def normalize(self, x: Tensor) -> Tensor:
        wide = x.dtype in WIDE and x.device.type != "mps"
        x = x.to(torch.float64 if wide else torch.float32)
        x = x[:, None] if x.ndim == 2 else x.mT
        loc, scale = (
            torch.tensor(t, dtype=x.dtype, device=x.device)[:, None]
            for t in (self.loc_, self.scale_)
        )

        return ((x - loc) / scale).clamp(-_FARTHEST, _FARTHEST).float()

    def restore(self, x: Tensor) -> NDArray:
        loc, scale = (np.array(t)[:, None] for t in (self.loc_, self.scale_))
        X = x.double().cpu().numpy() * scale + loc
        X = X[:, 0] if self.flat_ else np.ascontiguousarray(np.swapaxes(X, 1, 2))

        if self.gaps_:
            return X.astype(np.result_type(self.dtype_, np.float32))

        return cast(X, self.dtype_)

    def restore_mean(self, x: Tensor) -> NDArray:
        return self.restore(x)

    def restore_new(self, x: Tensor) -> NDArray:
        return self.restore(x)

    def mean(self, p: Distribution) -> Tensor:
        return p.mean

    def mean_given(self, p: Distribution, x: Tensor) -> Tensor:
        return p.mean

    def known(self, x: Tensor) -> Tensor:
        return ~x.isnan()

    def fill(self, X: Any, R: Any) -> Any:
        given = X if isinstance(X, Windows) and X.origin is not None else self.windows(X)
        return fill_gaps(given, R)

    def network(self) -> Network:
        return FullyConnected(skip=True) if math.prod(self.shape_) <= _WIDEST else Convolutional()

    def likelihood(self) -> Family:
        return DiagonalGaussian()

    def fit_density(self, X: Any) -> None:
        pass  # nothing but the scales is learned

    def deterministic_likelihood(self) -> Family:
        return SharedGaussian()  # weights all steps equally, as principal component analysis does

    def adapt_network(self, network: Network) -> Network:
        if self.covariates and network.over_time:
            raise ValueError(
                "covariates need a network with one code for each window, such as"
                f" FullyConnected(skip=True), got {network!r}."
            )

        return Incomplete(network) if self.gaps_ and not _sees_gaps(network) else network

    def adapt_likelihood(self, likelihood: Family) -> Family:
        if isinstance(likelihood, (Autoregressive, MixedColumns)):
            raise ValueError(
                f"series need a likelihood of single numbers, such as SharedGaussian(), got"
                f" {likelihood!r}."
            )

        return Observed(likelihood) if self.gaps_ and not _skips_gaps(likelihood) else likelihood

    def split_corruption(
        self, corruption: Callable[[Tensor], Tensor]
    ) -> tuple[None, Callable[[Tensor], Tensor]]:
        without_text_corruptions(self, corruption)
        steps = flatten(corruption)

        if wrong := [step for step in steps if isinstance(step, WaveformCorruption)]:
            raise ValueError(
                f"{type(wrong[0]).__name__} is for sounds, got Series. Use GaussianNoise(),"
                " SensorDropout() or TimeWarping()."
            )

        if not self.gaps_:
            return None, corruption

        hides = (FutureMasking, Masking, SensorDropout)
        return None, Compose([_Hidden(s) if isinstance(s, hides) else s for s in steps])

    def unit(self) -> Tensor:
        return torch.tensor(self.scale_, dtype=torch.float64)[:, None]

    def log_unit(self, x: Tensor) -> Tensor:
        logs = torch.tensor(self.scale_, dtype=torch.float64, device=x.device).log()
        return self.known(x).sum(dim=2).double() @ logs

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        residual = (x - p.mean).nan_to_num() * self.unit().to(x.device)
        return residual.flatten(start_dim=1).square().sum(dim=-1, dtype=torch.float64)

    def _cut(self, X: Any) -> Windows:
        if isinstance(X, Windows):
            return X

        if isinstance(X, np.ndarray) and X.shape[1] != self.steps_ and X.ndim == 2:
            windows = cut_series(X[..., None], self.steps_, self.stride_)
            return Windows.of(np.asarray(windows), windows.length, self.stride_, X)

        return cut_series(X, self.steps_, self.stride_)

    def _covariates(self, series: Any) -> list[NDArray]:
        r"""Returns the covariates of each series, without gaps."""
        self._check_has_covariates(series)
        names = [*(self.covariates or ())]

        return [fill_covariates(c, names, str(s)) for c, s in zip(series.covariates, series.names)]

    def _check_has_covariates(self, X: Any) -> None:
        if self.covariates and getattr(X, "covariates", None) is None:
            raise ValueError(
                f"expected whole series in a table with the covariates {[*self.covariates]}, got"
                f" {'a table without them' if isinstance(X, SeriesList) else 'no table'}."
            )

    def _columns(self) -> dict[str, Any]:
        check_covariates(self.covariates, (self.time, self.identity))
        grid = getattr(self, "grid_", None)
        return {
            "time": self.time,
            "identity": self.identity,
            "step": self.step,
            "channels": getattr(self, "channels_", None),
            "grid": None if grid is None else Grid(*grid),
            "covariates": self.covariates,
        }

    def _named(self, chosen: NDArray) -> str:
        names = self.channels_ or [f"channel {i}" for i in range(len(chosen))]
        return ", ".join(name for name, is_chosen in zip(names, chosen) if is_chosen)

    def _check_arguments(self) -> None:
        for name in ("window", "stride"):
            n = getattr(self, name)

            if n is not None and not (isinstance(n, Integral) and int(n) >= 1):
                raise ValueError(f"expected {name} as a number of steps >= 1, got {n!r}.")

        if self.step is not None and self.time is None:
            raise ValueError("step=... needs time=..., the column of times.")


class _Hidden(torch.nn.Module):
    r"""Corruption that hides numbers, so that they are missing."""

    def __init__(self, corruption: FutureMasking | Masking | SensorDropout) -> None:
        super().__init__()

        self.corruption = corruption

    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(self.corruption.hidden(x), torch.nan)


def _sees_gaps(network: Network) -> bool:
    return isinstance(network, Incomplete)


def _skips_gaps(likelihood: Family) -> bool:
    return isinstance(likelihood, Observed)
