r"""Rows of mixed columns with missing cells."""

__all__ = ["MixedTables"]

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ...common.checks.types import check_agreement
from ...corruptions import Compose, Masking
from ...corruptions.base import flatten
from ...data import (
    TableFormat,
    holds_frame,
    is_frame,
    read_frame,
    table_suffix,
)
from ...data.tabular.libraries import library_of, native_types
from ...distributions import Family, MixedColumns
from ...networks import FullyConnected, Network
from ..base import Modality, warn_of_constants
from ..capabilities import (
    Adaptive,
    Conditionable,
    ErrorWeighted,
    NonlinearScale,
    NonNumeric,
    Readable,
    Subsettable,
    TableReadable,
    Tabular,
)
from ..capabilities.fitting import without_text_corruptions
from ..columns import UNKNOWN, LevelColumn, describe_column
from ..columns.containers import contain
from ..columns.dtypes import missing
from ..columns.exclusive import are_groups
from ..columns.flags import draw_exclusive
from .cells import MixedCells, check_column_names, to_frame
from .conditions import template_of
from .decoding import decode_rows, draw_rows
from .descriptions import describe, kind_in_file
from .exported import ExportedFrames
from .flags import flags_of, groups_of
from .gaps import Gaps
from .hidden_cells import HiddenCells
from .lattice_cells import LatticeCells
from .new_cells import has_open_levels
from .scores import decoded_again, log_unit

log = logging.getLogger(__name__)

_ERROR_SCALE = 0.3  # standard deviation that weights errors of scores against wrong levels


