r"""Tables of all kinds of columns, from text and from Parquet, as data frames of pandas."""

__all__ = [
    "can_read_frame",
    "holds_frame",
    "is_frame",
    "is_numbers",
    "names_of",
    "place",
    "read_frame",
    "write_frame",
]

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from itertools import islice
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from .encoding import not_utf8
from .libraries import to_pandas
from .parquet import column_names, opened

_LARGE = 2**28  # bytes of a file, beyond which only the first are looked at to tell what it is
_UNKNOWN: Mapping[str | int, bool] = MappingProxyType({})


def is_frame(X: object) -> bool:
    r"""Whether something is a data frame, of pandas or of a library that converts to it.

    Example:
        >>> is_frame(np.ones((2, 2)))
        False
    """
    if isinstance(X, type) or not hasattr(X, "columns"):
        return False

    return any(hasattr(X, name) for name in ("iloc", "__arrow_c_stream__", "__dataframe__"))


def is_numbers(frame: Any) -> bool:
    r"""Whether all cells of a frame or array are numbers or truth values, and none is missing.

    Example:
        >>> import pandas as pd
        >>> is_numbers(pd.DataFrame({"a": [1, 2]})), is_numbers(pd.DataFrame({"a": ["b", "c"]}))
        (True, False)
    """
    if not is_frame(frame):
        X = np.asarray(frame)
        return X.dtype.kind in "bui" or (X.dtype.kind == "f" and not np.isnan(X).any())

    frame = to_pandas(frame)
    kinds = {getattr(dtype, "kind", "O") for dtype in frame.dtypes}

    return kinds <= {*"buif"} and not any(
        _has_gaps(frame.iloc[:, j]) for j in range(frame.shape[1])
    )


def names_of(frame: Any) -> list[Any]:
    r"""The names of the columns of a frame.

    Raises:
        ValueError: If two have the same.

    Example:
        >>> import pandas as pd
        >>> names_of(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
        ['a', 'b']
    """
    of_arrow = not hasattr(frame, "iloc") and hasattr(frame, "column_names")
    names = [*(frame.column_names if of_arrow else frame.columns)]

    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise ValueError(f"expected columns with different names, got {twice} more than once.")

    return names


def can_read_frame(path: Path) -> bool:
    r"""Whether a file is a table of up to 256 MB, and what reads it as a frame is installed.

    Example:
        >>> can_read_frame(Path("digits.npy"))
        False
    """
    return _is_readable(path) and path.stat().st_size <= _LARGE


def holds_frame(path: Path, label: str | None = None) -> bool:
    r"""Whether a file is a table that is not all numbers: with text, dates or missing cells.

    Of text beyond 256 MB only the first 16 MB are looked at.

    Arguments:
        path: The file.
        label: A column that does not count.

    Example:
        >>> holds_frame(Path("digits.npy"))
        False
    """
    if not _is_readable(path):
        return False

    import pyarrow as pa

    text = path.suffix.lower() == ".csv"

    try:
        table, _ = _read_text(path, path.stat().st_size <= _LARGE) if text else (_kinds(path), "")
    except (OSError, ValueError, pa.ArrowException):
        return False  # the reader of numbers says why

    columns = [c for name, c in zip(table.column_names, table.columns) if name != label]
    numbers = all(_is_plain(c.type, text) and not c.null_count for c in columns)

    return table.num_rows > 0 and not _separator(table) and not numbers


