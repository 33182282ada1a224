r"""Numeric tables as arrays, from text and Parquet. Large tables are read in blocks."""

__all__ = ["Table", "read_csv", "read_parquet"]

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...common.batching import data_limits
from ..cache import prepare
from .delimited import Reading, batches_of, needs_arrow, read_text
from .doubts import announce
from .formats import TableFormat
from .layouts import Layout
from .parquet import column_names, open_parquet
from .text_rows import opened_text, rows_of

_USE_MIXED_TABLES = (
    "or fit with modality=MixedTables() (--modality MixedTables), which accepts missing cells"
)


class Table(NamedTuple):
    r"""Contents of a file: examples, their labels if any, and column names."""

    X: NDArray
    y: NDArray | None = None
    columns: list[str] | None = None


class _Part(NamedTuple):
    X: NDArray
    y: NDArray | None
    columns: list[str] | None


def read_csv(path: Path, label: str | None = None, given: TableFormat | None = None) -> Table:
    r"""Reads a table of numbers from text or JSON lines, which needs `pyarrow`.

    Arguments:
        path: The file, with or without a header.
        label: The column of labels, by its name in the header.
        given: The known settings of its format.

    Raises:
        ValueError: If the file is not a table of numbers, or lacks the column.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("1,2,3")
        >>> read_csv(file).X
        array([[1., 2., 3.]])
    """
    needs_arrow(path)
    size = path.stat().st_size
    kinds: dict[str | int, str] = {} if label is None else {label: "text"}
    small = size <= data_limits().resident_bytes
    reading = read_text(path, given or TableFormat(), kinds, whole=small)

    try:
        parts = _csv_parts(path, label, reading, large=not small)
        return _gathered(path, label, size, parts, reading.format)
    except ValueError as error:
        reason = str(error)
        raise ValueError(
            reason if reason.startswith("cannot read") else f"cannot read '{path}': {reason}"
        ) from None


def read_parquet(path: Path, label: str | None = None, given: TableFormat | None = None) -> Table:
    r"""Reads a table of numbers from a Parquet file, which needs `pyarrow`.

    Arguments:
        path: The file. The array has a type that can hold the numbers of all columns.
        label: The column of labels, by its name.
        given: The known settings of its format, of which the index column is taken.

    Raises:
        ValueError: If the file is not a table of numbers, or lacks the column.
    """
    index = None if given is None else given.index_column

    with open_parquet(path) as file:
        size = file.metadata.num_rows * file.metadata.num_columns * 8
        return _gathered(path, label, size, _parquet_parts(file, label, index))


def _gathered(
    path: Path,
    label: str | None,
    size: int,
    parts: Iterator[_Part],
    given: TableFormat | None = None,
) -> Table:
    r"""Returns a table of all parts, in memory, or in the cache if it is large."""
    if size <= data_limits().resident_bytes:
        known = [*parts]
        labels = [part.y for part in known if part.y is not None]
        y = np.concatenate(labels) if labels else None
        X = known[0].X if len(known) == 1 else np.concatenate([part.X for part in known])

        return Table(X, y, known[0].columns)

    def write(place: Path) -> dict[str, Any]:
        n = 0
        labels: list[NDArray] = []

        with (place / "X").open("wb") as file:
            for part in parts:
                file.write(np.ascontiguousarray(part.X).data)
                labels += [] if part.y is None else [part.y]
                n += len(part.X)

        if labels:
            np.save(place / "y.npy", np.concatenate(labels))

        return {
            "dtype": str(part.X.dtype),
            "shape": (n, part.X.shape[1]),
            "columns": part.columns,
        }

    about = path.stat()
    key = ["table", str(path.resolve()), about.st_size, about.st_mtime_ns, label]
    key += [] if given is None else [given.document()]
    gathered = prepare(key, write)
    y = None if label is None else np.load(gathered.folder / "y.npy")

    return Table(gathered.X, y, gathered.about["columns"])


def _csv_parts(path: Path, label: str | None, reading: Reading, large: bool) -> Iterator[_Part]:
    r"""Yields the numbers of a table in text, in blocks if the table is large."""
    import pyarrow as pa

    layout = reading.layout
    names = [name for name in layout.names if name]

    if label is not None and (label not in names or not layout.header):
        known = names if layout.header else "no header"
        raise ValueError(f"it has no column '{label}'; it has {known}.")

    columns = [name for name in names if name not in (label, layout.row_names)]

    if not columns:
        raise ValueError("it has no column except that of the labels.")

    announce(path, reading)
    kept = columns if layout.header else None
    done = 0

    try:
        texts = {name for name in (label, layout.row_names) if name is not None}

        for table in batches_of(path, reading, texts) if large else [reading.table]:
            y = None if label is None else _labels(table.column(label))
            yield _Part(_numbers(table.select(columns), done), y, kept)
            done += table.num_rows
    except pa.ArrowException:  # it does not name the cell
        raise ValueError(_first_wrong(path, layout, columns)) from None


