r"""Lines and rows of text files, gzipped or not."""

__all__ = ["EXAMINED_ROWS", "first_lines", "first_rows", "opened_text", "parser", "rows_of"]

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from ..encodings import detect_encoding
from .formats import TableFormat

EXAMINED_ROWS = 1000

_EXAMINED_BYTES = 2**20  # number of bytes that are examined
_SPACES = re.compile(r'"(?:[^"]|"")*"|[^ \t]+')


def opened_text(path: Path, encoding: str) -> TextIO:
    r"""Opens a text file, gzipped or not.

    Arguments:
        path: The file.
        encoding: Its encoding.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "a.txt"
        >>> _ = file.write_bytes(b"a")
        >>> with opened_text(file, "utf-8") as text:
        ...     text.read()
        'a'
    """
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(_opened(path), name, newline="")


def rows_of(
    text: Iterable[str], separator: str, escaped: bool = False, spaced: bool = False
) -> Iterator[tuple[int, list[str]]]:
    r"""Yields the number of the first line of each row that is not empty, and its cells.

    Arguments:
        text: The lines.
        separator: The separator of cells; a space stands for runs of spaces and tabs.
        escaped: Whether backslashes stand before quotes within cells.
        spaced: Whether spaces stand between separators and quotes.

    Raises:
        ValueError: If a cell is too long, for example after a quote that is not closed.

    Example:
        >>> [*rows_of(["a,b", "", "1,2"], ",")]
        [(1, ['a', 'b']), (3, ['1', '2'])]
    """
    if separator == " ":
        for line, words in enumerate(map(_SPACES.findall, text), 1):
            if words := [word.strip("\r\n") for word in words if word.strip("\r\n")]:
                yield line, [re.sub(r'^"(.*)"$', r"\1", w).replace('""', '"') for w in words]

        return

    rows, line = parser(text, separator, escaped, spaced), 1

    try:
        for row in rows:
            if row:
                yield line, row

            line = rows.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{error}, in line {rows.line_num}.") from None


def parser(text: Iterable[str], separator: str, escaped: bool, spaced: bool) -> Any:
    r"""Makes the parser of rows, which counts lines.

    Arguments:
        text: The lines.
        separator: The separator of cells, a single character.
        escaped: Whether backslashes stand before quotes within cells.
        spaced: Whether spaces stand between separators and quotes.

    Example:
        >>> [*parser(["a,b"], ",", False, False)]
        [['a', 'b']]
    """
    escape = "\\" if escaped else None
    return csv.reader(text, delimiter=separator, escapechar=escape, skipinitialspace=spaced)


def first_rows(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    r"""Yields at most as many rows as are examined.

    Example:
        >>> len([*first_rows(iter([(1, ["a"])] * 2000))])
        1000
    """
    for row, _ in zip(rows, range(EXAMINED_ROWS)):
        yield row


def first_lines(path: Path, given: TableFormat) -> tuple[list[str], str, list[str]]:
    r"""Returns the first complete lines, the encoding, and log lines about it.

    Arguments:
        path: The file.
        given: The known settings of its format.

    Raises:
        ValueError: If the file is damaged, or is not text in a known encoding.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("a;b\n1;2\n")
        >>> first_lines(file, TableFormat())
        (['a;b\n', '1;2\n'], 'utf-8', [])
    """
    try:
        with _opened(path) as file:
            data = file.read(_EXAMINED_BYTES)
            whole = not file.read(1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"it is damaged or truncated ({error}).") from None

    encoding = given.encoding or detect_encoding(data, whole)

    if encoding is None:
        raise ValueError(
            "it is not UTF-8, and could be in several encodings: set the encoding, such as"
            " encoding='cp1252' (command line: --encoding), or save it as UTF-8."
        )

    guesses = [] if encoding.startswith("utf") or given.encoding else [f"text in {encoding}"]
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)

    try:
        text = decoder().decode(data, whole)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not in {encoding}: {error}.") from None

    if "\0" in text:
        raise ValueError(
            f"it has bytes of zero in line {text[: text.index(chr(0))].count(chr(10)) + 1}: it is"
            " binary, or text in another encoding, such as encoding='utf-16-le' (command line:"
            " --encoding)."
        )

    lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")).readlines()

    return lines if whole or len(lines) < 2 else lines[:-1], encoding, guesses


def _opened(path: Path) -> Any:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"

    return gzip.open(path) if packed else path.open("rb")
