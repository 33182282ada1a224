r"""Rows of numbers from tables that have others, where no model says how to see them."""

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

_NEIGHBORS = 5  # that fill in what is missing


class TableRows:
    r"""Rows of numbers from a table, in place of a model's.

    A row has the normal scores of its numbers and dates, and the indicators of its levels, as
    :class:`~autoencode.modalities.MixedTables` has them: two levels are as far apart as numbers
    usually are. Rows are compared by what is there of both,

    .. math:: d(x, y)^2 = \frac{D}{|O|} \sum_{j \in O} (x_j - y_j)^2, \qquad
        O = \{ j : x_j, y_j \text{ known} \}

    to find the five nearest, whose mean fills in what is missing. A row without anything has
    the means of all.

    Arguments:
        X: The table, by which scores and levels are learned.

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
        x[:, n : 2 * n] = 1.0  # now all are there
        return torch.from_numpy(x)

    def from_rows(self, x: Tensor) -> Any:
        r"""Returns rows as a data frame of the columns and types of the table."""
        return self.frames.restore(x)

    def codec(self) -> Codec:
        r"""Returns maps of which rows are their own codes."""
        return Codec(lambda x: x, lambda z: z, self.to_rows, self.from_rows)

    def _rows_with_nan(self, X: Any) -> np.ndarray:
        r"""Returns rows with NaN where nothing is known."""
        X = collect_lazy(X)

        if not is_frame(X):
            raise ValueError(f"expected a data frame, as in the fit, got {type(X).__name__}.")

        x = self.frames.normalize(self.frames.load(to_pandas(X)))
        return torch.where(self.frames.known(x), x.double(), torch.nan).numpy()


def as_table_rows(X: Any) -> TableRows | None:
    r"""Returns a reader of tables like the given one, unless it is purely numeric.

    Arguments:
        X: The table, or anything else.

    Example:
        >>> as_table_rows([[1.0, 2.0]]) is None
        True
    """
    X = collect_lazy(X)
    return TableRows(X) if is_frame(X) and not is_numbers(X) else None
