r"""Detection of tables with text, dates or missing cells."""

__all__ = ["holds_frame", "is_frame_file"]

from pathlib import Path
from typing import Any

from ....common.batching import data_limits
from ..delimited import read_text
from ..formats import TableFormat
from ..parquet import column_names, open_parquet
from .formats import is_readable, is_text_table, read_structured


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
            kinds: dict[str | int, str] = {} if label is None else {label: "text"}
            reading = read_text(path, given or TableFormat(), kinds, whole)
            table = _without(reading.table, reading.layout.row_names)
        else:
            table = (
                _column_sample(path)
                if path.suffix.lower() == ".parquet"
                else read_structured(path)
            )
    except (OSError, ValueError, pa.ArrowException):
        return False  # the reader of numbers reports the error

    columns = [c for name, c in zip(table.column_names, table.columns) if name != label]
    numbers = all(_is_plain(c.type, text) and not c.null_count for c in columns)

    return table.num_rows > 0 and not numbers


def _without(table: Any, index: str | None) -> Any:
    return table if index is None else table.drop_columns([index])


def _column_sample(path: Path) -> Any:
    r"""Returns enough rows of a Parquet file to find its types: one, or all if cells are null."""
    from pyarrow import Table

    with open_parquet(path) as file:
        if _has_nulls(file):
            table = file.read()
        else:
            batch = next(file.iter_batches(batch_size=1))
            table = Table.from_batches([batch], file.schema_arrow)

        return table.select(column_names(file))


def _has_nulls(file: Any) -> bool:
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    columns = [group.column(k) for group in groups for k in range(group.num_columns)]

    return any(c.statistics is None or c.statistics.null_count != 0 for c in columns)


def _is_plain(kind: Any, text: bool) -> bool:
    r"""Tell whether the readers of numbers support an Arrow type."""
    from pyarrow import types

    numbers = types.is_integer(kind) or types.is_floating(kind)
    return numbers or (types.is_boolean(kind) and not text)
