r"""Data frames in new files, and the line ends that keep the text of their cells."""

__all__ = ["line_end", "write_frame"]

from collections.abc import Iterable
from pathlib import Path
from typing import Any


def line_end(*columns: Iterable[Any]) -> str:
    r"""The line end with which cells of text keep their line breaks.

    Python quotes a cell with a carriage return only if it is part of the line end. Without quotes,
    the cell would end its row.

    Arguments:
        columns: The cells of a table, by column or by row.

    Example:
        >>> line_end(["a", 1.0]), line_end(["a\rb"])
        ('\n', '\r\n')
    """
    texts = (cells for cells in columns if _kind(cells) not in "biufcmM")
    broken = any(isinstance(cell, str) and "\r" in cell for cells in texts for cell in cells)

    return "\r\n" if broken else "\n"


def _kind(cells: Any) -> str:
    return getattr(getattr(cells, "dtype", None), "kind", "O")


def write_frame(path: Path, frame: Any, kind: str) -> None:
    r"""Writes a data frame.

    Arguments:
        path: The file.
        frame: A data frame of pandas.
        kind: `".csv"` or `".parquet"`.

    Example:
        >>> import pandas as pd, tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> write_frame(file, pd.DataFrame({"a": [1], "b": ["c"]}), ".csv")
        >>> file.read_text()
        'a,b\n1,c\n'
    """
    named = frame.index.name is not None  # rows that had names in their file

    if kind == ".csv":
        label = "" if frame.index.name == "index" else frame.index.name
        end = line_end(frame.columns, *(cells for _, cells in frame.items()), frame.index)
        frame.to_csv(path, index=named, index_label=label, lineterminator=end, errors="replace")
    else:
        frame = frame.reset_index() if named else frame.copy(deep=False)
        frame.attrs = {}  # of this machine
        _write_parquet(path, frame)


def _write_parquet(path: Path, frame: Any) -> None:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_pandas(frame, preserve_index=False)
    wrapped = any(
        isinstance(dtype, pd.ArrowDtype) and pa.types.is_dictionary(dtype.pyarrow_dtype)
        for dtype in frame.dtypes
    )

    if wrapped:  # which pandas notes in a way that it cannot read
        table = table.replace_schema_metadata(None)

    parquet.write_table(table, path)
