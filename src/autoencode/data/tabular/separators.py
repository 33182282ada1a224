r"""Separators of cells, and marks around quotes, found in the first lines of a table."""

__all__ = ["check_quotes", "find_separator", "is_escaped", "is_spaced"]

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .formats import TableFormat
from .headers import find_first_row
from .spellings import kind_of
from .text_rows import EXAMINED_ROWS, first_rows, rows_of

_RARE_SEPARATORS = ("::", "||", *"^~:/#&!@\x01\x1f\u00a6")  # rare separators
# Rare separators that are unusual within cells
_UNAMBIGUOUS_SEPARATORS = ("::", "||", *"^~\x01\x1f\u00a6")


def find_separator(body: list[str], path: Path, given: TableFormat, guesses: list[str]) -> str:
    r"""Returns the separator that gives all rows the same number of cells.

    Arguments:
        body: The first lines of the table.
        path: The file.
        given: The known settings of its format.
        guesses: Log lines about what was guessed, to which more may be added.

    Raises:
        ValueError: If there are several such separators.

    Example:
        >>> find_separator(["a;b", "1,5;x"], Path("t.csv"), TableFormat(), [])
        ';'
    """
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
            guesses.append("cells between spaces")
            return " "

    return _nearly(body)


def is_spaced(body: list[str], sign: str, escaped: bool) -> bool:
    r"""Returns whether spaces stand between separators and quotes, as in `1, "a, b"`.

    Arguments:
        body: The first lines of the table.
        sign: The separator.
        escaped: Whether backslashes stand before quotes within cells.

    Example:
        >>> is_spaced(['1, "a, b"'], ",", escaped=False)
        True
    """
    if sign in " \t":
        return False

    s = re.escape(sign)
    quoted = re.compile(rf'(?:^|{s}) +"(?:[^"]|"")*"\s*(?:{s}|$)')

    if not any(map(quoted.search, body[:EXAMINED_ROWS])):
        return False

    ways = (True, False)
    widths = [{len(r) for _, r in first_rows(rows_of(body, sign, escaped, way))} for way in ways]
    return len(widths[0]) <= len(widths[1])


def is_escaped(body: list[str], sign: str) -> bool:
    r"""Returns whether backslashes escape quotes within cells, as some programs of Unix write.

    A quote that is not escaped ends its cell, so that only a separator or a quote can follow.

    Arguments:
        body: The first lines of the table.
        sign: The separator.

    Example:
        >>> is_escaped(['1,"a \\"b\\" c"'], ",")
        True
    """
    within = re.compile(rf'\\"[^"\s{re.escape(sign)}]|\\" +[^"\s{re.escape(sign)}]')

    if sign == " " or not any(map(within.search, body)):
        return False

    widths = [
        {len(row) for _, row in first_rows(rows_of(body, sign, way))} for way in (True, False)
    ]
    return len(widths[0]) <= len(widths[1])


def check_quotes(body: list[str], sign: str) -> None:
    r"""Refuses separators within single quotes, which other programs do not take for quotes.

    Arguments:
        body: The first lines of the table.
        sign: The separator.

    Raises:
        ValueError: If most cells stand in single quotes, and have separators within.

    Example:
        >>> check_quotes(["1,it's"], ",")
    """
    sep = re.escape(sign)
    within = re.compile(rf"(?:^|{sep})'[^'{sep}]*{sep}[^']*'(?:{sep}|\s*$)")
    lines = [line for line in body[:EXAMINED_ROWS] if line.strip()]

    if sign != " " and 2 * sum(map(bool, map(within.search, lines))) > len(lines) > 2:
        raise ValueError(
            f"its cells stand in single quotes, and have {sign!r} within. Use double quotes"
            " instead."
        )


def _some(body: list[str], sign: str) -> Iterator[tuple[int, list[str]]]:
    escaped = is_escaped(body, sign)
    return first_rows(rows_of(body, sign, escaped, is_spaced(body, sign, escaped)))


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
                " these decimal commas? Set separator=';' and decimal=',' (command line:"
                " --separator ';' --decimal ,), or header='no'."
            )

    if not shares:
        _check_one_column([line.strip() for line in body[:EXAMINED_ROWS] if line.strip()])

    return max(shares, key=lambda sign: shares[sign]) if shares else ","


def _check_one_column(lines: list[str]) -> None:
    r"""Refuses lines that look like several columns with a rare separator."""
    for sign in _RARE_SEPARATORS:
        counts = {line.count(sign) for line in lines}

        # Times and paths contain colons and slashes, but the name of a column hardly as many
        if (
            len(counts) == 1
            and 0 not in counts
            and (sign in _UNAMBIGUOUS_SEPARATORS or kind_of(lines[0]) == "text")
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


def _typed(rows: list[list[str]]) -> float:
    r"""Returns the fraction of cells that are not text."""
    cells = [cell for row in rows for cell in row]
    return sum(kind_of(cell) != "text" for cell in cells) / max(1, len(cells))


def _kinds(cells: Iterable[str]) -> set[str]:
    return {kind_of(cell) for cell in cells}
