r"""Rows of mixed columns with missing cells."""

__all__ = ["MixedTables"]

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Sequence_
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, Independent, constraints
from torch.distributions.constraints import Constraint

from ...common.type_checks import check_agreement
from ...corruptions import Compose, Masking
from ...corruptions.base import flatten
from ...data import (
    TableFormat,
    holds_frame,
    is_frame,
    names_of,
    read_frame,
    table_suffix,
    to_pandas,
)
from ...data.tabular.libraries import library_of, native_types
from ...distributions import Family, MixedColumns
from ...networks import FullyConnected, Network
from ..base import Modality, warn_of_constants
from ..capabilities import (
    Adaptive,
    CellDecomposable,
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
from ..columns import UNKNOWN, Column, DateColumn, LevelColumn, NumberColumn, describe_column
from ..columns.containers import contain
from ..columns.dtypes import missing
from .filling import fill_column
from .gaps import Gaps
from .hidden_cells import HiddenCells, slots_of

log = logging.getLogger(__name__)

_NAMED = 12  # columns in a line of the log
_SCALE_OF_ERRORS = 0.3  # squared errors of scores against wrong levels


class MixedTables(
    Modality,
    NonNumeric,
    Readable,
    TableReadable,
    Tabular,
    NonlinearScale,
    CellDecomposable,
    Conditionable,
    ErrorWeighted,
    Adaptive,
    Subsettable,
):
    r"""Data frames with columns of numbers, truth values, text, categories and dates.

    Any cell may be missing. The networks see each row as a vector of three parts: the normal
    scores of numbers and dates, with zero for a missing one; an indicator of each of these cells,
    which is zero if it is missing; and an indicator of each level of a category, all zero if the
    cell is missing. Results are data frames of pandas with the same columns, types and ranges. A
    column that is constant and never missing is not part of the vector, and comes back as it was.

    Densities of numbers are in the user's units, and those of dates are per day: the slope of the
    map to :class:`~autoencode.modalities.normal_scores.NormalScores` converts them. A number that
    many rows share has a probability instead. All rare levels count as one level. Squared errors
    are those of scores and indicators, since columns share no unit.

    Arguments:
        levels: The number of levels of a category that the model tells apart. All rarer levels
            are one level, and new examples have each of them by its frequency.
        unknown: The treatment of a level that the fit did not see: `"error"` refuses it,
            `"missing"` takes the cell as missing, and `"rare"` gives it a small probability, see
            :class:`~autoencode.modalities.columns.LevelColumn`. The networks then see a missing
            cell, or the level that stands for all rare ones.

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

    columns_: list[Column]
    gaps_: Gaps
    library_: str
    natives_: dict[str, str]

    def __init__(
        self, levels: int = 200, unknown: Literal["error", "missing", "rare"] = "rare"
    ) -> None:
        self.levels = levels
        self.unknown = unknown
        self._of_all: MixedTables | None = None

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
        return {c.name: kind for c in columns if (kind := _file_kind(c))}

    def for_subset(self) -> "MixedTables":
        part = self.clone()
        part._of_all = self  # a part may lack levels and types, and have other constants
        return part

    def clone(self) -> "MixedTables":
        clone = super().clone()
        clone._of_all = self._of_all
        return clone

    def __sklearn_clone__(self) -> "MixedTables":
        return self.clone()

    def fit(self, X: Any, support: Constraint = constraints.real) -> "MixedTables":
        if self._of_all is not None:
            vars(self).update({k: v for k, v in vars(self._of_all).items() if k.endswith("_")})
            return self

        self.library_, self.natives_ = library_of(X), native_types(X)
        X = _frame(X)

        if not isinstance(self.levels, int) or self.levels < 1:
            raise ValueError(f"expected levels as an integer >= 1, got {self.levels!r}.")

        if self.unknown not in UNKNOWN:
            raise ValueError(f"expected unknown out of {[*UNKNOWN]}, got {self.unknown!r}.")

        if 0 in X.shape:
            raise ValueError(f"expected a table with rows and columns, got shape {X.shape}.")

        names = [name.item() if isinstance(name, np.generic) else name for name in X.columns]

        if wrong := [name for name in names if not isinstance(name, (str, int))]:
            raise ValueError(f"expected columns with names of text or numbers, got {wrong}.")

        self.columns_ = [describe_column(n, X[n], self.levels, self.unknown) for n in names]
        self.shape_ = (2 * len(self._numbers()) + sum(self._sizes()),)
        self.gaps_ = Gaps().fit(np.stack([~missing(X[n]) for n in names], axis=1))
        log.info("columns as read: %s.", _told(self.columns_))

        return self

    def check_learned(self) -> None:
        n, names = len(self.columns_), {column.name for column in self.columns_}
        check_agreement(
            type(self),
            columns_=len(names) == n > 0,
            gaps_=len(self.gaps_.rest_) == n,
            shape_=self.shape_ == (2 * len(self._numbers()) + sum(self._sizes()),),
        )

    def load(self, X: Any) -> Tensor:
        X = _frame(X)
        names = {column.name: column for column in self.columns_}  # found without a search
        gone = [name for name in names if name not in X.columns]
        new = [name for name in X.columns if name not in names]

        if gone or new:
            what = [f"{gone} have vanished"] * bool(gone) + [f"{new} are new"] * bool(new)
            raise ValueError(f"expected the columns of the fit: {' and '.join(what)}.")

        if len(X) == 0:
            raise ValueError("expected at least one row, got none.")

        x = np.empty((len(X), len(names)), np.float32)

        for j, column in enumerate(self.columns_):
            x[:, j] = column.encode(X[column.name])

        seen = self._seen()
        ignored = {n: j for j, n in enumerate(names) if j not in seen and not _is_open(names[n])}
        changed = [n for n, j in ignored.items() if np.nan_to_num(x[:, j]).any()]
        warn_of_constants([repr(name) for name in changed])

        return torch.from_numpy(x)

    def normalize(self, x: Tensor) -> Tensor:
        t, index = x[:, self._numbers()], x[:, self._levels()]
        there, sizes = ~t.isnan(), self._sizes()
        last = torch.tensor(sizes, dtype=x.dtype, device=x.device) - 1
        first = torch.tensor([0, *sizes[:-1]], device=x.device).cumsum(0)[: len(sizes)]
        slots = torch.minimum(index.nan_to_num().clamp(min=0), last).long() + first
        known = (index >= 0).to(x)  # neither missing nor new
        indicators = x.new_zeros(len(x), sum(sizes)).scatter(1, slots, known)

        return torch.cat([t.nan_to_num(), there.to(x), indicators], dim=1).float()

    def restore(self, x: Tensor) -> Any:
        return self._restored(x, lambda column, t: column.decode(t))

    def mean(self, p: Distribution) -> Tensor:
        x = p.mean
        return self.mean_given(p, torch.zeros_like(x))

    def mean_given(self, p: Distribution, x: Tensor) -> Tensor:
        r"""Returns means of missing cells, those of numbers in their own units.

        They have double precision.

        .. math:: \mathbb{E}[v(t)], \qquad t \sim \mathcal{N}(\mu, \sigma^2)

        The map from scores to numbers is curved. The mean therefore differs from the number of
        the mean score, which is the median. See
        :meth:`~autoencode.modalities.normal_scores.NormalScores.mean`.
        """
        mean, scored = p.mean.double(), self._scored()
        n = len(scored)
        loc, scale = (t[..., :n].double().cpu().numpy() for t in (p.mean, p.stddev))

        for j, column in enumerate(scored):
            rows = np.flatnonzero((x[:, n + j] == 0).cpu().numpy())

            if len(rows):
                a, b = loc[..., rows, j], scale[..., rows, j]
                values = column.scores_.mean(a.ravel(), b.ravel()).reshape(a.shape)
                mean[..., torch.from_numpy(rows), j] = torch.from_numpy(values).to(mean)

        return mean

    def restore_new(self, x: Tensor) -> Any:
        return self.restore(x)

    def restore_mean(self, x: Tensor) -> Any:
        return self._restored(x, lambda column, v: column.cells(v))

    def returned(self, R: Any, X: Any = None) -> Any:
        declared = {
            str(c.name): c.categories_["values"]
            for c in self.columns_
            if isinstance(c, LevelColumn) and c.categories_ and "values" in c.categories_
        }
        return contain(R, X, self.library_, self.natives_, declared)

    def hide(self, x: Tensor) -> Tensor:
        numbers, levels = self._numbers(), self._levels()
        gone = self.gaps_.draw(len(x))[:, [*numbers, *levels]].to(x.device)
        return x * ~gone[:, slots_of(len(numbers), self._sizes())]

    def network(self) -> Network:
        return FullyConnected(skip=True)

    def deterministic_likelihood(self) -> Family:
        return self._likelihood(_SCALE_OF_ERRORS)

    def likelihood(self) -> Family:
        return self._likelihood()

    def _likelihood(self, fixed_scale: float | None = None) -> Family:
        numbers = self._scored()
        scales = tuple(column.scores_.scale_ for column in numbers)
        shared = tuple(column.scores_.intervals() for column in numbers)

        return MixedColumns(scales, tuple(self._sizes()), shared, fixed_scale)

    def draw(self, p: Distribution) -> Tensor:
        r"""Draws rows. The indicator of a rare level is one plus its place among the rare ones."""
        x = p.sample()
        end = 2 * len(self._numbers())

        for j, size in zip(self._levels(), self._sizes()):
            end += size
            column = self.columns_[j]

            if isinstance(column, LevelColumn) and len(column.levels_) > column.limit:
                rare = x[:, end - 1] > 0
                drawn = column.draw_rare(len(x))
                x[:, end - 1] += rare * torch.from_numpy(drawn).to(x)

        return x

    def adapt_likelihood(self, likelihood: Family) -> Family:
        if not isinstance(likelihood, MixedColumns):
            raise ValueError(
                f"tables of mixed columns have a likelihood for each column, got {likelihood!r}."
                " Leave it out, or give numbers alone, without missing cells."
            )

        return likelihood

    def log_unit(self, x: Tensor) -> Tensor:
        numbers = self._scored()
        n = len(numbers)
        t, there = x[:, :n].double().cpu().numpy(), x[:, n : 2 * n].double().cpu()
        slopes = [column.scores_.log_slope(t[:, j]) for j, column in enumerate(numbers)]
        total = torch.from_numpy(np.stack([np.zeros(len(t)), *slopes], axis=1))[:, 1:]

        return (there * total).sum(dim=1).to(x.device)

    def log_mass(self, x: Tensor) -> Tensor:
        new, mass = self.is_new(x), x.new_zeros(x.shape, dtype=torch.float64)

        for j, column in enumerate(self.columns_):
            if isinstance(column, LevelColumn) and (u := column.new_mass) > 0:
                mass[:, j] = torch.where(new[:, j], math.log(u), math.log1p(-u))

        return mass.where(~x.isnan(), 0.0)

    def is_new(self, x: Tensor) -> Tensor:
        new = torch.zeros_like(x, dtype=torch.bool)

        for j, column in enumerate(self.columns_):
            if isinstance(column, LevelColumn):
                new[:, j] = column.is_new(x[:, j])

        return new

    def cells(self, x: Tensor, p: Distribution) -> Tensor:
        row: Any = p.base_dist if isinstance(p, Independent) else p
        ll = row.cells(x)
        return self.per_column(torch.where(self.there(x), ll, torch.nan))

    def per_column(self, cells: Tensor) -> Tensor:
        r"""Returns numbers of cells in the order of the columns, with zero for constants.

        Arguments:
            cells: Numbers in the order of the vector, with shape `(*, F)`.
        """
        every = cells.new_zeros(*cells.shape[:-1], len(self.columns_))
        every[..., [*self._numbers(), *self._levels()]] = cells

        return every

    def known(self, x: Tensor) -> Tensor:
        return self.there(x)[:, slots_of(len(self._numbers()), self._sizes())]

    @property
    def n_numbers(self) -> int:
        r"""Number of columns with scores; as many indicators mark observed cells."""
        return len(self._numbers())

    def unseen(self, t: Tensor) -> Tensor:
        r"""Returns the surprisal of cells that networks cannot see, less its expected value.

        .. math:: -\log u - \mathbb{H}(u) \text{ of what is new, and }
            -\log(1 - u) - \mathbb{H}(u) \text{ of others}

        A level that the fit did not see is new, see :meth:`log_mass`. In a constant column any
        other cell is new, with :math:`u = 1 / (2N + 2)`. If many rows share the numbers of a
        column, a number that was never seen is as rare as one row.

        Arguments:
            t: The rows, as `load` returned them, with shape `(N, columns)`.
        """
        new, missing = self.is_new(t), t.isnan()
        found = t.new_zeros(t.shape, dtype=torch.float64)

        for j, column in enumerate(self.columns_):
            if isinstance(column, LevelColumn):
                u, is_new = column.new_mass, new[:, j]
            elif column.constant_:
                u, is_new = 0.5 / (column.scores_.rows_ + 1), t[:, j] != 0
            else:
                found[:, j] = torch.from_numpy(column.scores_.log_unseen(t[:, j].double().numpy()))
                continue

            if u > 0:
                entropy = -u * math.log(u) - (1 - u) * math.log1p(-u)
                found[:, j] = -torch.where(is_new, math.log(u), math.log1p(-u)) - entropy

        return found.masked_fill(missing, 0.0)

    def has_density(self) -> list[bool]:
        return [
            not isinstance(column, LevelColumn)
            and not column.constant_
            and not column.scores_.intervals()
            for column in self.columns_
        ]

    def mask_each_cell(self, x: Tensor) -> Iterator[Tensor]:
        slots = torch.tensor(slots_of(len(self._numbers()), self._sizes()), device=x.device)

        order = {j: k for k, j in enumerate([*self._numbers(), *self._levels()])}

        for j in range(len(self.columns_)):
            yield x * (slots != order.get(j, -1))

    def template(self, given: Mapping[Any, Any], n: int = 1) -> Any:
        import pandas as pd

        known = {column.name: column for column in self.columns_}

        if not isinstance(given, Mapping):
            raise ValueError(
                f"expected given cells by column, as in {{'kind': 'a'}}, got {given!r}."
            )

        if not given or not given.keys() <= known.keys():
            raise ValueError(f"expected given cells of the columns {[*known]}, got {[*given]}.")

        if several := [name for name, cell in given.items() if not pd.api.types.is_scalar(cell)]:
            raise ValueError(f"expected one given cell for a column, got several for {several}.")

        if missing := [name for name, cell in given.items() if pd.isna(cell)]:
            raise ValueError(f"expected given cells, got none for {missing}.")

        cells = {name: known[name].given(cell) for name, cell in given.items()}
        return pd.DataFrame({c: pd.Series([cells.get(c)] * n, dtype=object) for c in known})

    def fill(self, X: Any, R: Any) -> Any:
        X = _frame(X)
        filled = {}

        for name in X.columns:
            filled[name] = fill_column(X[name], R[name].set_axis(X.index))

        return type(X)(filled, index=X.index)

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        scale = torch.tensor([1] * len(self._numbers()) + self._sizes(), device=x.device)
        residual = (x - p.mean).square()
        n = len(self._numbers())
        residual = torch.cat([residual[:, :n], residual[:, 2 * n :]], dim=1)
        there = self.there(x).repeat_interleave(scale, dim=1)

        return (there * residual).sum(dim=1, dtype=torch.float64)

    def split_corruption(
        self, corruption: Callable[[Tensor], Tensor]
    ) -> tuple[None, Callable[[Tensor], Tensor]]:
        without_text_corruptions(self, corruption)
        numbers, sizes = len(self._numbers()), tuple(self._sizes())

        return None, Compose(
            [
                HiddenCells(part.fraction, numbers, sizes) if isinstance(part, Masking) else part
                for part in flatten(corruption)
            ]
        )

    def scaled_error(self, x: Tensor, p: Distribution) -> Tensor:
        return self.error(x, p)

    def to_numeric(self, X: Any) -> NDArray:
        X = _frame(X)
        return np.stack([column.to_numeric(X[column.name]) for column in self.columns_], axis=1)

    def _restored(self, x: Tensor, cells_of: Callable[[Any, NDArray], Any]) -> Any:
        r"""Returns vectors as a data frame. The function makes cells of numbers."""
        import pandas as pd

        x = x.double().cpu()
        n = len(self._numbers())
        t = torch.where(x[:, n : 2 * n] > 0.5, x[:, :n], torch.nan).numpy()
        cells = dict(zip(self._numbers(), t.T))

        for j, part in zip(self._levels(), x[:, 2 * n :].split(self._sizes(), dim=1)):
            most, index = part.max(dim=1)
            index = index + (most - 1).round().clamp(min=0)  # see `draw`
            cells[j] = torch.where(most > 0, index, torch.nan).numpy()

        first = np.zeros(len(x))  # the score or level of a constant
        decoded = {}

        for j, column in enumerate(self.columns_):
            if j in cells and not isinstance(column, LevelColumn):
                decoded[column.name] = cells_of(column, cells[j])
            else:
                decoded[column.name] = column.decode(cells.get(j, first))

        return pd.DataFrame(decoded, index=pd.RangeIndex(len(x)))

    def there(self, x: Tensor) -> Tensor:
        n = len(self._numbers())
        parts = x[:, 2 * n :].split(self._sizes(), dim=1) if self._sizes() else ()
        levels = [part.sum(dim=1, keepdim=True) > 0 for part in parts]

        return torch.cat([x[:, n : 2 * n] > 0, *levels], dim=1)

    def _seen(self) -> list[int]:
        r"""Returns the columns that the networks see: those that vary, or all if none varies."""
        varying = [j for j, c in enumerate(self.columns_) if not c.constant_]
        return varying or [*range(len(self.columns_))]

    def _numbers(self) -> list[int]:
        return [j for j in self._seen() if not isinstance(self.columns_[j], LevelColumn)]

    def _scored(self) -> list[NumberColumn | DateColumn]:
        columns = [self.columns_[j] for j in self._seen()]
        return [c for c in columns if not isinstance(c, LevelColumn)]

    def _levels(self) -> list[int]:
        return [j for j in self._seen() if isinstance(self.columns_[j], LevelColumn)]

    def _sizes(self) -> list[int]:
        columns = [self.columns_[j] for j in self._seen()]
        return [c.size for c in columns if isinstance(c, LevelColumn)]


def _file_kind(column: Column) -> str | None:
    r"""Returns the kind of a column in a file, if all of its cells are of one kind."""
    if isinstance(column, DateColumn):
        return "date"

    if isinstance(column, LevelColumn):
        truths = bool(column.levels_) and all(isinstance(v, bool) for v in column.levels_)
        return "text" if column.is_text else "truth" if truths else None

    return "float" if column.dtype_.lower().startswith(("float", "double")) else "number"


def _is_open(column: Column) -> bool:
    r"""Tell whether a column has a probability for levels that the fit did not see."""
    return isinstance(column, LevelColumn) and column.new_mass > 0


def _told(columns: Sequence_[Column]) -> str:
    r"""Returns the kinds and grids of the columns, for the log."""

    def told(column: Column) -> str:
        if column.constant_:
            return "constant"

        return f"{len(column.levels_)} levels" if isinstance(column, LevelColumn) else column.grid

    more = f"; and {len(columns) - _NAMED:,} more" * (len(columns) > _NAMED)
    return "; ".join(f"{c.name!r} {told(c)}" for c in columns[:_NAMED]) + more


def _frame(X: Any) -> Any:
    r"""Returns a data frame of pandas."""
    if not is_frame(X):
        raise ValueError(f"expected a data frame, as in the fit, got {type(X).__name__}.")

    names_of(X)  # raises if two are the same
    return to_pandas(X)
