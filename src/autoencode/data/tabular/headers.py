r"""Detection of headers in tables of text."""

__all__ = ["count_header_lines", "find_first_row"]

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from .spellings import kind_of

_MAX_UNDECIDED_ROWS = 3  # number of rows that is too small for a decision
_MIN_COUNTING_COLUMNS = 4  # number of columns that hardly count up by chance
_MAX_LINES_BEFORE_TABLE = 50  # maximum number of lines before a table
_RULED_CELL = re.compile(r"\s*:?[-=_+]{2,}:?\s*|\s*")
_HEADER_REMEDY = "set header='yes' or header='no' (command line: --header)"


def count_header_lines(rows: Sequence[Sequence[str]], given: int | None) -> tuple[int, str]:
    r"""Counts the lines of the header, and describes what was guessed.

    The first row is a header in three cases. It has text over numbers, dates or booleans. Or
    its numbers count up, such as years or the default names of pandas, and the rows below do not.
    Or all cells are text, and no cell of the first row occurs below.

    Arguments:
        rows: The cells of the first rows.
        given: The number of lines of the header, if it is known.

    Returns:
        The number of lines, and the guess in words, which is empty if nothing was guessed.

    Raises:
        ValueError: If it is not clear whether the first row is a header.

    Example:
        >>> count_header_lines([["a", "b"], ["1", "2"]], None)
        (1, '')
        >>> count_header_lines([["1.5", "2"], ["1", "2"]], None)[0]
        0
    """
    first, body = [cell.strip() for cell in rows[0]], rows[1:]

    if given is not None:
        return min(given, len(rows)), ""

    kinds = [kind_of(cell) for cell in first]

    if body and all(map(_RULED_CELL.fullmatch, body[0])) and any(cell.strip() for cell in body[0]):
        raise ValueError(
            f"its second line {_shown(body[0])} is a rule, as in a printed table, and not a row:"
            " remove it."
        )

    if not body:
        return int("text" in kinds), ""

    width = Counter(len(row) for row in body).most_common(1)[0][0]
    body = [row for row in body if len(row) == width]
    columns = [[cell.strip() for cell in column] for column in zip(*body)]

    if width - len(first) == 1:  # rows have a name, or end with a separator
        columns = columns[1:] if any(columns[-1]) else columns[:-1]

    below = [_usual(column) for column in columns]

    if len(first) != len(below):
        return int("text" in kinds), ""

    if any(a == "text" and b not in ("text", "") for a, b in zip(kinds, below)):
        return _with_units(first, body, below)

    if "text" not in kinds and len(body) > 2 and _are_names(body[0], below):
        raise ValueError(
            f"its first two lines {_shown(first)} and {_shown(body[0])} may both hold names: set"
            " header=2 (command line: --header 2) if they do, or remove the first line."
        )

    if any(a not in ("text", "") and b == "text" for a, b in zip(kinds, below)):
        if "text" not in kinds:
            return 1, f"the first line {_shown(first)} holds names"

    numbers = [j for j, b in enumerate(below) if b == "number" and kinds[j] == "number"]

    if "date" in [kinds[j] for j, b in enumerate(below) if b == "date"] or "truth" in kinds:
        return 0, "no line of names"

    again = any(a == "text" and cell in column for a, cell, column in zip(kinds, first, columns))

    if not numbers:
        if "text" not in kinds:
            return 0, "no line of names"

        if again:
            raise ValueError(
                f"its first line {_shown(first)} may hold names, but its cells occur again below:"
                f" {_HEADER_REMEDY}."
            )

        return 1, ""

    names = None if again else _count([first[j] for j in numbers], [columns[j] for j in numbers])

    if names is None:
        raise_for = _outside([first[j] for j in numbers], [columns[j] for j in numbers])

        if raise_for and not again:
            raise ValueError(
                f"its first line {_shown(first)} may be a row, or hold names, because its numbers"
                f" are far from those below: {_HEADER_REMEDY}."
            )

        return 0, "no line of names"

    if not names:
        raise ValueError(
            f"its first line {_shown(first)} may be a row, or hold names, because its numbers"
            f" count up: {_HEADER_REMEDY}."
        )

    return 1, f"the first line {_shown(first)} holds names"


