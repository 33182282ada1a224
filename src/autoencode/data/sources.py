r"""Arrays from files: `.npy`, `.npz`, `.csv` and IDX."""

__all__ = ["read_array"]

import csv
import gzip
import math
import re
import warnings
import zipfile
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

_LARGE = 2**28  # bytes; beyond that a file is mapped into memory and not read at once
_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


class Table(NamedTuple):
    r"""What a file holds: the examples, their labels where it has some, and column names."""

    X: NDArray
    y: NDArray | None = None
    columns: list[str] | None = None


def read_array(path: str | Path, label: str | None = None) -> Table:
    r"""Reads the examples of one file.

    Arguments:
        path: A `.npy` file; a `.npz` file, of whose arrays `X` and `y` are taken, or the
            only one; a `.csv` file of numbers, with or without a header; or a file in the
            IDX format of MNIST, gzipped or not.
        label: The column of a `.csv` file that holds labels, by its name in the header.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is none of these, is damaged, or has no such column.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("width,height,kind\n1.5,2,a\n3,4,b\n")
        >>> X, y, columns = read_array(file, label="kind")
        >>> X.tolist(), y.tolist(), columns
        ([[1.5, 2.0], [3.0, 4.0]], ['a', 'b'], ['width', 'height'])
    """
    path = Path(path)

    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder '{path}'.")

    suffix = path.suffix.lower()

    if label is not None and suffix != ".csv":
        raise ValueError(f"only .csv files have a label column, and '{path}' is none.")

    if suffix == ".csv":
        return _read_csv(path, label)

    try:
        if suffix == ".npy":
            return Table(_read_npy(path))
        if suffix == ".npz":
            return _read_npz(path)
        return Table(_read_idx(path))
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}") from None
    except MemoryError:
        raise ValueError(f"cannot read '{path}': what it announces is more than memory.") from None
    except PermissionError:
        raise
    except Exception as error:  # what numpy, gzip and zipfile raise of a damaged file varies
        raise ValueError(f"cannot read '{path}': it is damaged or truncated ({error}).") from None


def _read_npy(path: Path) -> NDArray:
    large = path.stat().st_size > _LARGE
    array = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)

    if not isinstance(array, np.ndarray):
        raise ValueError("it is a .npz file, to be named so.")

    return array


def _read_npz(path: Path) -> Table:
    with zipfile.ZipFile(path):
        pass  # np.load takes what is no archive for something else

    with np.load(path, allow_pickle=False) as arrays:
        names = arrays.files
        name = "X" if "X" in names else names[0] if len(names) == 1 else None

        if name is None:
            raise ValueError(f"expected an array 'X', or a single one, got {names}.")

        return Table(arrays[name], arrays["y"] if "y" in names and name != "y" else None)


def _read_idx(path: Path) -> NDArray:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"

    with (gzip.open if compressed else open)(path, "rb") as file:
        head = file.read(4)

        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _IDX_TYPES or head[3] == 0:
            raise ValueError("expected a .npy, .npz, .csv or IDX file, or a folder of images.")

        shape = tuple(np.frombuffer(file.read(4 * head[3]), ">u4").tolist())
        dtype = np.dtype(_IDX_TYPES[head[2]])
        expected = dtype.itemsize * math.prod(shape)
        body = file.read()

    if len(shape) < head[3] or len(body) != expected:
        raise ValueError(
            f"it is truncated or damaged: its header announces an array of shape {shape} and"
            f" {expected} bytes, and {len(body)} follow."
        )

    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _read_csv(path: Path, label: str | None) -> Table:
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

            if columns is None:
                file.seek(0)

            at = None if label is None else first.index(label)
            cells = _read_cells(file, len(first), at)
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot read '{path}': it is not UTF-8 text ({error}).") from None
    except (ValueError, csv.Error) as error:
        raise ValueError(f"cannot read '{path}': {error}") from None

    y = None if at is None else cells.pop(at).astype(str)

    if not cells:
        raise ValueError(f"cannot read '{path}': it has no column but that of labels.")

    X = np.stack(cells, axis=1)

    return Table(X, y, columns and [name for i, name in enumerate(columns) if i != at])


def _read_cells(file: TextIO, width: int, label: int | None) -> list[NDArray]:
    r"""Returns the columns that remain of a file: numbers, but for a column of labels."""
    dtype = np.dtype([(f"{i}", object if i == label else float) for i in range(width)])

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "loadtxt: input contained no data")
            rows = np.loadtxt(file, dtype, delimiter=",", quotechar='"', comments=None, ndmin=1)
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        if cell := re.match(r"could not convert string (.*) to \w+ at row (\d+), col", str(error)):
            text, row = cell.groups()
            problem = f"expected numbers, got {text} in row {int(row) + 1}"
        elif cells := re.search(r"but (\d+) were found at row (\d+)", str(error)):
            problem = f"expected {width} cells in each row, got {cells[1]} in row {cells[2]}"
        else:
            problem = str(error)

        raise ValueError(
            f"{problem}, counted from one without the header. Fill in or remove such rows; name"
            " a column of labels with `label`."
        ) from None

    if len(rows) == 0:
        raise ValueError("it has a header, and no rows.")

    return [rows[f"{i}"] for i in range(width)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False

    return True
