r"""Labels of examples, joined by file name if there are names."""

__all__ = ["Labels", "read_labels"]

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import read_array
from .listing.names import first_few
from .listing.sources import check_source
from .tabular.formats import TEXTS, TableFormat, table_suffix
from .tabular.layouts import layout_of
from .tabular.parquet import open_parquet
from .tabular.text_rows import opened_text, rows_of

_FILE = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


class Labels(NamedTuple):
    r"""Labels in their original order, with the file name of each, if any."""

    values: NDArray
    names: list[str] | None
    source: str


def read_labels(
    y: Any,
    names: Sequence[str] | None = None,
    column: str | None = None,
    n: int | None = None,
) -> Labels | None:
    r"""Labels from a file, or from a mapping or series of names to labels.

    A table has a column of labels, and optionally a column of file names.

    Arguments:
        y: The path of a file, or labels by name.
        names: The names of the files of the examples, if any.
        column: The column of a table that holds the labels; by default the only other column.
        n: The number of examples, if it is known. A column of words with one more cell begins with
            its name.

    Returns:
        The labels, or `None` if `y` is something else.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the column of names or of labels is ambiguous.

    Example:
        >>> read_labels({"a.png": 1, "b.png": 0}, ["a.png"]).names
        ['a.png', 'b.png']
    """
    if isinstance(y, Labels):
        return y

    if isinstance(y, Mapping):
        if names is None:
            raise ValueError(
                "got labels by name for examples without names: give a folder or a list of files,"
                " or give the labels in the order of the examples."
            )

        return Labels(_typed([*y.values()]), [*map(str, y)], "y")

    index: Any = getattr(y, "index", None)

    if hasattr(y, "iloc") and getattr(y, "ndim", 0) == 1 and len(y) and isinstance(index[0], str):
        return Labels(np.asarray(y), [*map(str, index)], "the index of y") if names else None

    if not isinstance(y, Path) and not (isinstance(y, str) and _is_file(y)):
        return None

    path = Path(y)

    check_source(path)

    if not path.exists():
        raise FileNotFoundError(f"there is no file of labels '{path}'.")

    if table_suffix(path) not in (*TEXTS, ".parquet"):
        if column is not None:
            raise ValueError(
                f"expected a table of labels with a column '{column}', got '{path}', whose columns"
                " have no names: leave out the column (command line: --label-column)."
            )

        return Labels(_flat(read_array(path).X), None, f"'{path}'")

    return _labels_of_table(path, names, column, n)


def _labels_of_table(
    path: Path, names: Sequence[str] | None, column: str | None, n: int | None
) -> Labels:
    header, columns = _columns(path)
    source = f"'{path}'"

    if column is not None and column not in header:
        raise ValueError(f"'{path}' has no column '{column}'; it has {header}.")

    at = _column_of_names(columns, names, None if column is None else header.index(column))

    if at is None and column is not None:
        return Labels(_typed(columns[header.index(column)][1:]), None, source)

    if at is None:
        return Labels(_without_names(path, columns, names, n), None, source)

    rest = [i for i in range(len(header)) if i != at]
    chosen = rest if column is None else [header.index(column)]

    if len(chosen) != 1:
        raise ValueError(
            f"expected the name of the column of '{path}' that holds the labels, one of"
            f" {[header[i] for i in rest]}: use --labels {path.name} --label-column COLUMN on the"
            " command line, or y={name: label, ...}."
        )

    # A header is not a file name
    first = 0 if _matches([columns[at][0]], names) else 1
    return Labels(_typed(columns[chosen[0]][first:]), [*map(str, columns[at][first:])], source)


def _without_names(
    path: Path, columns: list[list[Any]], names: Sequence[str] | None, n: int | None
) -> NDArray:
    header = [str(cells[0]) for cells in columns]

    if len(columns) > 1 and names is not None:
        shown = [first_few([*map(str, some)], 3) for some in (names, columns[0][1:])]
        raise ValueError(
            f"none of the columns {header} of '{path}' holds names of the files ({shown[0]}); the"
            f" first column begins with {shown[1]}. Add a column with the file name of each"
            " label, or give labels alone, in the order of the files."
        )

    try:
        return _flat(read_array(path).X)
    except ValueError as error:
        if len(columns) > 1:
            raise ValueError(
                f"expected the name of the column of '{path}' that holds the labels, one of"
                f" {header}: use --labels {path.name} --label-column COLUMN on the command line."
                f" As numbers alone, {error}"
            ) from None

    first = 1 if n is not None and len(columns[0]) == n + 1 else 0
    return np.array([*map(str, columns[0][first:])])


def _columns(path: Path) -> tuple[list[str], list[list[Any]]]:
    r"""Returns the header and the columns of a table, which include the header."""
    if path.suffix.lower() == ".parquet":
        with open_parquet(path) as file:
            table = file.read()
            return table.column_names, [
                [n, *table.column(n).to_pylist()] for n in table.column_names
            ]

    try:
        # The names of the files decide whether the first line is a header
        layout = layout_of(path, TableFormat(header=0))
        separator = "," if layout.separator == " " else layout.separator  # labels may have spaces

        with opened_text(path, layout.encoding) as text:
            cells = rows_of(text, separator, layout.escaped, layout.spaced)
            rows = [row for line, row in cells if line > layout.skip]
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}") from None

    if not rows:
        raise ValueError(f"cannot read '{path}': it is empty.")

    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"cannot read '{path}': expected {len(rows[0])} cells in each row, got {len(row)}"
                f" in row {i + 1}."
            )

    return rows[0], [[*column] for column in zip(*rows)]


def _column_of_names(
    columns: list[list[Any]], names: Sequence[str] | None, but: int | None
) -> int | None:
    r"""Returns the index of the column with most file names, if any.

    Both labels and names of files may be numbers. Cells with a suffix are preferred as names.
    """
    if names is None or len(columns) < 2:
        return None

    some = [i for i in range(len(columns)) if i != but]
    named = [i for i in some if 2 * sum(map(_has_suffix, columns[i])) >= len(columns[i])]
    counts = {i: _matches(columns[i], names) for i in named or some}
    best = max(counts, key=lambda i: counts[i])

    if counts[best] and [*counts.values()].count(counts[best]) > 1 and not named:
        raise ValueError(
            f"cannot tell which column holds the names of the files: several columns have"
            f" {counts[best]} of them. Name the column of the labels with --labels TABLE"
            " --label-column COLUMN on the command line, or give y={name: label, ...}."
        )

    return best if counts[best] else None


def _has_suffix(cell: Any) -> bool:
    return isinstance(cell, str) and _FILE.search(cell) is not None


def _matches(cells: Sequence[Any], names: Sequence[str] | None) -> int:
    r"""Returns the number of cells that name a file, with or without folder and suffix."""
    known = {Path(_last(name)).stem for name in names or ()}
    whole = {_last(name) for name in names or ()}
    last = {_last(cell) for cell in cells if cell is not None}
    return sum(cell in known or cell in whole or Path(cell).stem in known for cell in last)


def _last(name: Any) -> str:
    return str(name).replace("\\", "/").rpartition("/")[2].casefold()


def _typed(values: list[Any]) -> NDArray:
    r"""Returns words as numbers, if all of them are numbers."""
    if all(isinstance(value, str) for value in values):
        try:
            numbers = np.array(values, float)
            return numbers if np.isfinite(numbers).all() else np.array(values)
        except ValueError:
            return np.array(values)

    return np.asarray(values)


def _flat(y: NDArray) -> NDArray:
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _is_file(y: str) -> bool:
    try:
        return Path(y).is_file()
    except OSError:
        return False
