r"""Block-wise writing of rows to a file, which continues after a kill."""

__all__ = ["Block", "write_rows"]

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

Block = tuple[NDArray, list[Any]]


def write_rows(place: Path, row: int, blocks: Callable[[int], Iterator[Block]]) -> list[Any]:
    r"""Write the rows of all sources to the file `X` of a folder.

    Beside it, `notes` has a line for each source. A row is on the disk before its note, so that
    the notes say which sources are done after a kill.

    Arguments:
        place: The folder, in which an earlier process may have begun.
        row: The number of bytes of a row.
        blocks: A function that starts at the source with the given index. It yields rows, and a
            note for each source. A note is text if the source has no row, and says why. Other
            notes may hold anything that JSON can store.

    Returns:
        The notes of all sources.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_rows(folder, 8, lambda start: iter([(np.zeros(2), [None, "empty", None])]))
        [None, 'empty', None]
        >>> (folder / "X").stat().st_size
        16
    """
    notes, end = _done(place, row)
    n = sum(not isinstance(note, str) for note in notes)

    with (place / "X").open("ab") as rows, (place / "notes").open("ab") as lines:
        rows.truncate(n * row)
        lines.truncate(end)

        for X, new in blocks(len(notes)):
            for file, part in ((rows, X.data), (lines, b"".join(map(_line, new)))):
                file.write(part)
                file.flush()
                os.fsync(file.fileno())

            notes += new

    (place / "notes").unlink()
    return notes


def _line(note: Any) -> bytes:
    return json.dumps(note).encode() + b"\n"


def _done(place: Path, row: int) -> tuple[list[Any], int]:
    r"""Returns the complete notes of an earlier process, and the position of their end."""
    try:
        whole, end, _ = (place / "notes").read_bytes().rpartition(b"\n")
        notes = [json.loads(line) for line in (whole + end).splitlines()]
        n = sum(not isinstance(note, str) for note in notes)

        if (place / "X").stat().st_size >= n * row:
            return notes, len(whole + end)
    except (OSError, ValueError):
        pass

    return [], 0
