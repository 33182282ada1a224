r"""Ranges of rows in files of text, as positions of their first and last bytes."""

__all__ = ["LineRange", "divide_lines", "end_of_head"]

from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

_READ_BYTES = 2**22
_FEED, _RETURN, _QUOTE = b'\n\r"'


class LineRange(NamedTuple):
    r"""Rows of a file, counted from zero without its head, and their bytes."""

    start: int
    stop: int
    begin: int
    end: int


def divide_lines(
    file: BinaryIO, begin: int, end: int | None, rows: int, quoted: bool, blank: bool
) -> Iterator[LineRange]:
    r"""Yield ranges of complete rows, each with at most a given number of rows.

    The file is read once, in blocks.

    Arguments:
        file: The file, opened in binary mode.
        begin: The position of the first row.
        end: The position after the last row; by default the end of the file.
        rows: The number of rows in each range but the last.
        quoted: Whether line breaks between quotes are part of a cell.
        blank: Whether empty lines are rows.

    Example:
        >>> import io
        >>> text = io.BytesIO(b'a\n"b\nb"\n\nc')
        >>> [tuple(r) for r in divide_lines(text, 0, None, 2, quoted=True, blank=False)]
        [(0, 2, 0, 8), (2, 3, 8, 10)]
    """
    file.seek(begin)
    at = first = line = begin  # of the block, the range and the line
    done = counted = quotes = 0
    before = _FEED  # the byte before the block

    while block := file.read(_READ_BYTES if end is None else min(_READ_BYTES, end - at)):
        x = np.frombuffer(block, np.uint8)
        feeds = np.flatnonzero(x == _FEED)

        if quoted:
            marks = np.flatnonzero(x == _QUOTE)
            outside = (np.searchsorted(marks, feeds) + quotes) % 2 == 0
            feeds, quotes = feeds[outside], quotes + len(marks)

        ends = feeds + (at + 1)
        lengths = np.diff(ends, prepend=line)
        is_row = np.ones(len(ends), bool) if blank else ~_is_empty(x, feeds, lengths, before)
        total = counted + is_row.cumsum()

        while len(total) and total[-1] >= done + rows:
            i = int(np.searchsorted(total, done + rows))
            yield LineRange(done, done + rows, first, int(ends[i]))
            done, first = done + rows, int(ends[i])

        if len(ends):
            line, counted = int(ends[-1]), int(total[-1])

        at += len(block)
        before = block[-1]

    if at > line and (blank or not _is_blank_rest(file, line, at)):  # a last line without its end
        counted += 1

    if counted > done:
        yield LineRange(done, counted, first, at)


def _is_empty(x: NDArray, feeds: NDArray, lengths: NDArray, before: int) -> NDArray:
    r"""Returns which lines have no characters before their end."""
    previous = np.where(feeds > 0, x[feeds - 1], before)
    return (lengths == 1) | ((lengths == 2) & (previous == _RETURN))


def _is_blank_rest(file: BinaryIO, begin: int, end: int) -> bool:
    if end - begin > 2:
        return False

    file.seek(begin)
    return not file.read(end - begin).strip(b"\r\n")


def end_of_head(file: Any, lines: int) -> int:
    r"""The position after the first lines of a file.

    Arguments:
        file: The file, opened in binary mode.
        lines: The number of lines.

    Example:
        >>> import io
        >>> end_of_head(io.BytesIO(b"a,b\n1,2\n"), 1)
        4
    """
    file.seek(0)
    return sum(len(file.readline()) for _ in range(lines))
