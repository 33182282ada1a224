r"""Tables of all kinds of columns, from text and from Parquet, as data frames of pandas."""

__all__ = ["holds_frame", "is_frame", "is_numbers", "read_frame", "write_frame"]

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

_LARGE = 2**28  # bytes of a file, beyond which only the first are looked at to tell what it is


def is_frame(X: object) -> bool:
    r"""Whether something is a data frame, of pandas or of a library that converts to it.

    Example:
        >>> is_frame(np.ones((2, 2)))
        False
    """
    if isinstance(X, type) or not hasattr(X, "columns"):
        return False

    return hasattr(X, "iloc") or hasattr(X, "__dataframe__")


def is_numbers(frame: Any) -> bool:
    r"""Whether all cells of a data frame are numbers or truth values, and none is missing.

    Example:
        >>> import pandas as pd
        >>> is_numbers(pd.DataFrame({"a": [1, 2]})), is_numbers(pd.DataFrame({"a": ["b", "c"]}))
        (True, False)
    """
    if hasattr(frame, "iloc"):
        kinds = {getattr(dtype, "kind", "O") for dtype in frame.dtypes}
        return kinds <= {*"buif"} and not frame.isna().to_numpy().any()

    X = np.asarray(frame)
    return X.dtype.kind in "bui" or (X.dtype.kind == "f" and not np.isnan(X).any())


def holds_frame(path: Path, label: str | None = None) -> bool:
    r"""Whether a file is a table that is not all numbers: with text, dates or missing cells.

    Of text beyond 256 MB only the first 16 MB are looked at.

    Arguments:
        path: The file.
        label: A column that does not count.

    Example:
        >>> holds_frame(Path("digits.npy"))
        False
    """
    known = path.suffix.lower() in {".csv", ".parquet"}

    if not known or not path.is_file() or not find_spec("pandas") or not find_spec("pyarrow"):
        return False

    import pyarrow as pa

    text = path.suffix.lower() == ".csv"

    try:
        table, _ = _read_text(path, path.stat().st_size <= _LARGE) if text else (_kinds(path), "")
    except (OSError, UnicodeDecodeError, pa.ArrowException):
        return False  # the reader of numbers says why

    separated = table.num_columns == 1 and any(c in table.column_names[0] for c in ";\t")
    columns = [c for name, c in zip(table.column_names, table.columns) if name != label]
    numbers = all(_is_plain(c.type, text) and not c.null_count for c in columns)

    return table.num_rows > 0 and not separated and not numbers


def read_frame(path: Path) -> Any:
    r"""Reads a table of any columns, which needs `pandas` and `pyarrow`.

    Columns of text are whole numbers, numbers, truth values, dates or times if all their cells
    are; cells without anything, or with one of the usual words for it, are missing.

    Arguments:
        path: A `.csv` file, whose first row are the names unless it is all numbers; or a
            `.parquet` file.

    Returns:
        A data frame of pandas.

    Raises:
        ValueError: If it is no such table, naming the file and the row.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("width,kind\n1,a\n,b\n")
        >>> read_frame(file)["width"].isna().tolist()
        [False, True]
    """
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    try:
        if path.suffix.lower() == ".parquet":
            return parquet.read_table(path).to_pandas()

        table, problem = _read_text(path, whole=True)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read '{path}': {' '.join(str(error).split())}") from None

    if problem:
        raise ValueError(f"cannot read '{path}': {problem}")

    # Whole numbers stay whole beside missing cells
    nullable: dict[Any, Any] = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    holes = {column.type for column in table.columns if column.null_count}
    frame = table.to_pandas(types_mapper=nullable.get if holes else None, date_as_object=False)

    for name, column in zip(table.column_names, table.columns):
        if holes and column.type in nullable and not column.null_count:
            frame[name] = frame[name].astype("int64" if column.type == pa.int64() else "bool")

    return frame


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
    if kind == ".csv":
        frame.to_csv(path, index=False, lineterminator="\n")
    else:
        frame.to_parquet(path, index=False)


def _read_text(path: Path, whole: bool) -> tuple[Any, str]:
    r"""Returns a table of Arrow, of all rows or of the first, and what is wrong with it."""
    import pyarrow as pa
    from pyarrow import csv

    ragged: list[Any] = []

    def note(row: Any) -> str:
        ragged.append(row)
        return "skip"

    named = _has_names(path)
    size = path.stat().st_size if whole else 2**24
    options = csv.ReadOptions(
        use_threads=False,
        block_size=max(2**20, min(size + 1, 2**31 - 1)),
        autogenerate_column_names=not named,
    )
    parsing = csv.ParseOptions(invalid_row_handler=note, newlines_in_values=True)
    conversion = csv.ConvertOptions(strings_can_be_null=True)

    if whole:
        table = csv.read_csv(path, options, parsing, conversion)
    else:
        with csv.open_csv(path, options, parsing, conversion) as reader:
            table = pa.Table.from_batches([reader.read_next_batch()])

    problem = "" if table.num_rows else "it has a header, and no rows."

    if ragged:
        row = ragged[0]
        problem = (
            f"expected {row.expected_columns} cells in each row, got {row.actual_columns} in row"
            f" {row.number - named}, counted from one without the header: {row.text[:60]!r}."
        )

    names = table.column_names if named else [f"x{i + 1}" for i in range(table.num_columns)]
    return table.rename_columns(names), problem


def _kinds(path: Path) -> Any:
    r"""Returns enough rows of a Parquet file to tell its columns: one, or all if some are null."""
    from pyarrow import Table, parquet

    with parquet.ParquetFile(path) as file:
        if _has_nulls(file):
            return parquet.read_table(path)

        return Table.from_batches([next(file.iter_batches(batch_size=1))], file.schema_arrow)


def _has_nulls(file: Any) -> bool:
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    columns = [group.column(k) for group in groups for k in range(group.num_columns)]

    return any(c.statistics is None or c.statistics.null_count != 0 for c in columns)


def _has_names(path: Path) -> bool:
    r"""Whether the first row of text holds names: something that is no number."""
    import csv

    from .tables import _is_number

    with path.open(newline="", encoding="utf-8-sig") as file:
        first = next((row for row in csv.reader(file) if row), [])

    return not all(cell == "" or _is_number(cell) for cell in first)


def _is_plain(kind: Any, text: bool) -> bool:
    r"""Whether a type of Arrow is one that the readers of numbers know."""
    from pyarrow import types

    numbers = types.is_integer(kind) or types.is_floating(kind)
    return numbers or (types.is_boolean(kind) and not text)
