r"""The public reader of tables, with settings by name."""

__all__ = ["read_table"]

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..formats import TableFormat
from .reading import read_frame
from .several_files import read_frames


def read_table(
    path: str | Path | Sequence[str | Path],
    header: int | bool | str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    missing: Sequence[str] | None = None,
    index: str | bool | None = None,
    dates: str | None = None,
    text: Sequence[str] = (),
    encoding: str | None = None,
) -> Any:
    r"""Reads a table, or several files with the same columns as one, to a data frame.

    What is left out is found in the file and logged. Where two readings are plausible, the file
    is refused, with the setting that decides. A model that is fitted to the frame keeps what was
    set and found, and reads later files in the same way.

    Arguments:
        path: A file of text (`.csv`, `.tsv`, `.tab`, or any other), of JSON lines (`.jsonl`,
            `.ndjson`), each of them gzipped or not, or of Parquet or Arrow (`.parquet`,
            `.feather`, `.arrow`); or a sequence of such files.
        header: As for :class:`~autoencode.data.TableFormat`, as are the others.
        separator: See there.
        decimal: See there.
        thousands: See there.
        missing: See there.
        index: See there.
        dates: See there.
        text: See there.
        encoding: See there.

    Returns:
        A data frame of pandas.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no table, or may be read in several ways.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("size;kind\n1,5;a\n?;b\n")
        >>> read_table(file, missing=["?"])
           size kind
        0   1.5    a
        1   NaN    b
    """
    given = TableFormat(
        *(header, separator, decimal, thousands, missing, index),  # type: ignore[arg-type]
        *(dates, text, encoding),
    ).checked()

    if not isinstance(path, (str, Path)):
        return read_frames([Path(one) for one in path], given=given)

    return read_frame(Path(path), given=given)
