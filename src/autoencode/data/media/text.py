r"""Texts from files: the lines of some, or a column of a table."""

__all__ = ["Lines", "check_prose", "holds_texts", "is_text", "read_column", "read_lines"]

import gzip
import json
import logging
import re
import zlib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from ..encodings import describe_utf8_error, detect_encoding
from ..listing.sources import Files, check_source, list_files, no_such
from ..tabular.delimited import read_text
from ..tabular.doubts import announce
from ..tabular.formats import TableFormat, table_suffix
from ..tabular.frames.locations import locate_row
from ..tabular.frames.reading import read_frame
from ..tabular.layouts import layout_of
from ..tabular.parquet import open_parquet

log = logging.getLogger(__name__)

_MAX_EXAMINED_FILES = 1000  # files that decide on the kind of a folder
_EXAMINED_BYTES = 2**16  # bytes that decide whether a file is text
_TEXT_SUFFIXES = {".txt", ".text", ".jsonl", ".ndjson"}
_JSON_LINES_SUFFIXES = {".jsonl", ".ndjson"}
# As data sets of texts name theirs
_TEXT_FIELDS = ("text", "content", "sentence", "document", "body")
_SEVERAL = re.compile(r"\d\s*[\s,;]\s*[-+.\d]")
_NUMBERS = re.compile(
    r"[\s,;]*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?([\s,;]+[-+]?[\d.]+(e[-+]?\d+)?)*\s*"
)


class Lines(list[str]):
    r"""Texts, and where each of them stands.

    Arguments:
        texts: The texts.
        path: Their file.
        lines: The number of the line that each begins in, where there are lines.
        given: The format of the table that they are a column of.

    Example:
        >>> Lines(["a", "b"], Path("words.txt"), [1, 3]).location(1)
        "line 3 of 'words.txt'"
    """

    def __init__(
        self,
        texts: Iterable[str],
        path: Path,
        lines: Iterable[int] | None = None,
        given: TableFormat | None = None,
    ) -> None:
        super().__init__(texts)

        self.path = path
        self.lines = None if lines is None else [*lines]
        self.attrs = {} if given is None else {"format": given.document()}

    def location(self, i: int) -> str:
        r"""Returns where a text stands."""
        if self.attrs and self.lines is None:
            return locate_row(self.path, i, self.attrs["format"])

        where = f"row {i + 1}" if self.lines is None else f"line {self.lines[i]}"
        return f"{where} of '{self.path}'"


def is_text(path: Path) -> bool:
    r"""Tell whether a file holds texts: by its suffix, or by its content if it has none.

    Example:
        >>> is_text(Path("words.txt")), is_text(Path("words.txt.gz")), is_text(Path("words.npy"))
        (True, True, False)
    """
    if path.is_dir():
        return False

    suffix = _kind(path)
    return suffix in _TEXT_SUFFIXES or (suffix == "" and path.is_file() and _is_prose(path))


def holds_texts(source: Path | Files) -> bool:
    r"""Tell whether at least half of the first files of a source hold texts.

    Example:
        >>> holds_texts(Files([Path("a.txt"), Path("b.txt")]))
        True
    """
    files = source if isinstance(source, Files) else list_files(source).files
    texts = [is_text(file) for file in islice(files, _MAX_EXAMINED_FILES)]

    return any(texts) and 2 * sum(texts) >= len(texts)


def read_lines(path: Path | Files, name: str | None = None) -> Lines:
    r"""Reads a text from each line of a file, or of several, one after the other.

    Lines end with a line feed, with or without a carriage return before, and nothing else ends
    them; but if there is none at all, carriage returns do, as in files of old Macs. A byte order
    mark is no part of the first. Each line of a `.jsonl` file is a text of its own, or a record
    of which one field is. Files may be packed by gzip.

    Arguments:
        path: The file, in UTF-8, or a folder or list of such.
        name: The field of the records; by default the only one that holds texts, or `"text"`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If one is not in UTF-8 or is damaged, naming the line, or all are empty.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "lines.txt"
        >>> _ = file.write_text("one\n\nthree\n")
        >>> read_lines(file)
        ['one', '', 'three']
    """
    if isinstance(path, Path) and not path.is_dir():
        return _lines_of(path, name)

    listing = list_files(path)
    files = [file for file in listing.files if is_text(file) or isinstance(path, Files)]
    others = len(listing.files) + len(listing.lost) - len(files)
    parts = [_lines_of(file, name) for file in files if file.stat().st_size]
    texts = [text for part in parts for text in part]

    if not texts:
        raise ValueError(f"expected texts, got none in '{path}'.")

    log.info(
        "read %d texts, each line of %d files of '%s'; left out: %d empty files, %d that are no"
        " texts, %d hidden. To take each file as one text, give [Path(f).read_text() for f in"
        " files].",
        *(len(texts), len(parts), path, len(files) - len(parts), others, listing.hidden),
    )

    # Where each stands is known of a single file
    return Lines(texts, listing.folder)


def _lines_of(path: Path, name: str | None) -> Lines:
    _check_field(path, name)
    text = _decoded(path)

    if not text:
        raise ValueError(f"expected a text in each line, got none in '{path}'.")

    if "\n" not in text and "\r" in text.rstrip("\r"):
        log.info("the lines of '%s' end with carriage returns alone, as on old Macs.", path)
        text = text.replace("\r", "\n")

    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]

    if _kind(path) in _JSON_LINES_SUFFIXES:
        return _records(path, lines, name)

    return Lines(lines, path, range(1, len(lines) + 1))


