r"""Texts from files: the lines of one, or a column of a table."""

__all__ = ["Lines", "read_column", "read_lines"]

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from .encoding import not_utf8
from .parquet import opened


class Lines(list[str]):
    r"""Texts, and where each of them stands.

    Arguments:
        texts: The texts.
        path: Their file.
        lines: The number of the line that each begins in, where there are lines.

    Example:
        >>> Lines(["a", "b"], Path("words.txt"), [1, 3]).place(1)
        "line 3 of 'words.txt'"
    """

    def __init__(
        self, texts: Iterable[str], path: Path, lines: Iterable[int] | None = None
    ) -> None:
        super().__init__(texts)

        self.path = path
        self.lines = None if lines is None else [*lines]

    def place(self, i: int) -> str:
        r"""Returns where a text stands."""
        where = f"row {i + 1}" if self.lines is None else f"line {self.lines[i]}"
        return f"{where} of '{self.path}'"


def read_lines(path: Path) -> Lines:
    r"""Reads a text from each line of a file.

    Lines end with a line feed, with or without a carriage return before, and nothing else ends
    them. A byte order mark is no part of the first.

    Arguments:
        path: The file, in UTF-8.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not in UTF-8, naming the line, or is empty.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "lines.txt"
        >>> _ = file.write_text("one\n\nthree\n")
        >>> read_lines(file)
        ['one', '', 'three']
    """
    text = _decoded(path)

    if not text:
        raise ValueError(f"expected a text in each line, got none in '{path}'.")

    lines = text.removesuffix("\n").split("\n")
    return Lines((line.removesuffix("\r") for line in lines), path, range(1, len(lines) + 1))


def read_column(path: Path, name: str | None = None) -> Lines:
    r"""Reads the texts of a column of a `.csv` or `.parquet` file.

    Arguments:
        path: The file; a `.csv` file has a header and commas between the cells.
        name: The name of the column; by default the only one.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or no such table, naming the line, or has no such column.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text('id,text\n1,"one, two"\n2,three\n')
        >>> read_column(file, "text")
        ['one, two', 'three']
    """
    suffix = path.suffix.lower()

    if suffix not in {".csv", ".parquet"}:
        raise ValueError(f"only .csv and .parquet files have a column {name!r}, not '{path}'.")

    return (_parquet_column if suffix == ".parquet" else _csv_column)(path, name)


def _csv_column(path: Path, name: str | None) -> Lines:
    rows = csv.reader(io.StringIO(_decoded(path), newline=""), strict=True)
    texts, lines = [], []

    try:
        columns = next(rows, [])
        at = _index(columns, name)
        line = rows.line_num + 1

        for row in rows:
            if row and len(row) != len(columns):
                raise ValueError(
                    f"expected {len(columns)} cells in each row, got {len(row)} in that of line"
                    f" {line}."
                )

            if row:
                texts.append(row[at])
                lines.append(line)

            line = rows.line_num + 1
    except csv.Error as error:
        raise ValueError(f"cannot read '{path}': {error}, in line {rows.line_num}.") from None
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}") from None

    return Lines(texts, path, lines)


def _parquet_column(path: Path, name: str | None) -> Lines:
    with opened(path) as file:
        columns = file.schema_arrow.names
        name = columns[_index(columns, name)]
        return Lines(file.read([name]).column(name).to_pylist(), path)


def _index(columns: list[str], name: str | None) -> int:
    if name is None and len(columns) != 1:
        raise ValueError(
            f"expected the column that holds the texts, out of {columns}: Texts(column='...'),"
            " on the command line --modality Texts --modality.column NAME."
        )

    if name is not None and name not in columns:
        raise ValueError(f"it has no column '{name}'; it has {columns}.")

    return 0 if name is None else columns.index(name)


def _decoded(path: Path) -> str:
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder '{path}'.")

    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")

    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError(f"cannot read '{path}': {not_utf8(path)}") from None