def read_frame(path: Path, texts: Mapping[str | int, bool] = _UNKNOWN) -> Any:
    r"""Reads a table of any columns, which needs `pandas` and `pyarrow`.

    Columns of text are whole numbers, numbers, truth values, dates or times if all their cells
    are; cells without anything, or with one of the usual words for it, are missing. Times of the
    day without a date are categories, and so are columns with a whole number such as `007`.

    Arguments:
        path: A `.csv` file, whose first row are the names unless it is all numbers; or a
            `.parquet` file.
        texts: Whether columns of a `.csv` file are text, whatever their cells look like; those
            that are not may have numbers with leading zeros.

    Returns:
        A data frame of pandas.

    Raises:
        ValueError: If it is no such table, naming the file and the line.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("width,kind\n1,a\n,b\n")
        >>> read_frame(file)["width"].isna().tolist()
        [False, True]
    """
    if path.suffix.lower() == ".parquet":
        with opened(path) as file:
            frame = file.read().to_pandas()
            index = [name for name in frame.index.names if name in column_names(file)]
            frame = frame.reset_index(index) if index else frame

        return _from(path, frame.reset_index(drop=True))

    import pyarrow as pa

    try:
        table, problem = _read_text(path, whole=True, texts=texts)
    except UnicodeDecodeError:
        raise ValueError(f"cannot read '{path}': {not_utf8(path)}") from None
    except pa.ArrowException as error:
        raise ValueError(f"cannot read '{path}': {' '.join(str(error).split())}") from None

    names = table.column_names

    if separator := _separator(table):
        problem = f"expected commas between the cells, got {separator}."

    if line := _unclosed(path):
        problem = f"the quotes that begin in line {line} have no end."

    if twice := {name for name, n in Counter(names).items() if n > 1}:
        problem = f"expected columns with different names, got {sorted(twice)} more than once."

    if any(pa.types.is_binary(kind) for kind in table.schema.types):
        problem = not_utf8(path)  # to Arrow, what is no text are bytes

    if problem:
        raise ValueError(f"cannot read '{path}': {problem}")

    return _from(path, _pandas(table))


def place(cells: Any, i: int) -> str:
    r"""Where a row of a table is: with the file and the line, if it is from one.

    Arguments:
        cells: A column of a data frame of pandas, as :func:`read_frame` returns them.
        i: The number of the row, counted from 0.

    Example:
        >>> import pandas as pd
        >>> place(pd.Series([1, 2]), 1)
        'row 1'
        >>> place(pd.Series([1, 2], index=["a", "b"]), 1)
        "row 1 (index 'b')"
    """
    if "file" not in cells.attrs:
        label = cells.index[i]
        known = isinstance(label, (int, np.integer)) and label == i
        return f"row {i}" if known else f"row {i} (index {str(label)!r})"

    path = Path(cells.attrs["file"])

    if path.suffix.lower() != ".csv" or not path.exists():
        return f"row {i + 1} of '{path}'"

    line, _ = next(islice(_rows(path), i + _has_names(path), None))
    return f"line {line} of '{path}'"


def write_frame(path: Path, frame: Any, kind: str) -> None:
    r"""Writes a data frame.

    Arguments:
        path: The file.
        frame: A data frame of pandas.
        kind: `".csv"` or `".parquet"`.

    Example:
        >>> import pandas as pd, tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> write_frame(file, pd.DataFrame({"a": [1], "b": ["c"]}), ".csv")
        >>> file.read_text()
        'a,b\n1,c\n'
    """
    if kind == ".csv":
        frame.to_csv(path, index=False, lineterminator="\n")
    else:
        frame.to_parquet(path, index=False)


def _has_gaps(cells: Any) -> bool:
    return bool(
        cells.isna().any()
        or (cells.dtype.kind == "f" and np.isnan(cells.to_numpy(float, na_value=np.nan)).any())
    )


def _is_readable(path: Path) -> bool:
    r"""Whether a file is a table, and what reads it as a frame is installed."""
    known = path.suffix.lower() in {".csv", ".parquet"} and path.is_file()
    return known and all(map(find_spec, ("pandas", "pyarrow")))


def _read_text(
    path: Path, whole: bool, texts: Mapping[str | int, bool] = _UNKNOWN
) -> tuple[Any, str]:
    r"""Returns a table of Arrow, of all rows or of the first, and what is wrong with it."""
    import pyarrow as pa
    from pyarrow import compute
    from pyarrow import csv as arrow

    ragged: list[Any] = []

    def note(row: Any) -> str:
        ragged.append(row)
        return "skip"

    _, first = next(_rows(path), (0, []))
    size = path.stat().st_size if whole else 2**24
    options = arrow.ReadOptions(
        use_threads=False,
        block_size=max(2**20, min(size + 1, 2**31 - 1)),
        column_names=None if _has_names(path) else [f"x{i + 1}" for i in range(len(first))],
    )
    parsing = arrow.ParseOptions(invalid_row_handler=note, newlines_in_values=True)

    def read(texts: Iterable[str | int], only: list[str]) -> Any:
        conversion = arrow.ConvertOptions(
            strings_can_be_null=True,
            column_types={str(name): pa.string() for name in texts},
            include_columns=only,
        )

        if whole:
            return arrow.read_csv(path, options, parsing, conversion)

        with arrow.open_csv(path, options, parsing, conversion) as reader:
            return pa.Table.from_batches([reader.read_next_batch()])

    table = read([name for name, is_text in texts.items() if is_text], [])
    numbers = [name for name in _whole_numbers(table) if name not in texts]

    padded = {
        name: cells
        for name, cells in zip(numbers, read(numbers, numbers).columns if numbers else [])
        if compute.any(compute.match_substring_regex(cells, "^[+-]?0[0-9]")).as_py()
    }

    if padded:
        names = table.column_names
        cells = [padded.get(name, given) for name, given in zip(names, table.columns)]
        table = pa.Table.from_arrays(cells, names=names)

    problem = "" if table.num_rows else "it has a header, and no rows."

    if ragged:
        row = ragged[0]
        problem = (
            f"expected {row.expected_columns} cells in each row, got {row.actual_columns} in line"
            f" {_line(path, row.expected_columns)}: {row.text[:60]!r}."
        )

    return table, problem