def _check_field(path: Path, name: str | None) -> None:
    if name is not None and _kind(path) not in _JSON_LINES_SUFFIXES:
        raise ValueError(
            f"only .csv and .parquet files have a column {name!r}, and .tsv and .jsonl files, not"
            f" '{path}'."
        )


def _records(path: Path, lines: list[str], name: str | None) -> Lines:
    r"""Returns the texts of lines of JSON."""
    texts, numbers = [], []

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue

        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"cannot read '{path}': line {number} is not JSON: {error}."
            ) from None

        if isinstance(record, dict):
            name = _field(record, path, number) if name is None else name
            record = record.get(name)

        if not isinstance(record, str):
            what = f"text in the field {name!r}" if name is not None else "a text or a record"
            raise ValueError(
                f"cannot read '{path}': expected {what} in line {number}, got"
                f" {type(record).__name__ if record is not None else 'none'}."
            )

        texts.append(record)
        numbers.append(number)

    if not texts:
        raise ValueError(f"expected a text in each line, got none in '{path}'.")

    return Lines(texts, path, numbers)


def _field(record: dict[str, Any], path: Path, number: int) -> str:
    r"""Returns the field of a record that holds the text."""
    fields = [field for field, value in record.items() if isinstance(value, str)]
    known = [field for field in _TEXT_FIELDS if field in fields]

    if len(fields) != 1 and not known:
        raise ValueError(
            f"expected the field of '{path}' that holds the texts, out of {[*record]} (line"
            f" {number}): Texts(column='...'), on the command line --modality Texts"
            " --modality.column NAME."
        )

    field = fields[0] if len(fields) == 1 else known[0]
    log.info("the texts of '%s' are those of the field %r, out of %s.", path, field, [*record])

    return field


def read_column(path: Path, name: str | None = None, given: TableFormat | None = None) -> Lines:
    r"""Reads the texts of a column of a table.

    Separator, encoding and quotes of text files are found, as for
    :func:`~autoencode.data.read_table`. All cells are text, whatever they look like. Only the
    words of `missing_values`, if given, stand for missing cells. The first line holds the names.

    Arguments:
        path: A `.csv`, `.tsv`, `.parquet`, `.feather` or `.jsonl` file.
        name: The name of the column; by default the only one.
        given: The known settings of the format of text.

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
    suffix = table_suffix(path)

    if suffix is None or suffix in _JSON_LINES_SUFFIXES:
        return _lines_of(path, name)

    check_source(path)

    if not path.exists():
        raise no_such(path)

    if suffix == ".parquet":
        return _parquet_column(path, name)

    if suffix in (".feather", ".arrow"):
        frame = read_frame(path)
        return Lines(frame[frame.columns[_index([*frame.columns], name)]].tolist(), path)

    return _csv_column(path, name, given or TableFormat())


def _csv_column(path: Path, name: str | None, given: TableFormat) -> Lines:
    given = given.checked()
    given.header = 1 if given.header is None else given.header
    if given.missing_values is None:
        given.missing_values = []  # any word may be a text

    try:
        names = [column for column in layout_of(path, given).names if column]
        column = names[_index(names, name)]
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}") from None

    reading = read_text(path, given, dict.fromkeys(names, "text"))
    announce(path, reading)
    cells = reading.table.column(column)
    texts = cells.to_pylist() if given.missing_values else cells.fill_null("").to_pylist()

    return Lines(texts, path, given=reading.format)


def _parquet_column(path: Path, name: str | None) -> Lines:
    with open_parquet(path) as file:
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
    check_source(path)

    if not path.exists():
        raise no_such(path)

    data = path.read_bytes()
    packed = data[:2] == b"\x1f\x8b"

    if packed:
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(
                f"cannot read '{path}': it is damaged or truncated ({error})."
            ) from None

    data = data.removeprefix(b"\xef\xbb\xbf")
    mark = detect_encoding(data[:4])
    encoding = mark if mark in ("utf-16", "utf-32") else "utf-8"

    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        where = (
            f"it is not UTF-8 once unpacked ({error})." if packed else describe_utf8_error(path)
        )
        raise ValueError(f"cannot read '{path}': {where}") from None


def _kind(path: Path) -> str:
    r"""Returns the suffix of a file, without that of gzip."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def check_prose(path: Path) -> None:
    r"""Refuses a file of text that begins with rows of several numbers, as a table does.

    Arguments:
        path: The file.

    Raises:
        ValueError: If it does.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "a.txt"
        >>> _ = file.write_text("one\\ntwo\\n")
        >>> check_prose(file)
    """
    if _kind(path) not in {".txt", ".text"} or not path.is_file():
        return

    with path.open("rb") as file:
        head = file.read(_EXAMINED_BYTES).decode("utf-8", "replace")

    lines = [line for line in head.splitlines()[:100] if line.strip()]

    if len(lines) > 1 and all(
        _NUMBERS.fullmatch(line) and _SEVERAL.search(line) for line in lines
    ):
        raise ValueError(
            f"'{path}' has rows of numbers, such as {lines[0][:40]!r}, which may be a table or"
            " texts. Name it .csv, or read it with autoencode.data.read_table, if it is a table;"
            " say modality=ae.modalities.Texts() (command line: --modality Texts) if not."
        )


def _is_prose(path: Path) -> bool:
    r"""Returns whether a file begins as text, and not as rows of numbers."""
    try:
        with path.open("rb") as file:
            head = file.read(_EXAMINED_BYTES)
    except OSError:
        return False

    if not head.strip() or b"\0" in head:
        return False

    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # no letter that was cut in two
            return False

        text = head[: error.start].decode("utf-8-sig")

    lines = [line for line in text.splitlines()[:100] if line.strip()]
    return not all(map(_NUMBERS.fullmatch, lines))
