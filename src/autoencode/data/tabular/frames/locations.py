r"""Locations of rows of tables, for messages."""

__all__ = ["locate_cell", "locate_row"]

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..formats import TableFormat
from ..layouts import layout_of
from ..text_rows import opened_text, rows_of
from .formats import is_text_table


def locate_cell(cells: Any, i: int) -> str:
    r"""Location of a row of a table, with file and line if it comes from one.

    Arguments:
        cells: A column of a pandas frame that :func:`read_frame` returned.
        i: The number of the row, counted from 0.

    Example:
        >>> import pandas as pd
        >>> locate_cell(pd.Series([1, 2]), 1)
        'row 1'
        >>> locate_cell(pd.Series([1, 2], index=["a", "b"]), 1)
        "row 1 (index 'b')"
    """
    if "file" not in cells.attrs:
        label = cells.index[i]
        known = isinstance(label, (int, np.integer)) and label == i
        return f"row {i}" if known else f"row {i} (index {str(label)!r})"

    return locate_row(Path(cells.attrs["file"]), i, cells.attrs.get("format"))


def locate_row(path: Path, i: int, document: Mapping[str, Any] | None) -> str:
    r"""Location of a row in the file of a table: its line in text files.

    Arguments:
        path: The file.
        i: The number of the row, counted from 0.
        document: The format of the file, as a document.

    Example:
        >>> locate_row(Path("digits.parquet"), 1, None)
        "row 2 of 'digits.parquet'"
    """
    if not is_text_table(path) or not path.exists():
        return f"row {i + 1} of '{path}'"

    layout = layout_of(path, TableFormat.of(document))

    with opened_text(path, layout.encoding) as text:
        rows = (
            line
            for line, row in rows_of(text, layout.separator, layout.escaped, layout.spaced)
            if line > layout.skip and (len(row) == len(layout.names) or row[0][:1] != "#")
        )
        line = next(islice(rows, i, None))

    return f"line {line} of '{path}'"
