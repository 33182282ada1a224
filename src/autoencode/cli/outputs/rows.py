r"""Rows of numbers, as `.npy`, `.csv` or `.parquet`."""

__all__ = ["is_formula", "write_rows"]

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.atomic_files import replacing
from ...data import line_end
from .formats import suffix

# Spreadsheets of some languages take the wide forms, too
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def write_rows(
    out: Path,
    rows: NDArray,
    columns: Sequence[str],
    files: Sequence[str] | None = None,
    examples: bool = False,
) -> None:
    r"""Write rows of numbers, or one column, in the format of the suffix.

    Arguments:
        out: The file.
        rows: The rows, with shape `(N, D)` or `(N,)`.
        columns: The names of the `D` columns.
        files: The files of the examples, which become the first column of a table.
        examples: Whether rows are data, whose cells are written unchanged. In other tables, an
            apostrophe precedes cells that a spreadsheet would run as a formula.
    """
    table = [*(rows[:, None] if rows.ndim == 1 else rows).T]

    if files is not None:
        columns, table = ["example", *columns], [np.array(files, object), *table]

    with replacing(out) as temporary:
        if suffix(out) == ".npy":
            np.save(temporary, rows)
        elif suffix(out) == ".csv":
            with temporary.open("w", newline="", encoding="utf-8", errors="replace") as file:
                lines = [columns, *zip(*table)]
                lines = lines if examples else [[*map(_escaped, line)] for line in lines]
                csv.writer(file, lineterminator=line_end(*lines)).writerows(lines)
        else:
            import pyarrow
            import pyarrow.parquet

            named = dict(zip(columns, map(pyarrow.array, table)))
            pyarrow.parquet.write_table(pyarrow.table(named), temporary)


def is_formula(cell: Any) -> bool:
    r"""Tell whether a spreadsheet would run a cell as a formula.

    Arguments:
        cell: The cell.

    Example:
        >>> is_formula("=A1"), is_formula("a1"), is_formula(-1)
        (True, False, False)
    """
    return isinstance(cell, str) and cell.startswith(_FORMULA_BEGINNINGS)


def _escaped(cell: Any) -> Any:
    r"""Returns a cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if is_formula(cell) else cell