def _labels(cells: Any) -> NDArray:
    return np.array(["" if cell is None else cell for cell in cells.to_pylist()]).astype(str)


def _numbers(table: Any, before: int) -> NDArray:
    r"""Returns the numbers of an Arrow table.

    Arguments:
        table: The table.
        before: The number of rows of the file before it.

    Raises:
        ValueError: If a cell is missing, or is not a number.
    """
    from pyarrow import types

    wrong: list[tuple[int, str]] = []
    X = np.empty((table.num_rows, table.num_columns))

    for k, column in enumerate(table.columns):
        numbers = types.is_integer(column.type) or types.is_floating(column.type)
        numbers = numbers or types.is_boolean(column.type)

        if numbers and not column.null_count:
            X[:, k] = column.to_numpy()
        else:
            cells = column.to_pylist()
            bad = (
                i for i, c in enumerate(cells) if c is None or (not numbers and not _is_number(c))
            )
            i = next(bad, 0)
            wrong.append((i, "" if cells[i] is None else str(cells[i])))

    if wrong:
        i, cell = min(wrong)
        raise ValueError(_expected(cell, before + i + 1))

    return X


def _expected(cell: str, row: int) -> str:
    return (
        f"expected numbers, got {cell!r} in row {row}, counted from one without the header. Fill"
        f" in or remove such rows, {_USE_MIXED_TABLES}. Name a column of labels with `label`. If"
        " cells are written in another way, set --decimal, --thousands, --missing-values or"
        " --date-order (autoencode.data.read_table)."
    )


def _first_wrong(path: Path, layout: Layout, columns: list[str]) -> str:
    r"""Returns a message about the first cell of a large table that is not a number."""
    at = [layout.names.index(name) for name in columns]

    with opened_text(path, layout.encoding) as text:
        rows = (
            row
            for line, row in rows_of(text, layout.separator, layout.escaped, layout.spaced)
            if line > layout.skip
        )

        for i, row in enumerate(rows):
            for j in at:
                if j >= len(row) or not _is_number(row[j]):
                    return _expected(row[j] if j < len(row) else "", i + 1)

    return "expected only numbers."


def _parquet_parts(file: Any, label: str | None, index: str | None) -> Iterator[_Part]:
    schema = file.schema_arrow
    known = column_names(file)
    index = known[0] if index == "yes" and known else index
    columns = [name for name in known if name not in (label, index)]
    dtypes = [_dtype(schema.field(name)) for name in columns]

    if label is not None and label not in known:
        raise ValueError(f"it has no column '{label}'; it has {known}.")

    if not columns or file.metadata.num_rows == 0:
        raise ValueError("it has no column except the labels." if label else "it is empty.")

    dtype, done = np.result_type(*dtypes), 0

    for batch in file.iter_batches(batch_size=max(1, _cells_per_block() // len(schema.names))):
        X = np.empty((len(batch), len(columns)), dtype)

        for k, name in enumerate(columns):
            cells = batch.column(name)

            if cells.null_count:
                row = done + cells.is_null().to_pylist().index(True) + 1
                raise ValueError(
                    f"expected numbers, got none in row {row} of column '{name}'. Fill in or"
                    f" remove such rows, {_USE_MIXED_TABLES}."
                )

            X[:, k] = cells.to_numpy(zero_copy_only=False)

        done += len(batch)
        y = None if label is None else np.array(batch.column(label).to_pylist())

        yield _Part(X, y, columns)


def _dtype(field: Any) -> np.dtype:
    try:
        dtype = np.dtype(field.type.to_pandas_dtype())
    except (NotImplementedError, TypeError):
        dtype = np.dtype(object)

    if dtype.kind not in "buif":
        raise ValueError(
            f"expected numbers, got {field.type} in column '{field.name}'. Remove it, or name a"
            " column of labels with `label`."
        )

    return dtype


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False

    return True


def _cells_per_block() -> int:
    return 2 * data_limits().block_numbers
