r"""Conversion of mixed tables to rows of numbers, without a model."""

__all__ = ["TableRows", "as_table_rows"]

import logging
from typing import Any

import numpy as np
import torch
from sklearn.impute import KNNImputer
from torch import Tensor

from ..data import collect_lazy, is_frame, is_numbers, to_pandas
from ..modalities import MixedTables
from .codec import Codec

log = logging.getLogger(__name__)

_NEIGHBORS = 5  # number of nearest rows whose mean fills in missing numbers


class TableRows:
    r"""Conversion of a table of mixed columns to rows of numbers.

    A row has normal scores of numbers and dates, and indicators of levels, as in
    :class:`~autoencode.modalities.MixedTables`. The distance of two levels is a typical distance
    of two numbers. Rows are compared by the cells that both have,

    .. math:: d(x, y)^2 = \frac{D}{|O|} \sum_{j \in O} (x_j - y_j)^2, \qquad
        O = \{ j : x_j, y_j \text{ known} \}

    and the mean of the five nearest rows fills in missing numbers. A row without any cell gets the
    means of all rows.

    Arguments:
        X: The table from which scores and levels are learned.

    Example:
        >>> import pandas as pd
        >>> X = pd.DataFrame({"a": [1.0, 2.0, None], "k": ["x", "y", "y"]})
        >>> TableRows(X).to_rows(X).round(decimals=2)
        tensor([[-0.6700,  1.0000,  0.0000,  1.0000],
                [ 0.6700,  1.0000,  1.0000,  0.0000],
                [ 0.0000,  1.0000,  1.0000,  0.0000]], dtype=torch.float64)
    """

    def __init__(self, X: Any) -> None:
        self.frames = MixedTables().fit(to_pandas(X))
        self.imputer = KNNImputer(n_neighbors=_NEIGHBORS, keep_empty_features=True)
        self.imputer.fit(self._rows_with_nan(X))

    def to_rows(self, X: Any) -> Tensor:
        r"""Returns rows in double precision, with shape `(N, D)`."""
        x = self._rows_with_nan(X)
        incomplete = np.isnan(x).any(axis=1)

        if incomplete.any():
            log.info(
                "%d of %d rows have missing cells, filled in by the mean of the %d nearest.",
                *(incomplete.sum(), len(x), _NEIGHBORS),
            )
            x = self.imputer.transform(x)

        n = self.frames.n_numbers
        x[:, n : 2 * n] = 1.0  # all cells are filled in
        return torch.from_numpy(x)

    def from_rows(self, x: Tensor) -> Any:
        r"""Returns rows as a data frame with the columns and types of the table."""
        return self.frames.restore(x)

    def codec(self) -> Codec:
        r"""Returns a codec whose codes are the rows themselves."""
        return Codec(lambda x: x, lambda z: z, self.to_rows, self.from_rows)

    def _rows_with_nan(self, X: Any) -> np.ndarray:
        r"""Returns rows with NaN for missing cells."""
        X = collect_lazy(X)

        if not is_frame(X):
            raise ValueError(f"expected a data frame, as in the fit, got {type(X).__name__}.")

        x = self.frames.normalize(self.frames.load(to_pandas(X)))
        return torch.where(self.frames.known(x), x.double(), torch.nan).numpy()


def as_table_rows(X: Any) -> TableRows | None:
    r"""Returns a converter for tables like this one, or `None` if all columns are numbers.

    Arguments:
        X: The table, or anything else.

    Example:
        >>> as_table_rows([[1.0, 2.0]]) is None
        True
    """
    X = collect_lazy(X)
    return TableRows(X) if is_frame(X) and not is_numbers(X) else None
