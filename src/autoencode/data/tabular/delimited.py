r"""Reader of delimited text. Arrow reads the table in the layout that was found."""

__all__ = ["Reading", "batches_of", "needs_arrow", "one_parse", "read_text"]

import contextlib
import csv
import io
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from ...common.batching import data_limits
from ..encodings import describe_utf8_error
from .conversions.columns import conversions
from .conversions.identifiers import names_like_numbers
from .conversions.rules import Conversion
from .formats import TableFormat
from .layouts import Layout, layout_of
from .spellings import WORDS
from .text_rows import opened_text, rows_of

_MIN_BLOCK_BYTES = 2**20  # Arrow needs blocks that hold a line


class Reading(NamedTuple):
    r"""Table of a text file, and how it was read."""

    table: Any
    r"""The columns, as an Arrow table."""

    layout: Layout
    conversions: dict[str, Conversion]
    r"""The rules of converted columns, which Arrow alone would take for words."""

    format: TableFormat
    r"""The format, with settings that were given or found."""

    names: Mapping[str, list[str]] = {}
    r"""Examples of words that may be names, by the names of columns of numbers."""


# Readings by file and settings
_parsed: ContextVar[dict[tuple[str, str], Reading] | None] = ContextVar("parsed", default=None)


@contextlib.contextmanager
def one_parse() -> Iterator[None]:
    r"""Parse a table once within a `with` block, though its kind is asked before it is read.

    The readings of the last file are kept, and every reader in the same settings takes them. A
    block within another one belongs to it.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("a,b\n1,x\n")
        >>> with one_parse():
        ...     first = read_text(file, TableFormat())
        ...     read_text(file, TableFormat()) is first
        True
    """
    if _parsed.get() is not None:
        yield
        return

    token = _parsed.set({})

    try:
        yield
    finally:
        _parsed.reset(token)


