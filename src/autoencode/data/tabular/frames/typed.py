r"""Settings of a format for files whose columns have types, such as Parquet and JSON lines."""

__all__ = ["check_effect", "drop_index", "name_rows", "with_settings"]

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..formats import TEXTS, TableFormat, table_suffix

_TAKEN = {"index_column", "missing_values", "text_columns"}
_JSON_LINES = (".jsonl", ".ndjson")


def check_effect(path: Path, names: Iterable[str]) -> None:
    r"""Refuse settings of text formats that have no effect on a file whose columns have types.

    Arguments:
        path: The file.
        names: The names of the settings.

    Raises:
        ValueError: If the file has types, and one of the settings is not for such files.

    Example:
        >>> check_effect(Path("t.parquet"), ["index_column"])
        >>> check_effect(Path("t.parquet"), ["decimal"])
        Traceback (most recent call last):
        ...
        ValueError: decimal (command line: --decimal) has no effect on 't.parquet', whose columns
        have types. Leave it out.
    """
    suffix = table_suffix(path)

    if suffix is None or suffix in TEXTS:
        return

    taken = _TAKEN | ({"encoding"} if suffix in _JSON_LINES else set())

    if without := [name for name in names if name not in taken]:
        flags = " ".join(f"--{name.replace('_', '-')}" for name in without)
        raise ValueError(
            f"{' and '.join(without)} (command line: {flags})"
            f" {'has' if len(without) == 1 else 'have'} no effect on '{path}', whose columns have"
            " types. Leave it out."
        )


def with_settings(table: Any, given: TableFormat | None) -> Any:
    r"""An Arrow table with the words and numbers for missing cells, and the columns of text.

    Arguments:
        table: The table of a file whose columns have types.
        given: The known settings of its format.

    Raises:
        ValueError: If it has no column with the name of one of text, or of the rows.

    Example:
        >>> import pyarrow as pa
        >>> table = pa.table({"a": [-999, 1], "b": [1, 2]})
        >>> given = TableFormat(missing_values=["-999"], text_columns=["b"])
        >>> with_settings(table, given).to_pydict()
        {'a': [None, 1], 'b': ['1', '2']}
    """
    import pyarrow as pa

    if given is None:
        return table

    index = [given.index_column] if given.index_column not in (None, "yes", "no") else []

    for what, names in (("of text", given.text_columns), ("to use as the index", index)):
        if unknown := [name for name in names if name not in table.column_names]:
            raise ValueError(f"it has no column {unknown} {what}; it has {table.column_names}.")

    for i, name in enumerate(table.column_names):
        cells = table.column(name)

        if given.missing_values:
            cells = _without_marks(cells, [str(mark) for mark in given.missing_values])

        if name in given.text_columns:
            try:
                cells = cells.cast(pa.string())
            except pa.ArrowInvalid as error:
                raise ValueError(f"column {name!r} cannot be text: {error}.") from None

        table = table if cells is table.column(name) else table.set_column(i, name, cells)

    return table


def name_rows(frame: Any, given: TableFormat | None) -> Any:
    r"""A data frame whose rows are named by the index column of the format.

    Arguments:
        frame: The frame.
        given: The known settings of its format.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"id": ["a", "b"], "x": [1, 2]})
        >>> name_rows(frame, TableFormat(index_column="yes"))["x"].to_dict()
        {'a': 1, 'b': 2}
    """
    column = None if given is None else given.index_column

    if column in (None, "no"):
        return frame

    return frame.set_index(frame.columns[0] if column == "yes" else column)


def drop_index(names: list[str], given: TableFormat | None) -> list[str]:
    r"""The names of columns without that of the index column.

    Arguments:
        names: The names of all columns.
        given: The known settings of the format of their file.

    Example:
        >>> drop_index(["a", "b"], TableFormat(index_column="yes"))
        ['b']
    """
    column = None if given is None else given.index_column

    if column in (None, "no"):
        return names

    return names[1:] if column == "yes" else [name for name in names if name != column]


def _without_marks(cells: Any, marks: list[str]) -> Any:
    r"""Returns a column whose cells are missing if they are one of some words or numbers."""
    import pyarrow as pa
    from pyarrow import compute, types

    if types.is_string(cells.type) or types.is_large_string(cells.type):
        gone = compute.is_in(cells, pa.array(marks, cells.type))
        return compute.if_else(gone, pa.scalar(None, cells.type), cells)

    if types.is_integer(cells.type) or types.is_floating(cells.type):
        for number in _numbers(marks):
            gone = compute.equal(cells.cast(pa.float64(), safe=False), number)
            cells = compute.if_else(gone, pa.scalar(None, cells.type), cells)

    return cells


def _numbers(marks: list[str]) -> list[float]:
    found = []

    for mark in marks:
        try:
            found.append(float(mark))
        except ValueError:
            continue

    return found
