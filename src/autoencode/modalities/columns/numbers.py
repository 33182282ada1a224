r"""Columns of numbers."""

__all__ = ["NumberColumn"]

import re
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.checks.types import check_agreement
from ...common.configurable import Configurable
from ...data import locate_cell
from ..normal_scores import NormalScores
from .cells import plain
from .dtypes import close, dtype_of, name_of_cells, open_cells
from .grids import grid_of, snap, step_of
from .marginals import knots_for, shared_numbers

_MAX_MAGNITUDE = 1e300
_MAX_EXACT_INTEGER = 2**53  # floats represent all whole numbers up to this limit
_MAX_DECIMALS = 18  # maximum number of decimals of decimal numbers


class NumberColumn(Configurable):
    r"""Numbers, as :class:`~autoencode.modalities.normal_scores.NormalScores`.

    Decoded numbers lie on the grid of the fit: whole numbers stay whole, prices keep their cents,
    and multiples of a number stay multiples.

    .. math:: v \in \{ v_0 + k s : k \in \mathbb{Z} \}

    The step :math:`s` is the greatest common divisor of all differences if there are at least
    eight distinct numbers. Otherwise it is one unit of the last decimal.

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
    scale_: int | None
    origin_: str  # text, like `last_`, so that files hold all digits
    last_: str
    empty_: bool
    constant_: bool
    low_: float
    high_: float
    whole_: bool
    step_: float
    decimals_: int
    scores_: NormalScores

    def __init__(self, name: str | int) -> None:
        self.name = name

    def fit(self, cells: Any) -> "NumberColumn":
        r"""Learns the type, range, grid and distribution of a column.

        Raises:
            ValueError: If a number is infinite, or too large.
        """
        import pandas as pd

        self.dtype_ = name_of_cells(cells)
        self.origin_, self.last_ = "", ""
        cells = open_cells(cells)
        there = cells.dropna()
        kind = pd.api.types.infer_dtype(there)
        self.scale_ = _scale(there) if kind == "decimal" else None
        exact = len(there) > 0 and kind in {"integer", "decimal"}
        units = self._fast_units(there) if exact and not self._infinite(cells) else None

        if units is not None:
            low, high = int(min(units)), int(max(units))
            self.origin_ = str(low) if max(-low, high) > _MAX_EXACT_INTEGER else ""
            self.last_ = str(high - int(self.origin_ or 0))

        values = self.to_numeric(cells)
        missing = np.isnan(values)
        values = values[~missing]
        self.empty_ = len(values) == 0
        values = np.zeros(1) if self.empty_ else values

        self.low_, self.high_ = float(values.min()), float(values.max())
        self.constant_ = bool(self.low_ == self.high_ and not missing.any())
        self._find_grid(values, units, there.dtype)

        if max(-self.low_, self.high_) > _MAX_MAGNITUDE:
            raise ValueError(
                f"column {self.name!r}: the numbers are too large, from {self.low_:g} to"
                f" {self.high_:g}. Divide them."
            )

        shared = shared_numbers(values)
        every = len(shared) == len(np.unique(values))
        knots = knots_for(len(values))
        self.scores_ = NormalScores(knots).fit(values, shared if every else None)
        return self

    def check_learned(self) -> None:
        digits = re.compile(r"(-?\d{1,400})?")
        check_agreement(
            type(self),
            low_=-_MAX_MAGNITUDE <= self.low_ <= self.high_ <= _MAX_MAGNITUDE,
            scale_=self.scale_ is None or 0 <= self.scale_ <= _MAX_DECIMALS,
            origin_=digits.fullmatch(self.origin_) is not None,
            last_=digits.fullmatch(self.last_) is not None,
            step_=0 <= self.step_ <= 2 * _MAX_MAGNITUDE,
            decimals_=0 <= self.decimals_ <= _MAX_DECIMALS,
        )

    @property
    def grid(self) -> str:
        r"""Grid step of the numbers, in words."""
        if self.empty_ or not self.step_:
            return "numbers"

        step = f"{self.step_:.12g}"
        return "whole numbers" if step == "1" else f"numbers in steps of {step}"

    def encode(self, cells: Any) -> NDArray:
        r"""Returns the scores of cells, with NaN for a missing cell.

        Raises:
            ValueError: If a cell is not a finite number.
        """
        return self.scores_.encode(self.to_numeric(cells))

    def decode(self, scores: NDArray) -> Any:
        r"""Returns the cells of scores, with the type, range and grid of the fit."""
        return self.cells(self.scores_.decode(scores))

    def cells(self, values: NDArray) -> Any:
        r"""Returns cells in the type of the fit, from the numbers of :meth:`to_numeric`."""
        import pandas as pd

        v = np.where(self.empty_, np.nan, self.snapped(values))

        if self.scale_ is None and not self.origin_ and self.dtype_ != "object":
            return close(pd.Series(v), self.dtype_)

        whole = self.whole_ or self.scale_ is not None
        exact = [self._exact(x) if whole else x for x in np.nan_to_num(v).tolist()]
        return close(pd.Series(exact, dtype=object).where(~np.isnan(v), None), self.dtype_)

    def snapped(self, values: NDArray) -> NDArray:
        r"""Returns numbers moved to the grid, and into the range, of the fit."""
        v = snap(values, self.low_, self.step_, self.decimals_) if self.step_ else values
        return np.clip(v, self.low_, self.high_)

    def given(self, cell: Any) -> Any:
        r"""Returns the cell that is given for new rows. Text is converted.

        Raises:
            ValueError: If the cell is not a number like those of the fit.
        """
        try:
            exact = Decimal(str(plain(cell)).strip())
            number = float(exact)
        except (TypeError, ValueError, ArithmeticError):
            raise ValueError(f"column {self.name!r}: expected a number, got {cell!r}.") from None

        if self.whole_ and not number.is_integer():
            raise ValueError(f"column {self.name!r}: expected a whole number, got {cell!r}.")

        if self.scale_ is not None:
            if exact != round(exact, self.scale_):
                raise ValueError(
                    f"column {self.name!r}: expected at most {self.scale_} decimals, got {cell!r}."
                )

            return exact

        dtype = dtype_of(self.dtype_)
        dtype = getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", dtype))
        number = float(dtype.type(number)) if dtype.kind == "f" else number

        if not self.whole_ or dtype.kind == "f":
            return number

        whole = int(exact)  # has all digits, of which a float may lose some

        if dtype.kind in "iu" and not np.iinfo(dtype).min <= whole <= np.iinfo(dtype).max:
            raise ValueError(
                f"column {self.name!r}: expected a number from {np.iinfo(dtype).min} to"
                f" {np.iinfo(dtype).max}, the limits of {dtype}, got {cell!r}."
            )

        return whole

    def to_numeric(self, cells: Any) -> NDArray:
        r"""Returns cells as floats, with NaN for a missing cell.

        Whole and decimal numbers that floats cannot represent exactly are counted from the
        smallest number of the fit.
        """
        cells = open_cells(cells)
        v = self._floats(cells)
        infinite = np.flatnonzero(np.isinf(v))

        if len(infinite):
            where = locate_cell(cells, infinite[0])
            raise ValueError(
                f"column {self.name!r}: the number in {where} is infinite, or too large for a"
                " float."
            )

        if self.origin_:
            there = cells.notna().to_numpy()
            v = np.full(len(cells), np.nan)
            unit = 10.0 ** (self.scale_ or 0)
            v[there] = [float(k - int(self.origin_)) / unit for k in self._units(cells[there])]

        return v

    def _find_grid(self, values: NDArray, units: Any, dtype: Any) -> None:
        r"""Learns the distance between neighbors on the grid, or zero if there is no grid."""
        if units is not None:
            n = self.scale_ or 0
            step = step_of(units)

            while n and step == 1 and all(unit % 10 == 0 for unit in units):
                n, units = n - 1, [unit // 10 for unit in units]
        else:
            kind = getattr(dtype, "numpy_dtype", dtype)
            single = values.astype(kind) if kind.kind == "f" else values
            self.step_, self.decimals_ = grid_of(single)
            self.whole_ = bool((values == np.rint(values)).all())
            return

        self.step_, self.decimals_ = step / 10**n, n
        self.whole_ = bool((values == np.rint(values)).all())

    def _exact(self, x: float) -> "int | Decimal":
        r"""Returns a whole or decimal number, at most the largest of the fit."""
        k = int(x) if self.scale_ is None else round(Decimal(x).scaleb(self.scale_))
        k = min(k, int(self.last_)) if self.last_ else k
        k += int(self.origin_ or 0)

        return k if self.scale_ is None else Decimal(f"{k}E-{self.scale_}")

    def _fast_units(self, cells: Any) -> Any:
        r"""Returns the numbers of `_units`, as an array if cells have a numpy type."""
        kind = getattr(cells.dtype, "numpy_dtype", cells.dtype)
        return cells.to_numpy(kind) if kind.kind in "iu" else self._units(cells)

    def _units(self, cells: Any) -> list[int]:
        r"""Returns cells as whole numbers of units of the last decimal. No cell is missing."""
        if self.scale_ is None:
            return [*map(int, cells.astype(object))]

        return [_shifted(cell, self.scale_) for cell in cells.astype(object)]

    def _infinite(self, cells: Any) -> bool:
        return bool(np.isinf(self._floats(cells)).any())

    def _floats(self, cells: Any) -> NDArray:
        import pandas as pd

        if pd.api.types.is_numeric_dtype(cells.dtype):
            return cells.to_numpy(dtype=float, na_value=np.nan)

        try:
            numbers = pd.to_numeric(cells.astype(object), errors="coerce").to_numpy(float)
        except OverflowError:  # whole numbers beyond the largest float
            numbers = np.array([*map(_float, cells)])

        wrong = np.flatnonzero(np.isnan(numbers) & cells.notna().to_numpy())
        words = [i for i, cell in enumerate(cells) if isinstance(cell, str)]

        if len(wrong) or words:
            row = int([*wrong, *words][0])  # a single word turns all cells of a file into text
            raise ValueError(
                f"column {self.name!r}: expected numbers, got {cells.iloc[row]!r} in"
                f" {locate_cell(cells, row)}."
            )

        return numbers


def _float(cell: Any) -> float:
    r"""Returns a number as a float, which is infinite for numbers that are too large."""
    try:
        return float(cell)
    except OverflowError:
        return np.inf
    except (TypeError, ValueError):  # the cell is missing, or not a number
        return np.nan


def _scale(cells: Any) -> int:
    r"""Returns the largest number of decimals of decimal numbers."""
    exponents = [cell.as_tuple().exponent for cell in cells if cell.is_finite()]
    return min(_MAX_DECIMALS, max([0, *(-exponent for exponent in exponents)]))


def _shifted(cell: Any, scale: int) -> int:
    r"""Returns a number times a power of ten, rounded to a whole number only at the end."""
    sign, digits, exponent = Decimal(cell).as_tuple()
    k, shift = int("".join(map(str, digits)) or "0"), int(exponent) + scale
    k = k * 10**shift if shift >= 0 else (k + 10**-shift // 2) // 10**-shift

    return -k if sign else k