def find_first_row(rows: Sequence[Sequence[str]]) -> int:
    r"""Finds the header below lines that are not part of the table, such as a title.

    If the first line has another number of cells than the table, the table begins with the first
    row from which on all rows have the same number of cells.

    Arguments:
        rows: The cells of the first rows.

    Returns:
        The index of the row with the names, or zero.

    Example:
        >>> find_first_row([["Report"], ["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"]])
        1
    """
    widths = [len(row) for row in rows]
    usual = widths[-1] if widths else 0
    start = len(widths)

    while start and widths[start - 1] == usual:
        start -= 1

    if (
        usual < 2
        or not 0 < start <= _MAX_LINES_BEFORE_TABLE
        or len(rows) - start <= _MAX_UNDECIDED_ROWS
    ):
        return 0

    if start == 1 and 1 < widths[0] == usual - 1:  # only the column of row names has no name
        return 0

    names, below = ([cell.strip() for cell in row] for row in rows[start : start + 2])
    named = len({*names}) == usual and {kind_of(cell) for cell in names} == {"text"}
    others = {kind_of(cell) for cell in below} - {"text", ""}

    return start if named and others else 0


def _usual(column: Sequence[str]) -> str:
    r"""Returns the kind of most cells of a column that are not missing."""
    kinds = Counter(kind_of(cell) for cell in column)
    there = sum(n for kind, n in kinds.items() if kind)
    return next((kind for kind, n in kinds.items() if kind and n > there / 2), "")


def _are_names(row: Sequence[str], below: Sequence[str]) -> bool:
    r"""Returns whether a row has words over columns of numbers, dates and booleans."""
    typed = [kind_of(cell.strip()) for cell, b in zip(row, below) if b not in ("text", "")]
    return len(typed) > 1 and {*typed} == {"text"}


def _with_units(
    first: Sequence[str], body: Sequence[Sequence[str]], below: Sequence[str]
) -> tuple[int, str]:
    r"""Returns one line of names, and raises if the second line may hold units."""
    second = [cell.strip() for cell in body[0]][-len(first) :]
    typed = [kind_of(cell) for cell, b in zip(second, below) if b not in ("text", "")]

    if len(body) > 2 and typed and "text" in typed and {*typed} <= {"text", ""}:
        raise ValueError(
            f"its second line {_shown(second)} differs from the rows below: set header=2 (command"
            " line: --header 2) if it belongs to the names, such as units, or header=1 if it is a"
            " row."
        )

    return 1, ""


def _count(first: Sequence[str], columns: Sequence[Sequence[str]]) -> bool | None:
    r"""Returns whether numbers that count up are names.

    The answer is `None` if they do not count up, and false if they may be a row.
    """
    if (step := _step(first)) is None:
        return None

    rows = [*zip(*columns)]
    alone = len(first) == 1

    if (alone and first != ["0"]) or (not alone and any(_step(row) == step for row in rows)):
        return None

    pointed = all("." in c or "," in c or kind_of(c) == "" for column in columns for c in column)

    return (
        None
        if alone and not pointed
        else len(rows) >= _MAX_UNDECIDED_ROWS and (pointed or len(first) >= _MIN_COUNTING_COLUMNS)
    )


def _step(cells: Sequence[str]) -> int | None:
    r"""Returns the common step between cells, if they are whole numbers in equal steps."""
    if not all(cell.isdecimal() and (cell == "0" or cell[0] != "0") for cell in cells):
        return None

    steps = {int(b) - int(a) for a, b in pairwise(cells)} or {1}
    return None if len(steps) > 1 or steps == {0} else steps.pop()


def _outside(first: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    r"""Returns whether numbers are in order, and far from the numbers of their columns."""
    v = [_float(cell) for cell in first]
    below = [[x for cell in column if (x := _float(cell)) is not None] for column in columns]

    if len(v) < 2 or None in v or min(map(len, below)) < 10:
        return False

    steps = [b - a for a, b in pairwise(v)]  # type: ignore[operator]
    far = 0

    for x, column in zip(v, below):
        low, high = min(column), max(column)
        far += not low - (high - low) <= x <= high + (high - low)  # type: ignore[operator]

    return far >= 0.9 * len(v) and (min(steps) > 0 or max(steps) < 0)


def _float(cell: str) -> float | None:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None


def _shown(cells: Sequence[str]) -> str:
    shown = ", ".join(cells[:4]) + (", ..." if len(cells) > 4 else "")
    return repr(shown[:60])
