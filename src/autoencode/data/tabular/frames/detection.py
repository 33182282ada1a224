r"""Detection of tables with text, dates or missing cells."""

__all__ = ["holds_frame", "is_frame_file"]

from pathlib import Path
from typing import Any

from ....common.batching import data_limits
from ..delimited import Reading, read_text
from ..formats import TableFormat
from ..parquet import column_names, open_parquet
from .formats import is_readable, is_text_table, read_structured
from .kinds import EXACT
from .typed import drop_index, with_settings


def is_frame_file(path: Path) -> bool:
    r"""Tell whether a file is a table of up to 256 MB that can be read as a frame.

    The packages `pandas` and `pyarrow` must be installed.

    Example:
        >>> is_frame_file(Path("digits.npy"))
        False
    """
    return is_readable(path) and path.stat().st_size <= data_limits().resident_bytes


def holds_frame(path: Path, label: str | None = None, given: TableFormat | None = None) -> bool:
    r"""Tell whether a file is a table with text, dates or missing cells.

    Only the first 16 MB of text files beyond 256 MB are examined.

    Arguments:
        path: The file.
        label: A column to ignore.
        given: The known settings of its format.

    Example:
        >>> holds_frame(Path("digits.npy"))
        False
    """
    if not is_readable(path, given):
        return False

    import pyarrow as pa

    text = is_text_table(path)

    try:
        if text:
            whole = path.stat().st_size <= data_limits().resident_bytes
            reading = _parsed(path, label, given or TableFormat(), whole)
            table = _without(reading.table, reading.layout.row_names)
        else:
            marked = given is not None and bool(given.missing_values)
            table = (
                _column_sample(path, marked)
                if path.suffix.lower() == ".parquet"
                else read_structured(path, given)
            )
            table = with_settings(table, given)
            table = table.select(drop_index(table.column_names, given))
    except (OSError, ValueError, pa.ArrowException):
        return False  # the reader of numbers reports the error

    columns = [c for name, c in zip(table.column_names, table.columns) if name != label]
    numbers = all(_is_plain(c.type, text) and not c.null_count for c in columns)
    numbers = numbers and not any(map(_is_beyond_floats, columns))

    return table.num_rows > 0 and not numbers


def _parsed(path: Path, label: str | None, given: TableFormat, whole: bool) -> Reading:
    r"""Parses a table as its reader will do, which then need not parse it again."""
    try:
        return read_text(path, given, whole=whole)
    except ValueError:
        if label is None:
            raise

        return read_text(path, given, {label: "text"}, whole)  # its cells may be ambiguous


def _is_beyond_floats(cells: Any) -> bool:
    r"""Tell whether a column has whole numbers that floats cannot represent."""
    from pyarrow import compute, types

    if not (types.is_int64(cells.type) or types.is_uint64(cells.type)):
        return False

    low, high = compute.min_max(cells).as_py().values()
    return low is not None and low < high and max(-low, high) > EXACT


def _without(table: Any, index: str | None) -> Any:
    return table if index is None else table.drop_columns([index])


def _column_sample(path: Path, all_rows: bool) -> Any:
    r"""Returns the rows of a Parquet file that tell its kind: one, or all if need be."""
    from pyarrow import Table

    with open_parquet(path) as file:
        if all_rows or _needs_cells(file):
            table = file.read()
        else:
            batch = next(file.iter_batches(batch_size=1))
            table = Table.from_batches([batch], file.schema_arrow)

        return table.select(column_names(file))


def _needs_cells(file: Any) -> bool:
    r"""Tell whether cells may be missing, or whole numbers that floats cannot represent."""
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    columns = [group.column(k) for group in groups for k in range(group.num_columns)]

    def needs(stored: Any) -> bool:
        if stored is None or stored.null_count != 0:
            return True

        # Other types count days or moments, some of which Python has no dates for
        whole = stored.physical_type == "INT64" and stored.logical_type.type in {"INT", "NONE"}
        return whole and stored.has_min_max and max(-stored.min, stored.max) > EXACT

    return any(needs(column.statistics) for column in columns)


def _is_plain(kind: Any, text: bool) -> bool:
    r"""Tell whether the readers of numbers support an Arrow type."""
    from pyarrow import types

    numbers = types.is_integer(kind) or types.is_floating(kind)
    return numbers or (types.is_boolean(kind) and not text)
