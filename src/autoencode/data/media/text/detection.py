r"""Files of texts, told by their suffix and their content."""

__all__ = ["check_prose", "holds_texts", "is_text"]

import re
from itertools import islice
from pathlib import Path

from ...listing.sources import Files, list_files

JSON_LINES_SUFFIXES = {".jsonl", ".ndjson"}
_MAX_EXAMINED_FILES = 1000  # files that decide on the kind of a folder
_EXAMINED_BYTES = 2**16  # bytes that decide whether a file is text
_TEXT_SUFFIXES = {".txt", ".text", ".jsonl", ".ndjson"}
_SEVERAL = re.compile(r"\d\s*[\s,;]\s*[-+.\d]")
_NUMBERS = re.compile(
    r"[\s,;]*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?([\s,;]+[-+]?[\d.]+(e[-+]?\d+)?)*\s*"
)
_NUMBER = re.compile(r'\s*"?[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d+)?"?\s*')
_FEW_LINES = 2  # number of lines that are too few to tell columns


def is_text(path: Path) -> bool:
    r"""Tell whether a file holds texts: by its suffix, or by its content if it has none.

    Example:
        >>> is_text(Path("words.txt")), is_text(Path("words.txt.gz")), is_text(Path("words.npy"))
        (True, True, False)
    """
    if path.is_dir():
        return False

    suffix = kind_of(path)
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
    if kind_of(path) not in {".txt", ".text", ""} or not path.is_file():
        return

    with path.open("rb") as file:
        head = file.read(_EXAMINED_BYTES).decode("utf-8", "replace")

    lines = [line for line in head.splitlines()[:100] if line.strip()]

    numbers = all(_NUMBERS.fullmatch(line) and _SEVERAL.search(line) for line in lines)

    numbers = numbers and kind_of(path) != ""  # without a suffix, they are no texts anyway

    if len(lines) > 1 and (numbers or _are_cells(lines)):
        raise ValueError(
            f"'{path}' has rows of numbers, such as {lines[-1][:40]!r}, which may be a table or"
            " texts. Name it .csv, or read it with autoencode.data.read_table, if it is a table;"
            " say modality=ae.modalities.Texts() (command line: --modality Texts) if not."
        )


def kind_of(path: Path) -> str:
    r"""Returns the suffix of a file, without that of gzip."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _are_cells(lines: list[str]) -> bool:
    r"""Returns whether lines have equally many cells, and a column of numbers below its name."""
    for sign in ",;\t|":
        rows = [line.split(sign) for line in lines]
        width = len(rows[0])

        if width > 1 and len(rows) > _FEW_LINES and all(len(row) == width for row in rows):
            return any(all(_NUMBER.fullmatch(row[j]) for row in rows[1:]) for j in range(width))

    return False


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
