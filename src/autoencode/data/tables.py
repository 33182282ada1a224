r"""Tables from text and from Parquet, by parts where they are large."""

__all__ = ["Table", "read_csv", "read_parquet"]

import csv
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from .cache import prepare
from .encoding import not_utf8
from .parquet import column_names, opened

_LARGE = 2**28  # bytes, beyond which a table is written to the cache and not read at once
_CELLS = 2**22  # of a table that are read together
_OR_FRAMES = "or fit with modality=Frames() (--modality Frames), for which cells may be missing"


class Table(NamedTuple):
    r"""What a file holds: the examples, their labels where it has some, and column names."""

    X: NDArray
    y: NDArray | None = None
    columns: list[str] | None = None


class _Part(NamedTuple):
    X: NDArray
    y: NDArray | None
    columns: list[str] | None


def read_csv(path: Path, label: str | None = None) -> Table:
    r"""Reads a table of numbers from text, with commas between the cells.

    Arguments:
        path: The file, with or without a header.
        label: The column of labels, by its name in the header.

    Raises:
        ValueError: If it is no such table, or has no such column.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("1,2,3")
        >>> read_csv(file).X
        array([[1., 2., 3.]])
    """
    return _gathered(path, label, path.stat().st_size, _csv_parts(path, label))


def read_parquet(path: Path, label: str | None = None) -> Table:
    r"""Reads a table of numbers from a Parquet file, which needs `pyarrow`.

    Arguments:
        path: The file. Its columns become of the one type that holds the numbers of all.
        label: The column of labels, by its name.

    Raises:
        ValueError: If it is no such table, or has no such column.

    Example:
        >>> read_parquet(Path("table.parquet")).X.shape  # doctest: +SKIP
        (1000, 8)
    """
    with opened(path) as file:
        size = file.metadata.num_rows * file.metadata.num_columns * 8
        return _gathered(path, label, size, _parquet_parts(file, label))


def _gathered(path: Path, label: str | None, size: int, parts: Iterator[_Part]) -> Table:
    r"""Returns a table of some parts: in memory, or in the cache if it is large."""
    if size <= _LARGE:
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
    found = prepare(key, write)
    y = None if label is None else np.load(found.folder / "y.npy")

    return Table(found.X, y, found.about["columns"])


def _csv_parts(path: Path, label: str | None) -> Iterator[_Part]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = next((row for row in csv.reader(file) if row), [])
            columns = None if all(cell == "" or _is_number(cell) for cell in first) else first

            if not first:
                raise ValueError("it is empty.")

            for separator, name in {";": "semicolons", "\t": "tabs"}.items():
                if len(first) == 1 and separator in first[0]:
                    raise ValueError(f"expected commas between the cells, got {name}.")

            if label is not None and (columns is None or label not in columns):
                raise ValueError(f"it has no column '{label}'; it has {columns or 'no header'}.")

            if label is not None and len(first) == 1:
                raise ValueError("it has no column but that of labels.")

            if columns is None:
                file.seek(0)

            at = None if label is None else first.index(label)
            names = columns and [name for i, name in enumerate(columns) if i != at]

            for cells in _cells(file, len(first), at):
                y = None if at is None else cells.pop(at).astype(str)
                yield _Part(np.stack(cells, axis=1), y, names)
    except UnicodeDecodeError:
        raise ValueError(f"cannot read '{path}': {not_utf8(path)}") from None
    except (ValueError, csv.Error) as error:
        raise ValueError(f"cannot read '{path}': {error}") from None


def _cells(file: TextIO, width: int, label: int | None) -> Iterator[list[NDArray]]:
    r"""Yields the columns of some rows at a time: numbers, but for a column of labels."""
    dtype = np.dtype([(f"{i}", object if i == label else float) for i in range(width)])
    n, done = max(1, _CELLS // width), 0

    while True:
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "loadtxt: input contained no data")
                warnings.filterwarnings("ignore", "Input line .* contained no data")
                rows = np.loadtxt(
                    file, dtype, delimiter=",", quotechar='"', comments=None, ndmin=1, max_rows=n
                )
        except UnicodeDecodeError:
            raise
        except ValueError as error:
            raise ValueError(
                f"{_problem(str(error), width, done)}, counted from one without the header. Fill"
                f" in or remove such rows, {_OR_FRAMES}; name a column of labels with `label`."
            ) from None

        done += len(rows)

        if done == 0:
            raise ValueError("it has a header, and no rows.")

        if len(rows):
            yield [rows[f"{i}"] for i in range(width)]

        if len(rows) < n:
            return


def _problem(error: str, width: int, before: int) -> str:
    r"""Returns in our words what numpy says of a row, after so many rows that were fine."""
    if cell := re.match(r"could not convert string (.*) to \w+ at row (\d+), col", error):
        text, row = cell.groups()
        return f"expected numbers, got {text} in row {before + int(row) + 1}"

    if cells := re.search(r"but (\d+) were found at row (\d+)", error):
        row = before + int(cells[2])
        return f"expected {width} cells in each row, got {cells[1]} in row {row}"

    return error


def _parquet_parts(file: Any, label: str | None) -> Iterator[_Part]:
    schema = file.schema_arrow
    known = column_names(file)
    columns = [name for name in known if name != label]
    dtypes = [_dtype(schema.field(name)) for name in columns]

    if label is not None and label not in known:
        raise ValueError(f"it has no column '{label}'; it has {known}.")

    if not columns or file.metadata.num_rows == 0:
        raise ValueError("it has no column but that of labels." if label else "it is empty.")

    dtype, done = np.result_type(*dtypes), 0

    for batch in file.iter_batches(batch_size=max(1, _CELLS // len(schema.names))):
        X = np.empty((len(batch), len(columns)), dtype)

        for k, name in enumerate(columns):
            cells = batch.column(name)

            if cells.null_count:
                row = done + cells.is_null().to_pylist().index(True) + 1
                raise ValueError(
                    f"expected numbers, got none in row {row} of column '{name}'. Fill in or"
                    f" remove such rows, {_OR_FRAMES}."
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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False

    return True
