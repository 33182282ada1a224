r"""Columns of categories."""

__all__ = ["LevelColumn"]

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...configurable import Configurable
from ...data import place
from .cells import plain

log = logging.getLogger(__name__)

_TRUTHS = {"true", "false"}


class LevelColumn(Configurable):
    r"""Categories: text, truth values, or whatever stands in a categorical column.

    Levels are numbered by their frequency. Rare ones beyond a limit are one level to the
    model, the last; what comes back for it is one of them.

    Arguments:
        name: The column's name, for messages.
        limit: How many levels have a number of their own in the model.

    Example:
        >>> import pandas as pd
        >>> column = LevelColumn("kind").fit(pd.Series(["b", "a", "b", None]))
        >>> column.encode(pd.Series(["a", None, "b"])).tolist()
        [1.0, nan, 0.0]
        >>> column.decode(np.array([0.0, 1.0])).tolist()
        ['b', 'a']
    """

    dtype_: str
    categories_: list[str | bool | int | float]
    ordered_: bool
    levels_: list[str | bool | int | float]
    counts_: list[int]

    def __init__(self, name: str | int, limit: int = 200) -> None:
        self.name = name
        self.limit = limit

    def fit(self, cells: Any) -> "LevelColumn":
        r"""Learns the type and the levels of a column.

        Raises:
            ValueError: If levels are neither text nor numbers nor truth values.
        """
        import pandas as pd

        self.dtype_ = str(cells.dtype)
        declared = [*getattr(cells.dtype, "categories", [])]
        declared = [False, True] if cells.dtype.kind == "b" else [*map(plain, declared)]

        try:
            codes, found = pd.factorize(cells)
        except TypeError as error:
            raise ValueError(f"column {self.name!r}: expected text or numbers, {error}.") from None

        counts = np.bincount(codes[codes >= 0], minlength=len(found))
        frequency = dict.fromkeys(declared, 0)
        frequency |= dict(zip(map(plain, found), counts.tolist()))
        wrong = [level for level in frequency if not isinstance(level, (str, bool, int, float))]

        if wrong:
            raise ValueError(
                f"column {self.name!r}: expected text, numbers or dates, got"
                f" {type(wrong[0]).__name__} {wrong[0]!r}. Turn it into text, or drop it."
            )

        self.categories_ = declared
        self.ordered_ = bool(getattr(cells.dtype, "ordered", False))
        self.levels_ = sorted(frequency, key=lambda level: -frequency[level])
        self.counts_ = [frequency[level] for level in self.levels_]
        self.constant_ = self.counts_[:1] == [len(cells)]

        if len(self.levels_) > self.limit:
            names = self.counts_.count(1) > 0.9 * sum(self.counts_)
            log.info(
                "column %r has %s levels; all but the %s most frequent are one to the model.%s",
                *(self.name, f"{len(self.levels_):,}", self.limit),
                " It tells rows apart and says nothing of them; better leave it out." * names,
            )

        return self

    @property
    def size(self) -> int:
        r"""How many levels the model sees, at least one."""
        return max(1, min(len(self.levels_), self.limit + 1))

    @property
    def is_text(self) -> bool:
        r"""Whether all levels are text."""
        return all(isinstance(level, str) for level in self.levels_)

    def encode(self, cells: Any) -> NDArray:
        r"""Returns the numbers of the levels of cells, NaN where one is missing.

        Raises:
            ValueError: If there is a level that was not in the fit, naming the row.
        """
        import pandas as pd

        codes, found = pd.factorize(cells)
        index = np.array([*self._find(found), -1])[codes]
        wrong = np.flatnonzero((index < 0) & (codes >= 0))

        if len(wrong):
            levels = ", ".join(map(repr, self.levels_[:10])) + ", ..." * (len(self.levels_) > 10)
            level = plain(found[codes[wrong[0]]])
            raise ValueError(
                f"column {self.name!r}: {level!r} in {place(cells, wrong[0])} is no level of the"
                f" fit ({levels})."
            )

        return np.where(codes < 0, np.nan, index)

    def decode(self, index: NDArray) -> Any:
        r"""Returns the levels of numbers, as cells of the type of the fit."""
        import pandas as pd

        levels = np.array([*self.levels_, None], dtype=object)
        at = np.where(np.isnan(index), len(self.levels_), np.nan_to_num(index)).astype(int)
        cells = pd.Series(levels[np.minimum(at, len(self.levels_))], dtype=object)

        if self.dtype_ == "category":
            return cells.astype(pd.CategoricalDtype(self.categories_, self.ordered_))

        lost = self.dtype_ == "bool" and cells.isna().any()
        return cells if lost else cells.astype(self.dtype_)

    def numbers(self, cells: Any) -> NDArray:
        r"""Returns what `encode` does, to draw."""
        return self.encode(cells)

    def given(self, cell: Any) -> Any:
        r"""Returns the level that new rows shall have, which may be given by a word for it."""
        (k,) = self._find([cell])
        return cell if k < 0 else self.levels_[k]

    def _find(self, cells: Iterable[Any]) -> list[int]:
        r"""Returns the numbers of levels, known by themselves or a word for them, -1 of others."""
        known = {level: k for k, level in enumerate(self.levels_)}
        words = {str(level): k for level, k in known.items()}
        truths = {word.lower(): k for word, k in words.items() if word.lower() in _TRUTHS}

        def find(cell: Any) -> int:
            word = str(cell)
            return known.get(cell, words.get(word, truths.get(word.lower(), -1)))

        return [find(plain(cell)) for cell in cells]

    def draw_rare(self, n: int) -> NDArray:
        r"""Draws rare levels by their frequency: how far each is behind the most frequent."""
        weights = torch.tensor(self.counts_[self.limit :], dtype=torch.float64)
        weights = weights if weights.sum() > 0 else torch.ones_like(weights)

        return torch.multinomial(weights, n, replacement=True).numpy()
