r"""Rows of numbers, as `.npy`, `.csv` or `.parquet`."""

__all__ = ["is_formula", "write_rows", "write_steps", "write_table"]

import csv
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.atomic_files import replacing
from ...data import line_end, write_frame
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

            cells = [pyarrow.array(column) for column in table]
            pyarrow.parquet.write_table(pyarrow.table(cells, _distinct(columns)), temporary)


def _distinct(names: Sequence[str]) -> list[str]:
    r"""Returns names of which none occurs twice, as readers of Parquet need them."""
    taken, found = {*map(str, names)}, []
    seen: set[str] = set()

    for name in map(str, names):
        if name in seen:
            name = next(o for k in count(2) if (o := f"{name}_{k}") not in taken)

        found.append(name)
        seen.add(name)
        taken.add(name)

    return found


def write_table(out: Path, frame: Any) -> None:
    r"""Write a data frame of results. A .csv file has no cells that a spreadsheet would run.

    Arguments:
        out: The .csv or .parquet file.
        frame: A pandas frame without names of rows.
    """
    if suffix(out) == ".csv":
        frame = frame.rename(columns=_escaped)
        texts = frame.select_dtypes(exclude=["number", "datetime", "datetimetz", "timedelta"])
        frame = frame.assign(**{str(name): texts[name].map(_escaped) for name in texts})

    with replacing(out) as temporary:
        write_frame(temporary, frame, suffix(out))


def write_steps(out: Path, each: Any, columns: Sequence[str], examples: Any) -> None:
    r"""Write numbers over time: a table with a row for each step of each example, or an array.

    Arguments:
        out: The file.
        each: The numbers of each example, with shape `(steps, D)` or `(steps,)`.
        columns: The names of the `D` columns.
        examples: The examples as they were read, with the names of their files, if any.

    Raises:
        ValueError: If the file is an array and examples have different lengths.
    """
    if suffix(out) == ".npy":
        if not isinstance(each, np.ndarray):
            raise ValueError(
                "examples of different lengths have different numbers of codes, which no .npy file"
                f" holds: write a .csv or .parquet file, not '{out}'."
            )

        write_rows(out, each, columns)
        return

    known = examples.files or getattr(examples.X, "names", None)
    names = [*known] if known is not None else [str(i) for i in range(len(each))]
    rows = np.concatenate([np.asarray(x).reshape(len(x), -1) for x in each])
    steps = np.concatenate([np.arange(len(x)) for x in each])
    table = np.column_stack([steps.astype(object), rows.astype(object)])
    each_name = [name for name, x in zip(names, each) for _ in range(len(x))]
    write_rows(out, table, ["step", *columns], each_name)


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
