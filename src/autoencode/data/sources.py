r"""Arrays from files: `.npy`, `.npz`, `.csv` and IDX."""

__all__ = ["read_array"]

import csv
import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
            return Table(np.load(path, allow_pickle=False))
        if suffix == ".npz":
            return _read_npz(path)
        return Table(_read_idx(path))
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}") from None
    except (EOFError, OSError, gzip.zlib.error) as error:  # type: ignore[attr-defined]
        raise ValueError(f"cannot read '{path}': it is damaged or truncated ({error}).") from None


def _read_npz(path: Path) -> Table:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = arrays.files
            name = "X" if "X" in names else names[0] if len(names) == 1 else None

            if name is None:
                raise ValueError(f"expected an array 'X', or a single one, got {names}.")

            return Table(arrays[name], arrays["y"] if "y" in names and name != "y" else None)
    except (KeyError, np.exceptions.AxisError) as error:
        raise ValueError(str(error)) from None
    except Exception as error:
        if type(error).__name__ == "BadZipFile":
            raise ValueError("it is damaged or truncated.") from None
        raise


def _read_idx(path: Path) -> NDArray:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"

    with (gzip.open if compressed else open)(path, "rb") as file:
        head = file.read(4)

        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _IDX_TYPES or head[3] == 0:
            raise ValueError("expected a .npy, .npz, .csv or IDX file, or a folder of images.")

        shape = np.frombuffer(file.read(4 * head[3]), ">i4").astype(int)
        dtype = np.dtype(_IDX_TYPES[head[2]])
        body = file.read()

    if len(shape) < head[3] or len(body) < dtype.itemsize * shape.prod():
        raise ValueError(f"it is truncated: its header tells of shape {tuple(shape)}.")

    return np.frombuffer(body, dtype, shape.prod()).reshape(shape).astype(dtype.newbyteorder("="))


def _read_csv(path: Path, label: str | None) -> Table:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot read '{path}': it is not UTF-8 text ({error}).") from None

    if not first:
        raise ValueError(f"cannot read '{path}': it is empty.")

    columns = None if all(map(_is_number, first)) else first
    wanted = list(range(len(first)))

    if label is not None:
        if columns is None or label not in columns:
            raise ValueError(f"'{path}' has no column '{label}'; it has {columns or 'no header'}.")
        wanted.remove(columns.index(label))

    options = {
        "delimiter": ",",
        "quotechar": '"',
        "skiprows": columns is not None,
        "encoding": "utf-8-sig",
        "comments": None,
    }

    try:
        X = np.loadtxt(path, usecols=wanted, ndmin=2, **options)
        y = (
            None
            if label is None
            else np.loadtxt(path, usecols=first.index(label), ndmin=1, dtype=str, **options)
        )
    except (ValueError, IndexError) as error:
        raise ValueError(
            f"cannot read '{path}' as numbers: {error} Rows count from the first after the"
            " header; name a column of labels with `label`."
        ) from None

    return Table(X, y, None if columns is None else [columns[i] for i in wanted])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False

    return True
