r"""Layouts of tables in text: encoding, separator, header and index, found in the first lines."""

__all__ = ["Layout", "layout_of", "opened_text", "rows_of"]

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from ..encodings import detect_encoding
from ..remedies import remedy
from .formats import TableFormat
from .headers import count_header_lines, find_first_row
from .spellings import kind_of

_SAMPLE = 2**20  # number of bytes that are examined
_ROWS = 1000
_SPACES = re.compile(r'"(?:[^"]|"")*"|[^ \t]+')
_JSON = re.compile(r'\s*(\[\s*[\[{"]|\{\s*")')
_RARE = ("::", "||", *"^~:/#&!@\x01\x1f\u00a6")  # rare separators
_ALONE = ("::", "||", *"^~\x01\x1f\u00a6")  # rare separators that are unusual within cells


class Layout(NamedTuple):
    r"""Layout of a table in text."""

    encoding: str
    separator: str
    r"""A character; a space stands for runs of spaces and tabs."""

    skip: int
    r"""The number of lines before the first row."""

    header: int
    r"""The number of lines that hold names."""

    names: list[str]
    r"""The names of the columns; columns named `""` are left out."""

    row_names: str | None
    r"""The name of the column that names the rows."""

    said: list[str]
    r"""Log lines about what was guessed."""

    escaped: bool = False
    r"""True if backslashes stand before quotes within cells."""

    spaced: bool = False
    r"""True if spaces stand between separators and quotes."""


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

    rows, line = _parsed(text, separator, escaped, spaced), 1

    try:
        for row in rows:
            if row:
                yield line, row

            line = rows.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{error}, in line {rows.line_num}.") from None


def _parsed(text: Iterable[str], separator: str, escaped: bool, spaced: bool) -> Any:
    escape = "\\" if escaped else None
    return csv.reader(text, delimiter=separator, escapechar=escape, skipinitialspace=spaced)


def layout_of(path: Path, given: TableFormat) -> Layout:
    r"""Finds the layout of a table.

    Arguments:
        path: The file.
        given: The known settings of its format.

    Raises:
        ValueError: If the file is empty, or can be read in several ways.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("a;b\n1,5;x\n")
        >>> layout_of(file, TableFormat())[:5]
        ('utf-8', ';', 1, 1, ['a', 'b'])
    """
    if (known := remedy(path, suffix=False)) is not None:
        raise ValueError(f"{known}.")

    lines, encoding, said = _lines(path, given)
    skip = 0
    comment = ""
    separator = given.separator

    while skip < len(lines) and (not lines[skip].strip() or lines[skip].startswith(("#", "sep="))):
        line = lines[skip].rstrip()
        comment = line.lstrip("#").strip() if line.startswith("#") else comment

        if line.startswith("sep=") and len(line) == 5 and separator is None:
            separator = line[4]  # the declaration that Excel reads

        skip += 1

    if skip == len(lines):
        raise ValueError("it is empty.")

    if _JSON.match(lines[skip]):
        raise ValueError(
            "it is JSON: name it .jsonl if each of its lines is a record, or save it as .csv."
        )

    body = lines[skip:]
    separator = separator or _separator(body, path, given, said)
    escaped = _is_escaped(body, separator)
    spaced = _is_spaced(body, separator, escaped)
    rows = [*_limited(rows_of(body, separator, escaped, spaced))]

    if given.header != 0 and (start := find_first_row([row for _, row in rows])):
        at = rows[start][0]
        said.append(f"{at - 1} lines before the table left out, the first {body[0].strip()!r}")
        skip, body, comment = skip + at - 1, body[at - 1 :], ""
        rows = [*_limited(rows_of(body, separator, escaped, spaced))]

    _check_quotes(body, separator)
    first = len(rows[0][1])
    widths = Counter(len(row) for _, row in rows[1:])
    usual = widths.most_common(1)[0][0] if widths else first
    named = next(rows_of([comment], separator), (0, []))[1] if comment else []

    if len(named) == usual and given.header is None and _kinds(named) == {"text"}:
        rows.insert(0, (0, named))  # numpy writes names as a comment
        skip -= 1
        first = usual
        said.append(f"names in the comment {comment!r}")

    if any('\\"' in line for line in body):
        what = "left out" if escaped else "kept as text"
        said.append(f"backslashes before quotes are {what}")

    if spaced:
        said.append("spaces before quotes are left out")

    count, why = count_header_lines([row for _, row in rows], _count(given, rows))
    said += [why] if why else []

    if count and first == usual - 1 and len(widths) == 1:
        empty = all(row[-1].strip() == "" for _, row in rows[count:])
        head = [[*row, ""] if empty else ["", *row] for _, row in rows[:count]]
    else:
        head = [row for _, row in rows[:count]]

    names = _names(head, first if not head else len(head[0]))
    cells = [row for _, row in rows[count:] if len(row) == len(names)]
    names, index = _index(names, cells, bool(head), given, said)
    last = rows[count - 1][0] if count else 0
    end = skip + _end(body, last, separator, escaped, spaced) if count else skip

    return Layout(encoding, separator, end, count, names, index, said, escaped, spaced)