class MixedTables(
    Modality,
    NonNumeric,
    Readable,
    TableReadable,
    Tabular,
    NonlinearScale,
    MixedCells,
    ExportedFrames,
    LatticeCells,
    Conditionable,
    ErrorWeighted,
    Adaptive,
    Subsettable,
):
    r"""Data frames with columns of numbers, booleans, text, categories and dates.

    Any cell may be missing. The networks see each row as a vector of three parts: the normal
    scores of numbers and dates, with zero for a missing one; an indicator of each of these cells,
    which is zero if it is missing; and an indicator of each level of a category, all zero if the
    cell is missing. Results are pandas frames with the same columns, types and ranges. A column
    that is constant and never missing is not part of the vector, and comes back unchanged.

    Densities of numbers are in the user's units, and those of dates are per day: the slope of the
    map to :class:`~autoencode.modalities.normal_scores.NormalScores` converts them. A number that
    many rows share has a probability instead. All rare levels count as one level. Squared errors
    are computed from scores and indicators, because columns have different units.

    Arguments:
        max_levels: The maximum number of levels of a category that the model distinguishes. All
            rarer levels count as one, and new examples have each of them by its frequency.
        unknown: The treatment of a level that the fit did not see. `"error"` refuses it,
            `"missing"` takes the cell for missing, and `"rare"` gives it a small probability, see
            :class:`~autoencode.modalities.columns.LevelColumn`; the networks then see a missing
            cell, or the level that stands for all rare levels.

    See Also:
        :class:`~autoencode.modalities.Tables`, :class:`~autoencode.distributions.MixedColumns`

    Example:
        >>> import pandas as pd
        >>> X = pd.DataFrame({"size": [1.5, None, 2.5], "kind": ["a", "b", "a"]})
        >>> frames = MixedTables().fit(X)
        >>> x = frames.normalize(frames.load(X))
        >>> x
        tensor([[-0.6745,  1.0000,  1.0000,  0.0000],
                [ 0.0000,  0.0000,  0.0000,  1.0000],
                [ 0.6745,  1.0000,  1.0000,  0.0000]])
        >>> frames.restore(x)
           size kind
        0   1.5    a
        1   NaN    b
        2   2.5    a
    """

    suffixes = (".csv", ".parquet")

    gaps_: Gaps
    exclusive_: list[tuple[list[int], bool]]
    library_: str
    natives_: dict[str, str]

    def __init__(
        self, max_levels: int = 200, unknown: Literal["error", "missing", "rare"] = "rare"
    ) -> None:
        self.max_levels = max_levels
        self.unknown = unknown
        self._full_fit: MixedTables | None = None

    @classmethod
    def accepts(cls, X: object) -> bool:
        return holds_frame(X) if isinstance(X, Path) else is_frame(X)

    def read(self, path: Path) -> tuple[Any, None, None]:
        stored = self.format_ or {}

        if table_suffix(path) is None and not stored:
            raise ValueError(f"expected a table as a .csv or .parquet file, got '{path}'.")

        # A column that looks like numbers in one file may be text in another
        return read_frame(path, self.file_kinds(), TableFormat.of(stored)), None, None

    def read_table(self, path: Path, form: TableFormat) -> Any:
        return read_frame(path, self.file_kinds(), form)

    def file_kinds(self) -> dict[str | int, str]:
        columns = getattr(self, "columns_", [])
        return {c.name: kind for c in columns if (kind := kind_in_file(c))}

    def for_subset(self) -> "MixedTables":
        part = self.clone()
        part._full_fit = self  # a subset may lack levels and types, and have other constants
        return part

    def clone(self) -> "MixedTables":
        clone = super().clone()
        clone._full_fit = self._full_fit
        return clone

    def __sklearn_clone__(self) -> "MixedTables":
        return self.clone()

    def fit(self, X: Any, support: Constraint = constraints.real) -> "MixedTables":
        if self._full_fit is not None:
            vars(self).update({k: v for k, v in vars(self._full_fit).items() if k.endswith("_")})
            return self

        self.library_, self.natives_ = library_of(X), native_types(X)
        X = to_frame(X)

        if not isinstance(self.max_levels, int) or self.max_levels < 1:
            raise ValueError(f"expected max_levels as an integer >= 1, got {self.max_levels!r}.")

        if self.unknown not in UNKNOWN:
            raise ValueError(f"expected unknown as one of {[*UNKNOWN]}, got {self.unknown!r}.")

        if 0 in X.shape:
            raise ValueError(f"expected a table with rows and columns, got shape {X.shape}.")

        names = [name.item() if isinstance(name, np.generic) else name for name in X.columns]

        check_column_names(names)
        self.columns_ = [describe_column(n, X[n], self.max_levels, self.unknown) for n in names]
        self.shape_ = (self._layout().width,)
        self.gaps_ = Gaps().fit(np.stack([~missing(X[n]) for n in names], axis=1))
        log.info("columns as read: %s.", describe(self.columns_))
        self.exclusive_ = [(g.columns, g.always) for g in groups_of(self.columns_, X)]

        return self

    def check_learned(self) -> None:
        n, names = len(self.columns_), {column.name for column in self.columns_}
        check_agreement(
            type(self),
            columns_=len(names) == n > 0,
            gaps_=len(self.gaps_.rest_) == n,
            exclusive_=are_groups(self.exclusive_, flags_of(self.columns_)),
            shape_=self.shape_ == (self._layout().width,),
        )

    def load(self, X: Any) -> Tensor:
        X = to_frame(X)
        names = {column.name: column for column in self.columns_}  # faster than a search
        absent = [name for name in names if name not in X.columns]
        new = [name for name in X.columns if name not in names]

        if absent or new:
            what = [f"{absent} have vanished"] * bool(absent) + [f"{new} are new"] * bool(new)
            raise ValueError(f"expected the columns of the fit: {' and '.join(what)}.")

        if len(X) == 0:
            raise ValueError("expected at least one row, got none.")

        x = np.empty((len(X), len(names)), np.float32)

        for j, column in enumerate(self.columns_):
            x[:, j] = column.encode(X[column.name])

        seen = {*self._layout().cells}
        ignored = {
            n: j
            for j, (n, column) in enumerate(names.items())
            if j not in seen and not has_open_levels(column)
        }
        changed = [n for n, j in ignored.items() if np.nan_to_num(x[:, j]).any()]
        warn_of_constants([repr(name) for name in changed])

        return torch.from_numpy(x)

    def normalize(self, x: Tensor) -> Tensor:
        return self._layout().encode(x)

    def restore(self, x: Tensor) -> Any:
        return decode_rows(self.columns_, x, lambda column, t: column.decode(t))

    def mean(self, p: Distribution) -> Tensor:
        x = p.mean
        return self.mean_given(p, torch.zeros_like(x))

    def restore_new(self, x: Tensor) -> Any:
        return self.restore(x)

    def restore_mean(self, x: Tensor) -> Any:
        return decode_rows(self.columns_, x, lambda column, v: column.cells(v))

    def as_type_of(self, R: Any, X: Any = None) -> Any:
        declared = {
            str(c.name): c.categories_["values"]
            for c in self.columns_
            if isinstance(c, LevelColumn) and c.categories_ and "values" in c.categories_
        }
        return contain(R, X, self.library_, self.natives_, declared)

    def hide(self, x: Tensor) -> Tensor:
        layout = self._layout()
        hidden = self.gaps_.draw(len(x))[:, layout.cells].to(x.device)
        return x * ~hidden[:, layout.slots]

    def network(self) -> Network:
        return FullyConnected(skip=True)

    def deterministic_likelihood(self) -> Family:
        return self._likelihood(_ERROR_SCALE)

    def likelihood(self) -> Family:
        return self._likelihood()

    def _likelihood(self, fixed_scale: float | None = None) -> Family:
        numbers = self._scored()
        scales = tuple(column.scores_.scale_ for column in numbers)
        shared = tuple(column.scores_.intervals() for column in numbers)

        return MixedColumns(scales, tuple(self._layout().sizes), shared, fixed_scale)

    def draw(self, p: Distribution) -> Tensor:
        flags = flags_of(self.columns_) if self.exclusive_ else {}
        groups = [([flags[j] for j in columns], always) for columns, always in self.exclusive_]
        return draw_exclusive(draw_rows(self.columns_, p), p, groups)

    def adapt_likelihood(self, likelihood: Family) -> Family:
        if not isinstance(likelihood, MixedColumns):
            raise ValueError(
                f"mixed tables have a likelihood for each column, got {likelihood!r}. Leave it"
                " out, or give a table of numbers without missing cells."
            )

        return likelihood

    def log_unit(self, x: Tensor) -> Tensor:
        return log_unit(self._scored(), x)

    def template(self, given: Mapping[Any, Any], n: int = 1) -> Any:
        return template_of(self.columns_, given, n)

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        return self._layout().squared_error(x, decoded_again(self._scored(), p.mean))

    def split_corruption(
        self, corruption: Callable[[Tensor], Tensor]
    ) -> tuple[None, Callable[[Tensor], Tensor]]:
        without_text_corruptions(self, corruption)
        layout = self._layout()
        numbers, sizes = len(layout.numbers), tuple(layout.sizes)

        return None, Compose(
            [
                HiddenCells(part.fraction, numbers, sizes) if isinstance(part, Masking) else part
                for part in flatten(corruption)
            ]
        )

    def scaled_error(self, x: Tensor, p: Distribution) -> Tensor:
        return self.error(x, p)

    def to_numeric(self, X: Any) -> NDArray:
        X = to_frame(X)
        return np.stack([column.to_numeric(X[column.name]) for column in self.columns_], axis=1)
