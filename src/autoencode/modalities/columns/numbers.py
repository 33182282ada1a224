r"""Columns of numbers."""

__all__ = ["NumberColumn"]

from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...configurable import Configurable
from ...data import place
from ..marginals import knots_for, shared_numbers
from ..scores import NormalScores
from .cells import plain

_LARGEST = 1e300
_EXACT = 2**53  # up to which floats are all whole numbers


class NumberColumn(Configurable):
    r"""Numbers, as :class:`~autoencode.modalities.scores.NormalScores`.

    Those that were all whole come back whole.

    Arguments:
        name: The column's name, for messages.

    Example:
        >>> import pandas as pd
        >>> column = NumberColumn("age").fit(pd.Series([1, 2, 3]))
        >>> column.encode(pd.Series([1.0, 2.0, None])).round(2).tolist()
        [-0.97, 0.0, nan]
        >>> column.decode(np.array([-9.0, 0.1, 9.0])).tolist()
        [1, 2, 3]
    """

    is_text = False

    dtype_: str
    origin_: int
    empty_: bool
    low_: float
    high_: float
    whole_: bool
    scores_: NormalScores

    def __init__(self, name: str | int) -> None:
        self.name = name

    def fit(self, cells: Any) -> "NumberColumn":
        r"""Learns the type, range and distribution of a column.

        Raises:
            ValueError: If a number is infinite, or too large.
        """
        import pandas as pd

        self.dtype_ = str(cells.dtype)
        self.origin_ = 0
        whole = pd.api.types.infer_dtype(cells, skipna=True) == "integer"

        if whole and cells.notna().any():
            low, high = int(cells.dropna().min()), int(cells.dropna().max())
            self.origin_ = low if max(-low, high) > _EXACT else 0

        values = self.numbers(cells)
        missing = np.isnan(values)
        values = values[~missing]
        self.empty_ = len(values) == 0
        values = np.zeros(1) if self.empty_ else values

        self.low_, self.high_ = float(values.min()), float(values.max())
        self.constant_ = bool(self.low_ == self.high_ and not missing.any())
        self.whole_ = bool((values == np.rint(values)).all())

        if self.origin_:
            self.high_ = high - low  # exactly

        if max(-self.low_, self.high_) > _LARGEST:
            raise ValueError(
                f"column {self.name!r}: the numbers are too large, from {self.low_:g} to"
                f" {self.high_:g}. Divide them."
            )

        shared = shared_numbers(values)
        every = len(shared) == len(np.unique(values))
        knots = knots_for(len(values))
        self.scores_ = NormalScores(knots).fit(values, shared if every else None)
        return self

    def encode(self, cells: Any) -> NDArray:
        r"""Returns the scores of cells, NaN where one is missing.

        Raises:
            ValueError: If a cell is no such number.
        """
        return self.scores_.encode(self.numbers(cells))

    def decode(self, scores: NDArray) -> Any:
        r"""Returns what scores stand for, as cells of the type and range of the fit."""
        import pandas as pd

        v = np.where(self.empty_, np.nan, self.scores_.decode(scores))
        v = np.rint(v) if self.whole_ else v
        cells = pd.Series(v)

        if self.dtype_ == "object" or self.origin_:
            values = [self._exact(x) if self.whole_ else x for x in np.nan_to_num(v).tolist()]
            cells = pd.Series(values, dtype=object).where(~np.isnan(v), None)

        numpy = not pd.api.types.is_extension_array_dtype(self.dtype_)

        if not numpy:
            return cells.where(cells.notna(), None).astype(self.dtype_)

        # A type of whole numbers alone has no way to say that one is missing
        whole = np.dtype(self.dtype_).kind in "iu"
        return cells if whole and cells.isna().any() else cells.astype(self.dtype_)

    def given(self, cell: Any) -> Any:
        r"""Returns a cell that new rows shall have, which may be a word for it.

        Raises:
            ValueError: If it is not like those of the fit.
        """
        import pandas as pd

        try:
            number = float(cell)
        except (TypeError, ValueError):
            raise ValueError(f"column {self.name!r}: expected a number, got {cell!r}.") from None

        if self.whole_ and not number.is_integer():
            raise ValueError(f"column {self.name!r}: expected a whole number, got {cell!r}.")

        dtype = pd.api.types.pandas_dtype(self.dtype_)
        dtype = getattr(dtype, "numpy_dtype", dtype)
        number = float(dtype.type(number)) if dtype.kind == "f" else number

        if not self.whole_ or dtype.kind == "f":
            return number

        whole = int(Decimal(plain(cell)))  # all digits, of which floats hold some

        if dtype.kind in "iu" and not np.iinfo(dtype).min <= whole <= np.iinfo(dtype).max:
            raise ValueError(
                f"column {self.name!r}: expected a number from {np.iinfo(dtype).min} to"
                f" {np.iinfo(dtype).max}, the limits of {dtype}, got {cell!r}."
            )

        return whole

    def numbers(self, cells: Any) -> NDArray:
        r"""Returns cells as floats, NaN where one is missing.

        Whole numbers beyond those that floats hold exactly are counted from the least.
        """
        v = self._floats(cells)
        infinite = np.flatnonzero(np.isinf(v))

        if len(infinite):
            where = place(cells, infinite[0])
            raise ValueError(f"column {self.name!r}: the number in {where} is infinite.")

        if self.origin_:
            there = cells.notna().to_numpy()
            v = np.full(len(cells), np.nan)
            v[there] = [float(cell - self.origin_) for cell in cells[there].astype(object)]

        return v

    def _exact(self, x: float) -> int:
        r"""Returns a whole number, at most the largest of the fit."""
        return min(int(x), int(self.high_)) + self.origin_

    def _floats(self, cells: Any) -> NDArray:
        import pandas as pd

        if pd.api.types.is_numeric_dtype(cells.dtype):
            return cells.to_numpy(dtype=float, na_value=np.nan)

        found = pd.to_numeric(cells.astype(object), errors="coerce").to_numpy(float)
        wrong = np.flatnonzero(np.isnan(found) & cells.notna().to_numpy())
        words = [i for i, cell in enumerate(cells) if isinstance(cell, str)]

        if len(wrong) or words:
            row = int([*wrong, *words][0])  # beside a word, a file has all cells as text
            raise ValueError(
                f"column {self.name!r}: expected numbers, got {cells.iloc[row]!r} in"
                f" {place(cells, row)}."
            )

        return found
