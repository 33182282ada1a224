r"""Arrays from files: `.npy`, `.npz`, `.csv`, `.parquet` and IDX."""

__all__ = ["read_array"]

import gzip
import logging
import math
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..common.batching import data_limits
from .disk_arrays import has_no_maps
from .listing.names import first_few
from .listing.packed import check_growth, most_unpacked
from .listing.sources import check_source, no_such
from .remedies import remedy
from .sparse_rows import as_sparse_rows
from .tabular.formats import TEXTS, TableFormat, table_suffix
from .tabular.frames.reading import read_frame
from .tabular.numeric import Table, read_csv, read_parquet

log = logging.getLogger(__name__)

_ARRAYS = {".npy", ".npz"}
_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_array(
    path: str | Path, label: str | None = None, given: TableFormat | None = None
) -> Table:
    r"""Read the examples of one file.

    Rows of large `.npy` files are read only when they are used. Large tables are rewritten once,
    block by block, to a file in the :func:`cache <autoencode.data.cache_folder>`.

    Arguments:
        path: A `.npy` file; a `.npz` file with arrays `X` and `y`, or with a single array; a
            table of numbers, as for :func:`~autoencode.data.read_table`, with or without a
            header; or a file in the IDX format of MNIST, gzipped or not.
        label: The name of the column of a table that holds the labels.
        given: The known settings of the format of a text table, whatever its suffix.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file has another format, is damaged, or lacks the column.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("width,height,kind\n1.5,2,a\n3,4,b\n")
        >>> X, y, columns = read_array(file, label="kind")
        >>> X.tolist(), y.tolist(), columns
        ([[1.5, 2.0], [3.0, 4.0]], ['a', 'b'], ['width', 'height'])
    """
    path = Path(path)

    check_source(path)

    if not path.exists():
        raise no_such(path)

    suffix = path.suffix.lower()

    table = table_suffix(path)

    if table in TEXTS or (given is not None and table is None and suffix not in _ARRAYS):
        return read_csv(path, label, given)

    if table is not None:
        return (read_parquet if table == ".parquet" else _read_frame)(path, label, given)

    if label is not None:
        raise ValueError(f"only .csv and .parquet files have a label column, not '{path}'.")

    try:
        if suffix == ".npy":
            return Table(_read_npy(path))
        if suffix == ".npz":
            return _read_npz(path)
        return Table(_read_idx(path))
    except ValueError as error:
        reason = str(error)

        if "allow_pickle" in reason:
            reason = (
                "it holds objects of Python, which are not read, as they could run code. Save"
                " numbers, X.astype(float), or a data frame as .parquet."
            )

        raise ValueError(f"cannot read '{path}': {reason}") from None
    except MemoryError:
        raise ValueError(f"cannot read '{path}': its array does not fit in memory.") from None
    except PermissionError:
        raise
    except Exception as error:  # numpy, gzip and zipfile raise various errors for damaged files
        raise ValueError(f"cannot read '{path}': it is damaged or truncated ({error}).") from None


def _read_frame(path: Path, label: str | None, given: TableFormat | None) -> Table:
    r"""Reads numbers from JSON lines or an Arrow file."""
    frame = read_frame(path, given=given)

    if label is not None and label not in frame.columns:
        raise ValueError(
            f"cannot read '{path}': it has no column '{label}'; it has {[*frame.columns]}."
        )

    y = None if label is None else frame.pop(label).to_numpy()
    wrong = [n for n in frame if frame[n].dtype.kind not in "buif" or frame[n].isna().any()]

    if wrong or frame.shape[1] == 0:
        raise ValueError(
            f"cannot read '{path}': expected numbers, got other or missing cells in the columns"
            f" {wrong}. Fit with modality=MixedTables() (--modality MixedTables), which accepts"
            " such cells."
        )

    return Table(frame.to_numpy(), y, [*frame.columns])


def _read_npy(path: Path) -> NDArray:
    large = path.stat().st_size > data_limits().resident_bytes

    try:
        array = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
    except OSError as error:
        if not has_no_maps(error):
            raise

        array = np.load(path, allow_pickle=False)

    if not isinstance(array, np.ndarray):
        raise ValueError("it is a .npz file: rename it to end in .npz.")

    with path.open("rb") as file:
        read_header = {1: npy.read_array_header_1_0, 2: npy.read_array_header_2_0}
        version = npy.read_magic(file)[0]
        read_header.get(version, npy.read_array_header_2_0)(file)
        rest = path.stat().st_size - file.tell() - array.nbytes

    if rest > 0:
        raise ValueError(
            f"{rest:,} bytes follow its array of shape {array.shape}, as if several arrays were"
            " saved to one file: save each to a file of its own, or all with np.savez."
        )

    return array


def _read_npz(path: Path) -> Table:
    with zipfile.ZipFile(path) as archive:  # np.load would misread a file that is none
        check_growth(path, sum(entry.file_size for entry in archive.infolist()))

    with np.load(path, allow_pickle=False) as arrays:
        names = arrays.files

        if {"format", "shape", "data"} <= {*names}:  # as scipy.sparse.save_npz writes it
            from scipy.sparse import load_npz

            return Table(as_sparse_rows(load_npz(path))[0])

        name = "X" if "X" in names else names[0] if len(names) == 1 else None

        if name is None:
            raise ValueError(f"expected an array 'X', or a single one, got {names}.")

        y = arrays["y"] if "y" in names and name != "y" else None

        if others := [other for other in names if other not in (name, "y")]:
            log.info("read %r of '%s'; left out: %s.", name, path, first_few(others))

        return Table(arrays[name], y)


def _remedy(path: Path) -> str:
    r"""Returns advice about a file in an unknown format."""
    if (known := remedy(path)) is not None:
        return f"; {known}"

    try:
        path.read_bytes().decode()
    except UnicodeDecodeError:
        return ", or a file of one image, sound or text in each line, by its suffix"

    return (
        ". It seems to be text. If each line is an example, use modality=Texts() (command line:"
        " --modality Texts), or name it .txt. If it is a table, name it .csv or .tsv. If it has"
        " headings between sequences, as in FASTA, keep the sequences alone"
    )


def _read_idx(path: Path) -> NDArray:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"

    with (gzip.open if compressed else open)(path, "rb") as file:
        head = file.read(4)

        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _IDX_TYPES or head[3] == 0:
            raise ValueError(
                "expected a .npy, .npz, .csv, .parquet or IDX file, or a folder of images or of"
                f" sounds{_remedy(path)}."
            )

        shape = tuple(np.frombuffer(file.read(4 * head[3]), ">u4").tolist())
        dtype = np.dtype(_IDX_TYPES[head[2]])
        expected = dtype.itemsize * math.prod(shape)
        body = file.read(min(expected, most_unpacked(path)) + 1)

    if compressed and len(body) > most_unpacked(path):
        check_growth(path, len(body))

    if len(shape) < head[3] or len(body) != expected:
        raise ValueError(
            f"it is truncated or damaged: its header announces an array of shape {shape} and"
            f" {expected} bytes, and {'more' if len(body) > expected else len(body)} follow."
        )

    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="))
