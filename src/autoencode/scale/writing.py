r"""Outputs of parts, written block by block."""

__all__ = ["ArrayWriter", "ParquetWriter", "fixed_size_lists"]

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .verbs import Columns, concatenated

_HEADER_BYTES = 256  # room for the shape of an array, which is known at the end


class ParquetWriter:
    r"""Writer of a Parquet file. The columns `file` and `row` tell where each row comes from.

    Arrays of more than one dimension become lists of a fixed size; the metadata of the file hold
    their shape.

    Arguments:
        path: The file.
        about: Metadata, ready for JSON.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        self.about = dict(about)
        self.rows = 0
        self._writer: Any = None

    def write(
        self, columns: Columns, files: Sequence[str], rows: NDArray, ids: tuple[str, Any] | None
    ) -> None:
        r"""Writes rows.

        Arguments:
            columns: The results.
            files: The name of the file of each row.
            rows: The place of each row in its file.
            ids: The name and the cells of the column of ids.
        """
        import pyarrow as pa
        from pyarrow import parquet

        names = [os.fsencode(name).decode("utf-8", "replace") for name in files]
        cells: dict[str, Any] = {"file": pa.array(names), "row": rows}
        cells |= {} if ids is None else {ids[0]: ids[1]}
        shapes = {name: v.shape[1:] for name, v in columns.items() if np.ndim(v) > 2}
        taken = {*cells}

        for name, values in columns.items():
            name = name if name not in taken else f"{name}_{self.about['verb']}"
            cells[name] = fixed_size_lists(values) if np.ndim(values) > 1 else pa.array(values)

        table = pa.table(cells)

        if self._writer is None:
            about = json.dumps({**self.about, "shapes": shapes})
            schema = table.schema.with_metadata({"autoencode": about})
            plain = {"column_encoding": {"row": "DELTA_BINARY_PACKED"}, "use_dictionary": ["file"]}
            self._writer = parquet.ParquetWriter(self.path, schema, compression="zstd", **plain)

        self._writer.write_table(table.cast(self._writer.schema))
        self.rows += len(rows)

    def __enter__(self) -> "ParquetWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError:
                if kind is None:
                    raise


class ArrayWriter:
    r"""Writer of a `.npy` file of numbers, without names of rows and columns.

    Arguments:
        path: The file.
        about: Not written.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.rows = 0
        self._file = path.open("wb", buffering=0)
        self._file.write(bytes(_HEADER_BYTES))
        self._like: NDArray | None = None

    def write(
        self, columns: Columns, files: Sequence[str], rows: NDArray, ids: tuple[str, Any] | None
    ) -> None:
        r"""Writes rows, as for :meth:`ParquetWriter.write`."""
        X = np.ascontiguousarray(concatenated(columns))
        left = X.reshape(-1).view(np.uint8).data

        while len(left):  # an unbuffered file may write a part
            left = left[self._file.write(left) :]

        self.rows, self._like = self.rows + len(X), X[:0]

    def __enter__(self) -> "ArrayWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if kind is None and self._like is not None:
                self._file.seek(0)
                self._file.write(_header(self._like.dtype, (self.rows, *self._like.shape[1:])))


def _header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    r"""Returns the beginning of a `.npy` file, with a fixed size."""
    described = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    start = npy.magic(1, 0)
    text = repr(described).encode("latin1")
    room = _HEADER_BYTES - len(start) - 2

    return start + room.to_bytes(2, "little") + text.ljust(room - 1) + b"\n"


def fixed_size_lists(X: NDArray) -> Any:
    r"""An Arrow array with a list of a fixed size for each row of an array.

    Arguments:
        X: The array, with shape `(N, *)`.

    Example:
        >>> str(fixed_size_lists(np.zeros((2, 3), np.float32)).type)
        'fixed_size_list<element: float not null>[3]'
    """
    import pyarrow as pa

    size = math.prod(X.shape[1:])
    values = pa.array(np.ascontiguousarray(X).reshape(-1))
    kind = pa.list_(pa.field("element", values.type, nullable=False), size)

    return pa.FixedSizeListArray.from_arrays(values, type=kind)
