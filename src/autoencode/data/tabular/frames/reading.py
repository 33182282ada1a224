r"""Reader of a file with a table."""

__all__ = ["UNKNOWN_KINDS", "read_frame"]

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ....common.failures import warn
from ...listing.sources import check_source, no_such
from ..delimited import needs_arrow, read_text
from ..doubts import announce, doubts
from ..formats import TableFormat
from ..parquet import column_names, open_parquet
from .arrow_types import frame_of_cells, frame_of_parquet
from .formats import is_text_table, read_structured
from .typed import name_rows, with_settings

UNKNOWN_KINDS: Mapping[str | int, str] = MappingProxyType({})


def read_frame(
    path: Path,
    kinds: Mapping[str | int, str] = UNKNOWN_KINDS,
    given: TableFormat | None = None,
) -> Any:
    r"""Reads a table with columns of any kind. It needs `pandas` and `pyarrow`.

    A column of a text file becomes whole numbers, numbers, booleans, dates, times of the day
    or durations if all of its cells have that form. Empty cells, and the usual words for missing
    cells, are missing. A column with a whole number such as `007` holds categories.

    Arguments:
        path: A file as for :func:`read_table`.
        kinds: The known kinds of columns: `"text"`, `"number"`, `"float"`, `"date"`, `"time"`,
            `"duration"`, `"period"` or `"truth"`.
        given: The known settings of the format of a text file.

    Returns:
        A pandas frame.

    Raises:
        ValueError: If the file is not such a table; the message names the file and the line.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("width,kind\n1,a\n,b\n")
        >>> read_frame(file)["width"].isna().tolist()
        [False, True]
    """
    check_source(path)

    if not path.exists():
        raise no_such(path)

    if not is_text_table(path):
        return _read_typed(path, given)

    needs_arrow(path)
    reading = read_text(path, given or TableFormat(), kinds)
    frame = frame_of_cells(reading.table)
    announce(path, reading)

    if not kinds:
        for doubt in doubts(path, reading):
            warn(doubt)

    if (rows := reading.layout.row_names) is not None:
        frame = frame.set_index(rows)

    frame.attrs["format"] = reading.format.document()

    return _from(path, frame)


def _read_typed(path: Path, given: TableFormat | None) -> Any:
    r"""Returns a frame of a file whose columns have types, read in the settings that it takes."""
    if path.suffix.lower() == ".parquet":
        with open_parquet(path) as file:
            frame = frame_of_parquet(with_settings(file.read(), given), column_names(file))
    else:
        table = read_structured(path, given)

        try:
            frame = frame_of_cells(with_settings(table, given))
        except ValueError as error:
            raise ValueError(f"cannot read '{path}': {error}") from None

    frame = name_rows(frame, given)

    if given is not None and any(given.get_params().values()):
        frame.attrs["format"] = given.document()

    return _from(path, frame)


def _from(path: Path, frame: Any) -> Any:
    r"""Returns the data frame with the path of its file among its attributes."""
    frame.attrs["file"] = str(path)
    return frame