def needs_arrow(path: Path) -> None:
    r"""Checks that pyarrow is installed, which reads tables.

    Raises:
        ValueError: If it is missing; the message gives the command that installs it.

    Example:
        >>> needs_arrow(Path("table.csv"))
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise ValueError(
            f"cannot read '{path}': {path.suffix} files need pyarrow: pip install"
            " 'autoencode[tables]'"
        ) from None


def read_text(
    path: Path,
    given: TableFormat,
    kinds: Mapping[str | int, str] = {},
    whole: bool = True,
) -> Reading:
    r"""Reads a table in text.

    Arguments:
        path: The file, gzipped or not.
        given: The known settings of its format.
        kinds: The known kinds of columns: `"text"`, `"number"`, `"float"`, `"date"`, `"time"`,
            `"duration"`, `"period"` or `"truth"`.
        whole: Whether to read all rows; otherwise, only those of the first 16 MB are read.

    Raises:
        ValueError: If the file is not a table, or can be read in several ways.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("a;b\n1,5;x\n")
        >>> read_text(file, TableFormat()).table.to_pydict()
        {'a': [1.5], 'b': ['x']}
    """
    kept = _parsed.get()

    if kept is None:
        return _read(path, given, kinds, whole)

    about = path.stat()
    size = None if whole else data_limits().block_bytes
    file = repr((path.resolve(), about.st_size, about.st_mtime_ns, size))
    key = file, repr((given.document(), dict(kinds)))

    if key not in kept:
        if any(other != file for other, _ in kept):
            kept.clear()  # the next table needs the memory

        kept[key] = _read(path, given, kinds, whole)

    return kept[key]


def _read(path: Path, given: TableFormat, kinds: Mapping[str | int, str], whole: bool) -> Reading:
    import pyarrow as pa

    needs_arrow(path)

    try:
        given = given.checked()
        layout = layout_of(path, given)
        twice = [name for name, n in Counter(layout.names).items() if n > 1 and name]

        if twice:
            raise ValueError(f"expected columns with different names, got {twice} more than once.")

        if unknown := [name for name in given.text_columns if name not in layout.names]:
            raise ValueError(f"it has no columns {unknown} of text; it has {layout.names}.")

        source = _Source(path, layout, given, whole)
        known = {str(name) for name, kind in kinds.items() if kind == "text"} | {
            *given.text_columns
        }
        texts = known & {*layout.names}
        table = source.read(texts, [])
        source.check(table)

        _check_names_come_once(table, layout)

        if source.comments:
            layout.guesses.append(f"{source.comments:,} lines of comments left out")

        format = TableFormat.of(given.document())

        if given.header is None and layout.header:
            format.names = [name for name in layout.names if name]
        else:
            format.header = layout.header
        how, table = conversions(table, source.read, given, format, kinds, texts, layout.separator)

        bare = {} if kinds else names_like_numbers(table, source.read, {*how})

        return Reading(table, layout, how, format, bare)
    except UnicodeDecodeError:
        raise ValueError(f"cannot read '{path}': {_not_utf8(path)}") from None
    except pa.ArrowException as error:
        raise ValueError(f"cannot read '{path}': {' '.join(str(error).split())}") from None
    except (EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:
            raise

        raise ValueError(f"cannot read '{path}': it is damaged or truncated ({error}).") from None
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}") from None


def batches_of(path: Path, reading: Reading, texts: set[str]) -> Iterator[Any]:
    r"""Yields the rows of a large table of numbers in blocks, as Arrow tables.

    Arguments:
        path: The file.
        reading: The result of :func:`read_text` for its first rows.
        texts: The names of columns of text.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("a;b\n1,5;x\n")
        >>> reading = read_text(file, TableFormat(), whole=False)
        >>> [batch.to_pydict() for batch in batches_of(file, reading, {"b"})]
        [{'a': [1.5], 'b': ['x']}]
    """
    import pyarrow as pa

    source = _Source(path, reading.layout, reading.format, whole=False)
    strings = texts | {*reading.conversions}
    numbers = {name: pa.float64() for name in source.names if name not in strings}

    for batch in source.batches(numbers | dict.fromkeys(strings, pa.string())):
        table = pa.Table.from_batches([batch])

        for name, conversion in reading.conversions.items():
            cells = conversion.apply(table.column(name))
            table = table.set_column(table.column_names.index(name), name, cells)

        yield table

    source.check(table)


def _check_names_come_once(table: Any, layout: Layout) -> None:
    r"""Refuses rows that repeat the header, as in files that were concatenated."""
    from pyarrow import compute, types

    columns = [*zip(table.column_names, table.columns)]

    if (
        layout.header != 1
        or len(columns) < 2
        or not all(types.is_string(c.type) for _, c in columns)
    ):
        return

    same = [compute.fill_null(compute.equal(c, name), False) for name, c in columns]
    again = same[0]

    for one in same[1:]:
        again = compute.and_(again, one)

    if rows := compute.indices_nonzero(again).to_pylist():
        raise ValueError(
            f"{len(rows):,} row{'s' * (len(rows) > 1)} repeat{'s' * (len(rows) == 1)} the names of"
            f" the columns, the first of them row {rows[0] + 1}, as if several files were"
            " concatenated: remove such lines, or give the files as a list."
        )


def _not_utf8(path: Path) -> str:
    problem = describe_utf8_error(path)
    return f"{problem} Or name its encoding, such as encoding='cp1252' (--encoding cp1252)."


class _Source:
    r"""Reads the columns of a file with Arrow."""

    def __init__(self, path: Path, layout: Layout, given: TableFormat, whole: bool) -> None:
        from pyarrow import csv as arrow

        self.path, self.layout, self.whole = path, layout, whole
        self.all = [name or f"\0{i}" for i, name in enumerate(layout.names)]
        self.names = [name for name in layout.names if name]
        self.ragged: list[Any] = []
        self.comments = 0
        self.spaced = layout.separator == " " or layout.spaced

        size = path.stat().st_size if whole else max(_MIN_BLOCK_BYTES, data_limits().block_bytes)
        factor = 1

        with path.open("rb") as file:
            self.packed = file.read(2) == b"\x1f\x8b"

        if whole and (self.packed or not layout.encoding.startswith("utf-8")):
            factor = 40 if self.packed else 3  # a byte may become three in UTF-8

        self.options = arrow.ReadOptions(
            use_threads=False,
            block_size=max(2**20, min(factor * size + 2**12, 2**31 - 1)),
            column_names=self.all,
            skip_rows=0 if self.spaced else layout.skip,
            encoding="utf8" if self.spaced else layout.encoding.replace("utf-8-sig", "utf8"),
        )
        self.parsing = arrow.ParseOptions(
            delimiter="\t" if self.spaced else layout.separator,
            invalid_row_handler=self._note,
            newlines_in_values=True,
            escape_char="\\" if layout.escaped else False,
        )
        self.missing = [*WORDS] if given.missing_values is None else ["", *given.missing_values]
        self.point = "."

    def read(self, texts: set[str], only: list[str]) -> Any:
        r"""Returns columns in the types that Arrow finds, and some of them as text."""
        import pyarrow as pa
        from pyarrow import csv as arrow

        self.ragged.clear()
        conversion = self._conversion(dict.fromkeys(texts, pa.string()), only or self.names)

        with self._opened() as file:
            if self.whole:
                return arrow.read_csv(file, self.options, self.parsing, conversion)

            with arrow.open_csv(file, self.options, self.parsing, conversion) as reader:
                batch = next(iter(reader), None)  # none if there is only a header
                return reader.schema.empty_table() if batch is None else pa.table(batch)

    def batches(self, types: Mapping[str, Any]) -> Iterator[Any]:
        from pyarrow import csv as arrow

        with self._opened() as file:
            conversion = self._conversion(types, self.names)

            with arrow.open_csv(file, self.options, self.parsing, conversion) as reader:
                yield from reader

    def check(self, table: Any) -> None:
        r"""
        Raises:
            ValueError: If there are no rows, if a row has another number of cells, or if quotes
                are not closed.
        """
        import pyarrow as pa

        if line := self._unclosed():
            raise ValueError(f"the quotes that begin in line {line} are not closed.")

        if any(pa.types.is_binary(kind) for kind in table.schema.types):
            raise ValueError(_not_utf8(self.path))  # Arrow takes invalid text for bytes

        if self.ragged:
            row = self.ragged[0]
            line = self._line(row.expected_columns)
            separator = (
                ""
                if row.expected_columns > 1
                else (
                    " Put quotes around cells with commas, or set the separator of cells with"
                    " separator='...' (command line: --separator)."
                )
            )
            raise ValueError(
                f"expected {row.expected_columns} cells in each row, got {row.actual_columns} in"
                f" line {line}: {row.text[:60]!r}.{separator}"
            )

        if table.num_rows == 0:
            header = self.layout.header
            raise ValueError("it has a header, but no rows." if header else "it is empty.")

    def _conversion(self, types: Mapping[str, Any], only: list[str]) -> Any:
        from pyarrow import csv as arrow

        return arrow.ConvertOptions(
            strings_can_be_null=True,
            null_values=self.missing,
            column_types=dict(types),
            include_columns=only,
            decimal_point=self.point,
        )

    def _opened(self) -> Any:
        import pyarrow as pa

        if self.spaced:
            return pa.PythonFile(_Spaced(self.path, self.layout), mode="r")

        return pa.input_stream(str(self.path), compression="gzip" if self.packed else None)

    def _note(self, row: Any) -> str:
        if row.text.lstrip().startswith("#"):
            self.comments += 1
        else:
            self.ragged.append(row)

        return "skip"

    def _line(self, expected: int) -> int:
        r"""Returns the line of the first row whose number of cells is not the expected one."""
        with opened_text(self.path, self.layout.encoding) as text:
            for line, row in self._rows(text):
                if line > self.layout.skip and len(row) != expected and row[0][:1] != "#":
                    return line

        return 0

    def _unclosed(self) -> int:
        r"""Returns the line in which quotes begin that are never closed, or zero."""
        with self._raw() as file:
            odd = sum(part.count(b'"') for part in iter(lambda: file.read(2**20), b"")) % 2

        if not odd or self.spaced:
            return 0

        with opened_text(self.path, self.layout.encoding) as text:
            line, row = deque(self._rows(text), 1)[0]

        return line if "\n" in row[-1] else 0

    def _rows(self, text: Any) -> Iterator[tuple[int, list[str]]]:
        layout = self.layout
        return rows_of(text, layout.separator, layout.escaped, layout.spaced)

    def _raw(self) -> Any:
        import gzip

        return gzip.open(self.path) if self.packed else self.path.open("rb")


class _Spaced(io.RawIOBase):
    r"""File that turns spaces between cells, or before quotes, into tabs."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.text = opened_text(path, layout.encoding)
        self.rows = rows_of(self.text, layout.separator, layout.escaped, layout.spaced)
        self.skip = layout.skip
        self.rest = b""
        self.line = io.StringIO()
        self.writer = csv.writer(self.line, delimiter="\t", lineterminator="\n")

    def readable(self) -> bool:
        return True

    def read(self, n: int = -1) -> bytes:
        parts = [self.rest]
        size = len(self.rest)

        while n < 0 or size < n:
            if (row := next(self.rows, None)) is None:
                break

            if row[0] > self.skip:
                self.writer.writerow(row[1])
                parts.append(self.line.getvalue().encode())
                self.line.seek(0)
                self.line.truncate()
                size += len(parts[-1])

        data = b"".join(parts)
        self.rest = data[n:] if n >= 0 else b""

        return data[:n] if n >= 0 else data

    def close(self) -> None:
        self.text.close()
        super().close()