def _count(given: TableFormat, rows: list[tuple[int, list[str]]]) -> int | None:
    r"""Returns the number of lines that hold names, if it is known."""
    if given.header is not None:
        return int(given.header)

    if not given.names:
        return None

    if {*given.names} & {cell.strip() for cell in rows[0][1]}:
        return 1

    return 0 if len(rows) == 1 else None


def _limited(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for row, _ in zip(rows, range(_ROWS)):
        yield row


def _end(body: list[str], line: int, separator: str, escaped: bool, spaced: bool) -> int:
    r"""Returns the number of the last line of the row that begins in a line."""
    if line == 0:  # the names stand in a comment
        return 1

    rest = body[line - 1 :]

    if separator == " ":
        return line

    rows = _parsed(rest, separator, escaped, spaced)
    next(rows)

    return line - 1 + rows.line_num


def _opened(path: Path) -> Any:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"

    return gzip.open(path) if packed else path.open("rb")


def _lines(path: Path, given: TableFormat) -> tuple[list[str], str, list[str]]:
    r"""Returns the first complete lines, the encoding, and log lines about it."""
    try:
        with _opened(path) as file:
            data = file.read(_SAMPLE)
            whole = not file.read(1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"it is damaged or truncated ({error}).") from None

    encoding = given.encoding or detect_encoding(data, whole)

    if encoding is None:
        raise ValueError(
            "it is not UTF-8, and could be in several encodings: set the encoding, such as"
            " encoding='cp1252' (command line: --encoding), or save it as UTF-8."
        )

    said = [] if encoding.startswith("utf") or given.encoding else [f"text in {encoding}"]
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

    return lines if whole or len(lines) < 2 else lines[:-1], encoding, said


def _kinds(cells: Iterable[str]) -> set[str]:
    return {kind_of(cell) for cell in cells}


def _typed(rows: list[list[str]]) -> float:
    r"""Returns the fraction of cells that are not text."""
    cells = [cell for row in rows for cell in row]
    return sum(kind_of(cell) != "text" for cell in cells) / max(1, len(cells))


def _separator(body: list[str], path: Path, given: TableFormat, said: list[str]) -> str:
    r"""Returns the separator that gives all rows the same number of cells."""
    readings = {}

    for sign in ",;\t|":
        rows = [row for _, row in _some(body, sign)]
        rows = rows[find_first_row(rows) if given.header != 0 else 0 :]
        widths = {len(row) for row in rows[1:]} or {len(rows[0])}
        width = max(widths)

        if len(widths) == 1 and width > 1 and len(rows[0]) in (width, width - 1):
            if len(rows[0]) == width or len(rows[0]) > 1 or _kinds(r[0] for r in rows) == {"text"}:
                readings[sign] = rows

    if path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) and "\t" in readings:
        return "\t"

    if whole := {s: rows for s, rows in readings.items() if len(rows[0]) == len(rows[-1])}:
        readings = whole  # prefers headers with a name for each column

    if len(readings) == 1:
        return next(iter(readings))

    if readings:
        shares = {sign: _typed(rows[1:] or rows) for sign, rows in readings.items()}
        best = [sign for sign in shares if shares[sign] > max(shares.values()) - 1e-9]

        if len(best) == 1:
            return best[0]

        raise ValueError(
            f"its separator could be {' or '.join(map(repr, best))}: set it, for example with"
            f" separator={best[0]!r} (command line: --separator)."
        )

    rows = [row for _, row in _some(body, " ")]
    widths = {len(row) for row in rows[1:]}

    if len(widths) == 1 and len(rows[0]) > 1 and len(rows[0]) - min(widths) in (0, -1):
        times = all(kind_of(line) == "date" for line in body[1:] if line.strip())

        if not times and _typed(rows[1:]) >= 0.5:
            said.append("cells between spaces")
            return " "

    return _nearly(body)


def _some(body: list[str], sign: str) -> Iterator[tuple[int, list[str]]]:
    escaped = _is_escaped(body, sign)
    return _limited(rows_of(body, sign, escaped, _is_spaced(body, sign, escaped)))


def _is_spaced(body: list[str], sign: str, escaped: bool) -> bool:
    r"""Returns whether spaces stand between separators and quotes, as in `1, "a, b"`."""
    if sign in " \t":
        return False

    s = re.escape(sign)
    quoted = re.compile(rf'(?:^|{s}) +"(?:[^"]|"")*"\s*(?:{s}|$)')

    if not any(map(quoted.search, body[:_ROWS])):
        return False

    ways = (True, False)
    widths = [{len(r) for _, r in _limited(rows_of(body, sign, escaped, way))} for way in ways]
    return len(widths[0]) <= len(widths[1])


