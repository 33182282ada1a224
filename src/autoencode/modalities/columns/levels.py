r"""Columns of categories."""

__all__ = ["UNKNOWN", "LevelColumn"]

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...common.checks.types import check_agreement
from ...common.configurable import Configurable
from ...data import locate_cell
from .categories import categories_of, category_index, word, words_of
from .cells import no_use, plain
from .dtypes import close, name_of_cells, open_cells

log = logging.getLogger(__name__)

UNKNOWN = ("error", "missing", "rare")
NEW_LEVEL = -1.0  # the number that stands for levels that the fit did not see

_BOOLEANS = {"true", "false"}


class LevelColumn(Configurable):
    r"""Categories: text, booleans, or the levels of a categorical column.

    Levels are numbered by their frequency, the most frequent first. All rare levels beyond a
    limit are one level for the model, the last. It is decoded to one of the rare levels.

    The argument `unknown` decides about a level that the fit did not see: it is refused, counts
    as missing, or counts as rare. A rare level belongs to the last level if that stands for all
    rare levels. Otherwise it has its own probability :math:`u`,

    .. math:: u = \frac{N_1 + 1 / 2}{N + 1}

    where :math:`N_1` of the :math:`N` cells of the fit are the only cells of their level. The
    fraction of such cells is the Good-Turing estimate. The terms :math:`1 / 2` and 1 are those of
    the Krichevsky-Trofimov estimate, which is never zero. The levels of the fit share the rest,
    :math:`1 - u`, so that all probabilities sum to one. Booleans are never new.

    Arguments:
        name: The column's name, for messages.
        limit: The maximum number of levels that the model distinguishes.
        unknown: `"error"`, `"missing"` or `"rare"`.

    Example:
        >>> import pandas as pd
        >>> column = LevelColumn("kind").fit(pd.Series(["b", "a", "b", None]))
        >>> column.encode(pd.Series(["a", None, "b"])).tolist()
        [1.0, nan, 0.0]
        >>> column.decode(np.array([0.0, 1.0])).tolist()
        ['b', 'a']
        >>> column.encode(pd.Series(["z"])).tolist(), round(column.new_mass, 3)
        ([-1.0], 0.375)
    """

    dtype_: str
    categories_: dict[str, Any] | None
    ordered_: bool
    levels_: list[str | bool | int | float]
    counts_: list[int]
    constant_: bool

    def __init__(self, name: str | int, limit: int = 200, unknown: str = "rare") -> None:
        self.name = name
        self.limit = limit
        self.unknown = unknown

    def fit(self, cells: Any) -> "LevelColumn":
        r"""Learns the type and the levels of a column.

        Raises:
            ValueError: If a level is not text, a number or a boolean.
        """
        import pandas as pd

        self.dtype_ = name_of_cells(cells)
        dtype = words_of(cells).dtype
        declared = [False, True] if dtype.kind == "b" else [*getattr(dtype, "categories", [])]
        declared = [*map(plain, declared)]
        self.categories_ = None

        if dtype == "category":
            try:
                self.categories_ = categories_of(open_cells(cells).cat.categories)
            except ValueError as error:
                raise ValueError(f"column {self.name!r}: {error}") from None

        self.ordered_ = bool(getattr(dtype, "ordered", False))
        cells = words_of(cells)

        try:
            codes, levels = pd.factorize(cells)
        except TypeError as error:
            wrong = next(filter(_is_unhashable, cells), error)
            raise ValueError(f"column {self.name!r}: {no_use(wrong)}") from None

        counts = np.bincount(codes[codes >= 0], minlength=len(levels))
        frequency = dict.fromkeys(declared, 0)
        frequency |= dict(zip(map(plain, levels), counts.tolist()))
        wrong = [level for level in frequency if not isinstance(level, (str, bool, int, float))]

        if wrong:
            raise ValueError(f"column {self.name!r}: {no_use(wrong[0])}")

        self.levels_ = sorted(frequency, key=lambda level: -frequency[level])
        self.counts_ = [frequency[level] for level in self.levels_]
        self.constant_ = self.counts_[:1] == [len(cells)]

        if len(self.levels_) > self.limit:
            names = self.counts_.count(1) > 0.9 * sum(self.counts_)
            log.info(
                "column %r has %s levels; all but the %s most frequent are one level.%s",
                *(self.name, f"{len(self.levels_):,}", self.limit),
                " It tells rows apart and says little about them; leave it out." * names,
            )

        return self

    def check_learned(self) -> None:
        check_agreement(
            type(self),
            counts_=len(self.counts_) == len(self.levels_) and min([0, *self.counts_]) >= 0,
            levels_=self.limit >= 1 and len({*self.levels_}) == len(self.levels_),
        )

    @property
    def size(self) -> int:
        r"""Number of levels that the model sees, at least one."""
        return max(1, min(len(self.levels_), self.limit + 1))

    @property
    def rare(self) -> bool:
        r"""Tell whether the last level of the model stands for all rare levels."""
        return len(self.levels_) > self.limit

    @property
    def is_truth(self) -> bool:
        r"""Tell whether the levels are both booleans, so that no other level is possible."""
        return {True, False} == {*self.levels_} and all(isinstance(v, bool) for v in self.levels_)

    @property
    def new_mass(self) -> float:
        r"""The probability of a level that is new; zero if it counts as another level.

        In a constant column, every other level is new.
        """
        known = (self.rare or self.is_truth) and not self.constant_

        if self.unknown != "rare" or known:
            return 0.0

        return (self.counts_.count(1) + 0.5) / (sum(self.counts_) + 1)

    def is_new(self, index: Any) -> Any:
        r"""Tell which numbers of `encode` stand for levels that the fit did not see."""
        return (index != 0) & (index == index) if self.constant_ else index == NEW_LEVEL

    @property
    def is_text(self) -> bool:
        r"""Tell whether all levels are text that does not stand for dates or durations."""
        dates = self.categories_ is not None and "unit" in self.categories_
        return not dates and all(isinstance(level, str) for level in self.levels_)

    def encode(self, cells: Any) -> NDArray:
        r"""Returns the numbers of the levels of cells, with NaN for a missing cell.

        A level that was not in the fit has NaN if `unknown` is `"missing"`. Otherwise it has the
        number of the rare levels, or -1 if there is no such number.

        Raises:
            ValueError: If such a level is refused; the message names the row.
        """
        import pandas as pd

        cells = words_of(cells)
        codes, levels = pd.factorize(cells)
        index = np.array([*self._find(levels), -1])[codes].astype(float)
        new = (index < 0) & (codes >= 0)
        index[codes < 0] = np.nan

        if new.any():
            rows = np.flatnonzero(new)
            self._report_new(
                plain(levels[codes[rows[0]]]), locate_cell(cells, rows[0]), len(rows), len(cells)
            )
            index[new] = (
                np.nan if self.unknown == "missing" else self.limit if self.rare else NEW_LEVEL
            )

        return index

    def decode(self, index: NDArray) -> Any:
        r"""Returns the levels of numbers, as cells of the type of the fit."""
        import pandas as pd

        levels = np.array([*self.levels_, None], dtype=object)
        at = np.where(np.isnan(index), len(self.levels_), np.nan_to_num(index)).astype(int)
        cells = pd.Series(levels[np.minimum(at, len(self.levels_))], dtype=object)

        if self.categories_ is None:
            return close(cells, self.dtype_)

        categories = category_index(self.categories_)

        if self.dtype_ != "category":
            return close(cells, self.dtype_, categories)

        known = {word(category): k for k, category in enumerate(categories)}
        codes = [known.get(level, -1) for level in cells]
        return pd.Series(pd.Categorical.from_codes(codes, categories, self.ordered_))

    def to_numeric(self, cells: Any) -> NDArray:
        r"""Returns the numbers of `encode` for plots, with NaN for a new level."""
        index = self.encode(cells)
        return np.where(index < 0, np.nan, index)

    def given(self, cell: Any) -> Any:
        r"""Returns the level that is given for new rows. Text is converted.

        Raises:
            ValueError: If the fit has no such level, because nothing is known about such rows.
        """
        (k,) = self._find([cell])

        if k < 0:
            raise ValueError(
                f"column {self.name!r}: {plain(cell)!r} is not a level of the fit"
                f" ({self._levels()})."
            )

        if self.categories_ is None:
            return self.levels_[k]

        return plain(self.decode(np.array([float(k)])).iloc[0])  # such as an interval

    def _find(self, cells: Iterable[Any]) -> list[int]:
        r"""Returns the numbers of levels, which may be given as text; -1 for unknown levels."""
        known = {level: k for k, level in enumerate(self.levels_)}
        words = {str(level): k for level, k in known.items()}
        truths = {word.lower(): k for word, k in words.items() if word.lower() in _BOOLEANS}

        def find(cell: Any) -> int:
            word = str(cell)
            return known.get(cell, words.get(word, truths.get(word.lower(), -1)))

        return [find(plain(cell)) for cell in cells]

    def _levels(self) -> str:
        return ", ".join(map(repr, self.levels_[:10])) + ", ..." * (len(self.levels_) > 10)

    def _report_new(self, level: Any, where: str, n: int, of: int) -> None:
        r"""Warns about cells with levels that were not in the fit, and names the first.

        Raises:
            ValueError: If such levels are refused.
        """
        if self.unknown == "error" or self.is_truth:
            way = (
                ""
                if self.is_truth
                else " Correct the cell, or fit with MixedTables(unknown='rare') or 'missing' to"
                " accept such rows (command line: --modality MixedTables --modality.unknown rare)."
            )
            raise ValueError(
                f"column {self.name!r}: {level!r} in {where} is not a level of the fit"
                f" ({self._levels()}).{way}"
            )

        log.warning(
            "column %r: %d of %d cells have levels that were not in the fit, the first %r in %s;"
            " they are taken as %s. MixedTables(unknown='error') refuses them (command line:"
            " --modality MixedTables --modality.unknown error).",
            *(self.name, n, of, level, where, self.unknown),
        )

    def draw_rare(self, n: int) -> NDArray:
        r"""Draws rare levels by their frequency, as indices among the rare levels."""
        weights = torch.tensor(self.counts_[self.limit :], dtype=torch.float64)
        weights = weights if weights.sum() > 0 else torch.ones_like(weights)

        return torch.multinomial(weights, n, replacement=True).numpy()


def _is_unhashable(cell: Any) -> bool:
    try:
        hash(cell)
    except TypeError:
        return True

    return False
