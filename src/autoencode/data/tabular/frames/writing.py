r"""Data frames written to files, and line ends that keep the text of their cells."""

__all__ = ["line_end", "write_frame"]

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from ....common.failures import warn


def line_end(*columns: Iterable[Any]) -> str:
    r"""The line end that preserves line breaks within cells of text.

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
        frame: A pandas frame.
        kind: `".csv"` or `".parquet"`.

    Example:
        >>> import pandas as pd, tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> write_frame(file, pd.DataFrame({"a": [1], "b": ["c"]}), ".csv")
        >>> file.read_text()
        'a,b\n1,c\n'
    """
    named = frame.index.name is not None  # rows had names in their file

    if kind == ".csv":
        label = "" if frame.index.name == "index" else frame.index.name
        end = line_end(frame.columns, *(cells for _, cells in frame.items()), frame.index)
        frame.to_csv(path, index=named, index_label=label, lineterminator=end, errors="replace")
    else:
        frame = frame.reset_index() if named else frame.copy(deep=False)
        frame.attrs = {}  # they hold a path of this machine
        _write_parquet(path, frame)


def _storable(name: Any, cells: Any) -> Any:
    r"""Returns cells in a type that Parquet has: their own, the nearest one, or text."""
    import pandas as pd

    if isinstance(cells.dtype, pd.SparseDtype):
        cells = cells.sparse.to_dense()

    if cells.dtype.kind in "biuM" or _fits(cells):
        return cells

    there = cells.notna()

    for kind, way in (("float64", float), ("decimal", _decimal), ("text", _word)):
        try:
            converted = [way(cell) if k else None for cell, k in zip(cells, there)]
        except (TypeError, ValueError, ArithmeticError):
            continue

        dtype = "float64" if kind == "float64" else object
        stored = pd.Series(converted, cells.index, dtype=dtype)

        if (kind != "float64" or cells.dtype.kind == "f") and _fits(stored):
            warn(f"column {name!r} is written as {kind}: Parquet has no type for its cells.")
            return stored

    return cells


def _fits(cells: Any) -> bool:
    r"""Tell whether Parquet can hold cells."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = pa.table({"cells": pa.Array.from_pandas(cells)})
        parquet.write_table(table[: min(1, len(cells))], pa.BufferOutputStream())
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return False

    return True


def _decimal(cell: Any) -> Decimal:
    if not isinstance(cell, int):
        raise TypeError

    return Decimal(cell)


def _word(cell: Any) -> str:
    return str(cell).encode("utf-8", "replace").decode()


def _write_parquet(path: Path, frame: Any) -> None:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    for name, cells in frame.items():
        stored = _storable(name, cells)

        if stored is not cells:
            frame[name] = stored

    table = pa.Table.from_pandas(frame, preserve_index=False)
    wrapped = any(
        isinstance(dtype, pd.ArrowDtype) and pa.types.is_dictionary(dtype.pyarrow_dtype)
        for dtype in frame.dtypes
    )

    if wrapped:  # pandas cannot read its own metadata of such columns
        table = table.replace_schema_metadata(None)

    parquet.write_table(table, path)
