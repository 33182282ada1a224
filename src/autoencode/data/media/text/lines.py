r"""Texts from the lines of files, and from records of JSON."""

__all__ = ["Lines", "read_lines"]

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...encodings import describe_utf8_error, detect_encoding
from ...listing.packed import unpack
from ...listing.sources import Files, check_source, list_files, no_such
from ...tabular.formats import TableFormat
from ...tabular.frames.locations import locate_row
from .detection import JSON_LINES_SUFFIXES, is_text, kind_of

log = logging.getLogger(__name__)

# As data sets of texts name theirs
_TEXT_FIELDS = ("text", "content", "sentence", "document", "body")


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


def read_lines(path: Path | Files, name: str | None = None) -> Lines:
    r"""Reads a text from each line of a file, or of several, one after the other.

    Lines end with a line feed, with or without a carriage return before it. If a file has no line
    feed at all, carriage returns end the lines, as in files of old Macs. A byte order mark is not
    part of the first line. Each line of a `.jsonl` file is a text, or a record with the text in
    one field. Files may be compressed by gzip.

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
        return lines_of(path, name)

    listing = list_files(path)
    files = [file for file in listing.files if is_text(file) or isinstance(path, Files)]
    others = len(listing.files) + len(listing.lost) - len(files)
    parts = [lines_of(file, name) for file in files if file.stat().st_size]
    texts = [text for part in parts for text in part]

    if not texts:
        raise ValueError(f"expected texts, got none in '{path}'.")

    log.info(
        "read %d texts, each line of %d files of '%s'; left out: %d empty files, %d that are not"
        " texts, %d hidden. To take each file as one text, give [Path(f).read_text() for f in"
        " files].",
        *(len(texts), len(parts), path, len(files) - len(parts), others, listing.hidden),
    )

    # Where each stands is known of a single file
    return Lines(texts, listing.folder)


def lines_of(path: Path, name: str | None) -> Lines:
    _check_field(path, name)
    text = _decoded(path)

    if not text:
        raise ValueError(f"expected a text in each line, got none in '{path}'.")

    if "\n" not in text and "\r" in text.rstrip("\r"):
        log.info("the lines of '%s' end with carriage returns alone, as on old Macs.", path)
        text = text.replace("\r", "\n")

    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]

    if kind_of(path) in JSON_LINES_SUFFIXES:
        return _records(path, lines, name)

    return Lines(lines, path, range(1, len(lines) + 1))


def _check_field(path: Path, name: str | None) -> None:
    if name is not None and kind_of(path) not in JSON_LINES_SUFFIXES:
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


def _decoded(path: Path) -> str:
    check_source(path)

    if not path.exists():
        raise no_such(path)

    data = path.read_bytes()
    packed = data[:2] == b"\x1f\x8b"

    if packed:
        data = unpack(path)

    encoding = detect_encoding(data) or "utf-8"

    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        where = (
            f"it is not UTF-8 once unpacked ({error})." if packed else describe_utf8_error(path)
        )
        raise ValueError(f"cannot read '{path}': {where}") from None

    if not encoding.startswith("utf"):
        log.info("reads '%s': text in %s.", path, encoding)

    return text
