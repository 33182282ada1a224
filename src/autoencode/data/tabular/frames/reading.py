r"""The reader of one file with a table of any columns."""

__all__ = ["UNKNOWN_KINDS", "read_frame"]

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ....common.failures import warn
from ...listing import check_source
from ..delimited import needs_arrow, read_text
from ..doubts import announce, doubts
from ..formats import TableFormat
from ..parquet import column_names, open_parquet
from .arrow_types import frame_of_cells, frame_of_parquet
from .formats import is_text_table, read_structured

UNKNOWN_KINDS: Mapping[str | int, str] = MappingProxyType({})


def read_frame(
    path: Path,
    kinds: Mapping[str | int, str] = UNKNOWN_KINDS,
    given: TableFormat | None = None,
) -> Any:
    r"""Reads a table of any columns, which needs `pandas` and `pyarrow`.

    Columns of text are whole numbers, numbers, truth values, dates or times if all their cells
    are; cells without anything, or with one of the usual words for it, are missing. Columns with a
    whole number such as `007` are categories.

    Arguments:
        path: A file as for :func:`read_table`.
        kinds: Of which kind columns are, if that is known: `"text"`, `"number"`, `"float"`,
            `"date"`, `"time"` or `"truth"`.
        given: What is known of the format of text.

    Returns:
        A data frame of pandas.

    Raises:
        ValueError: If it is no such table, naming the file and the line.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("width,kind\n1,a\n,b\n")
        >>> read_frame(file)["width"].isna().tolist()
        [False, True]
    """
    check_source(path)

    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder '{path}'.")

    if path.suffix.lower() == ".parquet":
        with open_parquet(path) as file:
            frame = frame_of_parquet(file.read(), column_names(file))

        return _from(path, frame)

    if not is_text_table(path):
        return _from(path, frame_of_cells(read_structured(path)))

    needs_arrow(path)
    reading = read_text(path, given or TableFormat(), kinds)
    frame = frame_of_cells(reading.table)
    announce(path, reading)

    if not kinds:
        for said in doubts(path, reading):
            warn(said)

    if (rows := reading.layout.row_names) is not None:
        frame = frame.set_index(rows)

    frame.attrs["format"] = reading.format.document()

    return _from(path, frame)


def _from(path: Path, frame: Any) -> Any:
    r"""Returns a data frame that knows its file."""
    frame.attrs["file"] = str(path)
    return frame
