r"""Layouts of tables in text: encoding, separator, header and index, found in the first lines."""

__all__ = ["Layout", "layout_of"]

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ..remedies import remedy
from .formats import TableFormat
from .headers import count_header_lines, find_first_row
from .separators import check_quotes, find_separator, is_escaped, is_spaced
from .spellings import kind_of
from .text_rows import first_lines, first_rows, parser, rows_of

_JSON = re.compile(r'\s*(\[\s*[\[{"]|\{\s*")')


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

    guesses: list[str]
    r"""Log lines about what was guessed."""

    escaped: bool = False
    r"""True if backslashes stand before quotes within cells."""

    spaced: bool = False
    r"""True if spaces stand between separators and quotes."""


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

    lines, encoding, guesses = first_lines(path, given)
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
    separator = separator or find_separator(body, path, given, guesses)
    escaped = is_escaped(body, separator)
    spaced = is_spaced(body, separator, escaped)
    rows = [*first_rows(rows_of(body, separator, escaped, spaced))]

    if given.header != 0 and (start := find_first_row([row for _, row in rows])):
        at = rows[start][0]
        guesses.append(f"{at - 1} lines before the table left out, the first {body[0].strip()!r}")
        skip, body, comment = skip + at - 1, body[at - 1 :], ""
        rows = [*first_rows(rows_of(body, separator, escaped, spaced))]

    check_quotes(body, separator)
    first = len(rows[0][1])
    widths = Counter(len(row) for _, row in rows[1:])
    usual = widths.most_common(1)[0][0] if widths else first
    named = next(rows_of([comment], separator), (0, []))[1] if comment else []

    if len(named) == usual and given.header is None and {*map(kind_of, named)} == {"text"}:
        rows.insert(0, (0, named))  # numpy writes names as a comment
        skip -= 1
        first = usual
        guesses.append(f"names in the comment {comment!r}")

    if any('\\"' in line for line in body):
        what = "left out" if escaped else "kept as text"
        guesses.append(f"backslashes before quotes are {what}")

    if spaced:
        guesses.append("spaces before quotes are left out")

    count, why = count_header_lines([row for _, row in rows], _count(given, rows))
    guesses += [why] if why else []

    if count and first == usual - 1 and len(widths) == 1:
        empty = all(row[-1].strip() == "" for _, row in rows[count:])
        head = [[*row, ""] if empty else ["", *row] for _, row in rows[:count]]
    else:
        head = [row for _, row in rows[:count]]

    names = _names(head, first if not head else len(head[0]))
    cells = [row for _, row in rows[count:] if len(row) == len(names)]
    names, index = _index(names, cells, bool(head), given, guesses)
    last = rows[count - 1][0] if count else 0
    end = skip + _end(body, last, separator, escaped, spaced) if count else skip

    return Layout(encoding, separator, end, count, names, index, guesses, escaped, spaced)


def _count(given: TableFormat, rows: list[tuple[int, list[str]]]) -> int | None:
    r"""Returns the number of lines that hold names, if it is known."""
    if given.header is not None:
        return int(given.header)

    if not given.names:
        return None

    if {*given.names} & {cell.strip() for cell in rows[0][1]}:
        return 1

    return 0 if len(rows) == 1 else None


def _end(body: list[str], line: int, separator: str, escaped: bool, spaced: bool) -> int:
    r"""Returns the number of the last line of the row that begins in a line."""
    if line == 0:  # the names stand in a comment
        return 1

    rest = body[line - 1 :]

    if separator == " ":
        return line

    rows = parser(rest, separator, escaped, spaced)
    next(rows)

    return line - 1 + rows.line_num


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
    names: list[str], cells: list[list[str]], header: bool, given: TableFormat, guesses: list[str]
) -> tuple[list[str], str | None]:
    r"""Returns the names of columns, empty for those that are left out, and the index column."""
    columns = [[row[j].strip() for row in cells] for j in range(len(names))]
    index = None if given.index_column in ("yes", "no") else given.index_column
    first = columns[0] if columns else []

    bare = [j for j, name in enumerate(names) if name == "" and not any(columns[j])]

    if header and len(names) > 1 and bare:
        where = {len(names) - 1: "a separator at the end of each row"}
        guesses += [
            where.get(j, f"column {j + 1} without a name and cells left out") for j in bare
        ]
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

        enough = distinct and (len(first) > 1 or first == ["0"])

        if given.names:  # the first column is what it was in the file of the fit
            enough = (names[0] or "x1") not in given.names

        if (names[0] == "" or pandas) and enough:
            what = "counts the rows" if counts else "names the rows"
            shown = names[0] or "without a name"
            guesses.append(
                f"the first column ({shown}) {what}, and is not data (index_column='no' keeps it)"
            )
            names = ["\0" if counts else "index", *names[1:]]
            index = None if counts else "index"

    for i, name in enumerate(names):
        if name == "":
            names[i] = f"x{i + 1}" if f"x{i + 1}" not in names else f"column {i + 1}"
            guesses.append(f"column {i + 1} has no name, and is called {names[i]!r}")

    return ["" if name == "\0" else name for name in names], index


def _counted(n: int) -> list[list[str]]:
    return [[str(i) for i in range(start, start + n)] for start in (0, 1)]