def _whole_numbers(table: Any) -> list[str]:
    from pyarrow import types

    counts = Counter(table.column_names)
    return [f.name for f in table.schema if types.is_integer(f.type) and counts[f.name] == 1]


def _separator(table: Any) -> str:
    r"""Returns what stands between the cells of a table instead of commas, or nothing."""
    names = {";": "semicolons", "\t": "tabs"} if table.num_columns == 1 else {}
    return next((name for c, name in names.items() if c in table.column_names[0]), "")


def _pandas(table: Any) -> Any:
    r"""Returns a table of Arrow as a data frame: whole numbers stay so beside missing cells."""
    import pandas as pd
    from pyarrow import string, types

    def nullable(kind: Any) -> Any:
        if types.is_integer(kind):
            return pd.api.types.pandas_dtype(str(kind).replace("int", "Int").replace("u", "U"))

        return pd.BooleanDtype() if types.is_boolean(kind) else None

    cells = {}

    for name, column in zip(table.column_names, table.columns):
        column = column.cast(string()) if types.is_time(column.type) else column
        mapper = nullable if column.null_count else None
        cells[name] = column.to_pandas(types_mapper=mapper, date_as_object=False)

    return pd.DataFrame(cells)


def _from(path: Path, frame: Any) -> Any:
    r"""Returns a data frame that knows its file."""
    frame.attrs["file"] = str(path)
    return frame


def _line(path: Path, expected: int) -> int:
    r"""Returns the line of the first row with other than so many cells."""
    return next((line for line, row in _rows(path) if len(row) != expected), 0)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    r"""Yields rows of text that are not empty, and the lines in which they begin."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows, line = csv.reader(file), 1

        try:
            for row in rows:
                if row:
                    yield line, row

                line = rows.line_num + 1
        except csv.Error as error:  # of a cell that is too long, say, as after a lonely quote
            raise ValueError(f"cannot read '{path}': {error}, in line {line}.") from None


def _kinds(path: Path) -> Any:
    r"""Returns enough rows of a Parquet file to tell its columns: one, or all if some are null."""
    from pyarrow import Table

    with opened(path) as file:
        if _has_nulls(file):
            table = file.read()
        else:
            batch = next(file.iter_batches(batch_size=1))
            table = Table.from_batches([batch], file.schema_arrow)

        return table.select(column_names(file))


def _has_nulls(file: Any) -> bool:
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    columns = [group.column(k) for group in groups for k in range(group.num_columns)]

    return any(c.statistics is None or c.statistics.null_count != 0 for c in columns)


def _unclosed(path: Path) -> int:
    r"""Returns the line in which quotes begin that swallow the rest of the file, or zero."""
    with path.open("rb") as file:
        odd = sum(part.count(b'"') for part in iter(lambda: file.read(2**20), b"")) % 2

    line, row = max(_rows(path), key=itemgetter(0)) if odd else (0, [""])
    return line if "\n" in row[-1] else 0


def _has_names(path: Path) -> bool:
    r"""Whether the first row of text holds names: something that is no number."""
    from .tables import _is_number

    _, first = next(_rows(path), (0, []))
    return not all(cell == "" or _is_number(cell) for cell in first)


def _is_plain(kind: Any, text: bool) -> bool:
    r"""Whether a type of Arrow is one that the readers of numbers know."""
    from pyarrow import types

    numbers = types.is_integer(kind) or types.is_floating(kind)
    return numbers or (types.is_boolean(kind) and not text)