def _is_escaped(body: list[str], sign: str) -> bool:
    r"""Returns whether backslashes escape quotes within cells, as some programs of Unix write.

    A quote that is not escaped ends its cell, so that only a separator or a quote can follow.
    """
    within = re.compile(rf'\\"[^"\s{re.escape(sign)}]|\\" +[^"\s{re.escape(sign)}]')

    if sign == " " or not any(map(within.search, body)):
        return False

    widths = [{len(row) for _, row in _limited(rows_of(body, sign, way))} for way in (True, False)]
    return len(widths[0]) <= len(widths[1])


def _check_quotes(body: list[str], sign: str) -> None:
    r"""Refuses separators within single quotes, which other programs do not take for quotes."""
    sep = re.escape(sign)
    within = re.compile(rf"(?:^|{sep})'[^'{sep}]*{sep}[^']*'(?:{sep}|\s*$)")
    lines = [line for line in body[:_ROWS] if line.strip()]

    if sign != " " and 2 * sum(map(bool, map(within.search, lines))) > len(lines) > 2:
        raise ValueError(
            f"its cells stand in single quotes, and have {sign!r} within. Use double quotes"
            " instead."
        )


def _nearly(body: list[str]) -> str:
    r"""Returns the likely separator of a table whose rows differ in their number of cells.

    The reader reports the wrong row.
    """
    shares = {}

    for sign in ",;\t|":
        widths = [len(row) for _, row in _some(body, sign)]
        same = sum(width == widths[0] for width in widths) / len(widths)

        if widths[0] > 1:
            shares[sign] = (same, widths[0])
        elif sign == "," and len(widths) > 1 and {*widths[1:]} == {2}:
            raise ValueError(
                "its first line has one cell, and the others have two with commas between: are"
                " these decimal commas? Say separator=';' and decimal=',' (command line:"
                " --separator ';' --decimal ,), or header='no'."
            )

    if not shares:
        _check_one_column([line.strip() for line in body[:_ROWS] if line.strip()])

    return max(shares, key=lambda sign: shares[sign]) if shares else ","


def _check_one_column(lines: list[str]) -> None:
    r"""Refuses lines that look like several columns with a rare separator."""
    for sign in _RARE:
        counts = {line.count(sign) for line in lines}

        # Times and paths contain colons and slashes, but the name of a column hardly as many
        if (
            len(counts) == 1
            and 0 not in counts
            and (sign in _ALONE or kind_of(lines[0]) == "text")
        ):
            way = (
                f"separator={sign!r} (command line: --separator {sign!r})"
                if len(sign) == 1
                else f"replace {sign!r} by a single character, such as a tab"
            )
            raise ValueError(
                f"each of its lines has {counts.pop()} times {sign!r}, which may be a separator or"
                f" part of the cells: use {way}, or separator=',' for a single column."
            )


def _names(head: list[list[str]], width: int) -> list[str]:
    r"""Returns the names of columns, joined from all lines of the header."""
    if not head:
        return [f"x{i + 1}" for i in range(width)]

    first, *more = [[cell.strip() for cell in row] for row in head]

    for row in more:
        row = row + [""] * (len(first) - len(row))
        first = [f"{a} {b}".strip() for a, b in zip(first, row)]

    return first


def _index(
    names: list[str], cells: list[list[str]], header: bool, given: TableFormat, said: list[str]
) -> tuple[list[str], str | None]:
    r"""Returns the names of columns, empty for those that are left out, and the index column."""
    columns = [[row[j].strip() for row in cells] for j in range(len(names))]
    index = None if given.index_column in ("yes", "no") else given.index_column
    first = columns[0] if columns else []

    bare = [j for j, name in enumerate(names) if name == "" and not any(columns[j])]

    if header and len(names) > 1 and bare:
        where = {len(names) - 1: "a separator at the end of each row"}
        said += [where.get(j, f"column {j + 1} without a name and cells left out") for j in bare]
        names = ["\0" if j in bare else name for j, name in enumerate(names)]
        first = [] if 0 in bare else first

    if index is not None and index not in names:
        raise ValueError(f"it has no column '{index}' to use as the index; it has {names}.")

    if given.index_column == "yes":
        index = names[0] = names[0] or "index"
    elif given.index_column is None and header and len(names) > 1:
        counts = first in _counted(len(first))
        pandas = re.fullmatch(r"Unnamed: 0(\.\d+)?", names[0]) and all(map(str.isdigit, first))
        distinct = len({*first}) == len(first) > 0

        if (names[0] == "" or pandas) and distinct and (len(first) > 1 or first == ["0"]):
            what = "counts the rows" if counts else "names the rows"
            shown = names[0] or "without a name"
            said.append(
                f"the first column ({shown}) {what}, and is not data (index_column='no' keeps it)"
            )
            names = ["\0" if counts else "index", *names[1:]]
            index = None if counts else "index"

    names = [name or f"x{i + 1}" for i, name in enumerate(names)]

    return ["" if name == "\0" else name for name in names], index


def _counted(n: int) -> list[list[str]]:
    return [[str(i) for i in range(start, start + n)] for start in (0, 1)]
