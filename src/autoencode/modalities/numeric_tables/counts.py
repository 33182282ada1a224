r"""Modality of counts."""

__all__ = ["Counts"]

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
from ...common.failures import warn
from ...data import chunks
from ...data.sparse_rows import SparseRows, SparseTensor
from ...data.tabular.libraries import library_of, native_types
from ...distributions import Family, Multinomial, NegativeBinomial, Sized, SizeFactor
from ...distributions.counts.sizes import at_size_of
from ...networks import FullyConnected, Network, TransformedInput
from ..base import Modality
from ..capabilities import Adaptive, NonlinearScale, Rankable, Tabular
from ..columns.containers import contain
from .exported import ExportedCounts
from .frames import array_of, frame_of, types_of
from .tables import Tables

log = logging.getLogger(__name__)

_N_QUANTILES = 100
_LARGEST = 2**24  # whole numbers that single precision holds
_RAW = (
    "Give raw counts, neither scaled nor normalized nor as logarithms. In annotated data, they may"
    " be adata.layers['counts'] or adata.raw.X."
)


class Counts(Modality, Tabular, NonlinearScale, Adaptive, Rankable, ExportedCounts):
    r"""Rows of counts, such as the reads of cells, the words of texts or the purchases of users.

    Rows are arrays with shape `(N, D)`, data frames, sparse matrices of scipy, or annotated data
    (`AnnData`), whose matrix `X` is used. Only the rows of a minibatch of a sparse matrix become
    dense. Its three arrays may be memory maps.

    The encoder sees :math:`\log(1 + x)` (:class:`~autoencode.networks.TransformedInput`), and the
    likelihood scores the counts. By default the mean of a count is a share of the size of its row,
    the sum of its counts (:class:`~autoencode.distributions.SizeFactor`), so that codes need not
    hold how much was counted. Reconstructions have the size of their row, decoded codes that of
    the median row, and new rows the sizes of the rows of the fit.

    Reconstructions are means, floats that need not be whole; new rows are whole numbers.

    Arguments:
        size_factors: Whether the means of counts are shares of the size of their row.

    See Also:
        :func:`~autoencode.recipes.counts`, :func:`~autoencode.recipes.recommender`,
        :class:`~autoencode.distributions.NegativeBinomial`

    Example:
        >>> from scipy.sparse import csr_array
        >>> X = SparseRows(csr_array([[0, 3, 1], [2, 0, 0]]))
        >>> counts = Counts().fit(X)
        >>> counts.likelihood()
        SizeFactor(family=NegativeBinomial(), size=3.0)
        >>> counts.normalize(counts.load(X)[:1])
        tensor([[0., 3., 1.]])
    """

    takes_sparse = True

    types_: list[tuple[str | int, str]]
    library_: str
    natives_: dict[str, str]
    dtype_: str
    size_: float
    sizes_: NDArray[np.float64]

    def __init__(self, size_factors: bool = True) -> None:
        self.size_factors = size_factors

    @classmethod
    def accepts(cls, X: object) -> bool:
        return isinstance(X, SparseRows) or Tables.accepts(X)

    def fit(self, X: Any, support: Constraint = constraints.real) -> "Counts":
        self.types_, self.library_, self.natives_ = [], "numpy", {}

        if not isinstance(X, SparseRows):
            self.types_, self.library_, self.natives_ = types_of(X), library_of(X), native_types(X)
            X = array_of(X)

        if X.ndim != 2 or 0 in X.shape:
            raise ValueError(
                f"expected rows of counts with shape (N, D), got {X.shape}. Use"
                " X.reshape(len(X), -1) for rows."
            )

        self.dtype_, self.shape_ = str(X.dtype), (int(X.shape[1]),)
        whole = self._check(X)

        if not whole and support in (constraints.real, constraints.nonnegative_integer):
            raise ValueError(f"expected counts, whole numbers from 0 on, got fractions. {_RAW}")

        sizes = _sizes(X)
        filled = sizes[sizes > 0]

        if not len(filled):
            raise ValueError("expected counts, got zeros alone.")

        if len(filled) < len(sizes):
            warn(
                f"{len(sizes) - len(filled):,} of {len(sizes):,} rows have no counts, and so"
                " no information. Leave them out: X[X.sum(axis=1) > 0]."
            )

        self.size_ = float(np.median(filled))
        at = (np.arange(_N_QUANTILES) + 0.5) / _N_QUANTILES
        self.sizes_ = np.quantile(filled, at)

        return self

    def check_learned(self) -> None:
        check_agreement(
            type(self),
            shape_=len(self.shape_) == 1 and len(self.types_) in (0, self.shape_[0]),
            size_=np.isfinite(self.size_) and self.size_ > 0,
            sizes_=self.sizes_.ndim == 1
            and len(self.sizes_) > 0
            and bool(((self.sizes_ > 0) & (self.sizes_ < 2**31)).all()),
            dtype_=np.dtype(self.dtype_).kind in "biuf",
        )

    def load(self, X: Any) -> Tensor:
        X = X if isinstance(X, SparseRows) else array_of(X)

        if X.shape[1:] != self.shape_:
            raise ValueError(f"expected rows of {self.shape_[0]} counts, got {X.shape}.")

        self._check(X)

        return SparseTensor(X) if isinstance(X, SparseRows) else tensor_of(X)  # type: ignore[return-value]

    def normalize(self, x: Tensor) -> Tensor:
        return x.float()

    def restore(self, x: Tensor) -> Any:
        X = cast(x.double().clamp(min=0).cpu().numpy(), self.dtype_)
        return frame_of(X.astype(float), self.types_, []) if self.types_ else X

    def restore_new(self, x: Tensor) -> Any:
        return self.restore(x)

    def restore_mean(self, x: Tensor) -> Any:
        X = x.float().cpu().numpy()

        if not self.types_:
            return X

        import pandas as pd

        return pd.DataFrame(X, columns=[name for name, _ in self.types_])

    def mean(self, p: Distribution) -> Tensor:
        return p.mean

    def draw(self, p: Distribution) -> Tensor:
        if isinstance(p, Sized):
            drawn = torch.randint(len(self.sizes_), p.batch_shape)
            p = p.at(torch.from_numpy(self.sizes_).float()[drawn].to(p.mean.device))

        return p.sample()

    def network(self) -> Network:
        return TransformedInput(FullyConnected((256,)))

    def likelihood(self) -> Family:
        family = NegativeBinomial()
        return SizeFactor(family, self.size_) if self.size_factors else family

    def adapt_network(self, network: Network) -> Network:
        return network if isinstance(network, TransformedInput) else TransformedInput(network)

    def adapt_likelihood(self, likelihood: Family) -> Family:
        if likelihood.support is constraints.real:
            raise ValueError(
                f"{likelihood!r} is not a likelihood of counts. Use NegativeBinomial(), Poisson()"
                " or Multinomial(), or modality=Tables() for numbers that are scaled."
            )

        if isinstance(likelihood, SizeFactor | Multinomial) and likelihood.size is None:
            return likelihood.clone().set_params(size=self.size_)

        if self.size_factors and likelihood.takes_offset:
            return SizeFactor(likelihood, self.size_)

        return likelihood

    def log_unit(self, x: Tensor) -> Tensor:
        return torch.zeros(len(x), dtype=torch.float64, device=x.device)

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        return (x - at_size_of(p, x).mean).square().sum(dim=-1, dtype=torch.float64)

    def scaled_error(self, x: Tensor, p: Distribution) -> Tensor:
        return self.error(x, p)

    def ranking(self, x: Tensor, p: Distribution) -> Tensor:
        return p.mean.masked_fill(x > 0, -torch.inf)

    def to_numeric(self, X: Any) -> NDArray:
        return X.toarray() if isinstance(X, SparseRows) else array_of(X)

    def as_type_of(self, R: Any, X: Any = None) -> Any:
        return contain(R, X, self.library_, self.natives_) if self.types_ else R

    def _check(self, X: Any) -> bool:
        r"""Refuses numbers that are not counts, and returns whether the others are whole."""
        whole = True

        for part in X.values() if isinstance(X, SparseRows) else chunks(X):
            if part.size == 0:
                continue

            low, high = part.min(), part.max()

            if not (np.isfinite(low) and np.isfinite(high)):
                raise ValueError("expected counts, got numbers that are missing or infinite.")

            if low < 0:
                raise ValueError(f"expected counts, numbers from 0 on, got {low:g}. {_RAW}")

            if high > _LARGEST:
                raise ValueError(f"expected counts of at most {_LARGEST:,}, got {high:,.0f}.")

            whole = whole and (part.dtype.kind in "biu" or bool((part == np.rint(part)).all()))

        return whole


def _sizes(X: Any) -> NDArray:
    r"""Returns the sum of each row."""
    if isinstance(X, SparseRows):
        return X.sums().astype(float)

    def sums() -> Iterator[NDArray]:
        for part in chunks(X):
            yield part.sum(axis=1, dtype=float)

    return np.concatenate([*sums()])
