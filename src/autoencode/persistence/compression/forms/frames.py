r"""Data frames, with the types, the index and the order of their columns."""

__all__ = ["FrameForm"]

from pathlib import Path
from typing import Any

import numpy as np

from ....data import to_pandas, write_frame
from ....data.tabular.libraries import library_of, native_types
from ....modalities import Modality
from ....modalities.columns.dtypes import dtype_of, name_of_cells
from .base import Form, pack_json, unpack_json
from .cells import differing, packed_cells, with_cells


class FrameForm(Form):
    r"""Data frames of any library.

    Arguments:
        names: The names of the columns.
        types: The names of their types.
        library: The library of the frame.
        natives: The types of the library.
        indexed: Whether rows have an index other than their numbers.
    """

    suffixes = (".csv", ".parquet")

    def __init__(
        self,
        names: list[str | int],
        types: list[str],
        library: str,
        natives: dict[str, str],
        indexed: bool,
    ) -> None:
        self.names = names
        self.types = types
        self.library = library
        self.natives = natives
        self.indexed = indexed

    @classmethod
    def of(cls, X: Any) -> "FrameForm":
        r"""Returns the form of a frame."""
        import pandas as pd

        frame = to_pandas(X)
        names = [n.item() if isinstance(n, np.generic) else n for n in frame.columns]
        types = [name_of_cells(frame[name]) for name in frame.columns]
        plain = isinstance(frame.index, pd.RangeIndex) and frame.index.equals(
            pd.RangeIndex(len(frame))
        )
        indexed = not plain or frame.index.name is not None

        if indexed and (
            isinstance(frame.index, pd.MultiIndex)
            or (
                frame.index.dtype.kind not in "iuO"
                and not pd.api.types.is_string_dtype(frame.index.dtype)
            )
        ):
            raise ValueError(
                f"expected an index of whole numbers or text, got {frame.index.dtype}. Use"
                " X.reset_index(), with a model of this column, or X.reset_index(drop=True)."
            )

        return cls(names, types, library_of(X), native_types(X), indexed)

    @classmethod
    def read(cls, header: dict[str, Any]) -> "FrameForm":
        match header:
            case {
                "names": list() as names,
                "types": list() as types,
                "library": str() as library,
                "natives": dict() as natives,
                "indexed": bool() as indexed,
            } if len(names) == len(types) == len({*names}):
                known = all(isinstance(n, (str, int)) for n in names)

                if known and all(isinstance(t, str) for t in [*types, *natives.values()]):
                    return cls(names, types, library, natives, indexed)

        raise ValueError("its columns are invalid")

    def header(self) -> dict[str, Any]:
        return {
            "form": "frame",
            "names": self.names,
            "types": self.types,
            "library": self.library,
            "natives": self.natives,
            "indexed": self.indexed,
        }

    def prepared(self, X: Any) -> Any:
        return to_pandas(X)

    def part(self, X: Any, first: int, last: int) -> Any:
        return X.iloc[first:last]

    def exceptions(self, X: Any, R: Any) -> bytes:
        plain = X.reset_index(drop=True)
        cast = self._cast(R)
        columns = {}

        for j, name in enumerate(self.names):
            rows = differing(plain[name], cast[j])
            columns[j] = rows, plain[name].iloc[rows]

        index = pack_json([X.index.name, _plain(X.index)]) if self.indexed else b""
        cells = packed_cells(columns)

        if not index and not cells:
            return b""

        return len(index).to_bytes(4, "little") + index + cells

    def corrected(self, R: Any, exceptions: bytes) -> Any:
        import pandas as pd

        end = 4 + int.from_bytes(exceptions[:4], "little")
        columns = with_cells(self._cast(R), exceptions[end:])
        frame = pd.DataFrame(dict(zip(self.names, columns)), index=pd.RangeIndex(len(R)))
        frame = frame[self.names]

        if self.indexed:
            name, index = unpack_json(exceptions[4:end])
            frame.index = pd.Index(index, name=name)

        return frame

    def joined(self, parts: list[Any], modality: Modality) -> Any:
        import pandas as pd

        if not parts:
            raise ValueError("it has no rows")

        frame = pd.concat(parts, ignore_index=not self.indexed) if len(parts) > 1 else parts[0]
        return self.contained(frame)

    def contained(self, frame: Any) -> Any:
        r"""Returns a frame of the library of the user's frame."""
        from ....data.tabular.libraries import from_pandas

        return from_pandas(frame, self.library, self.natives, {})

    def write_parts(self, path: Path, parts: Any, n: int, modality: Modality) -> None:
        write_frame(path, self.joined([*parts], modality), path.suffix.lower())

    def _cast(self, R: Any) -> list[Any]:
        r"""Returns restored columns in the types of the user's columns."""
        R = to_pandas(R)

        if {*R.columns} != {*self.names}:
            raise ValueError("its columns are not those of the model")

        return [
            _typed(R[name].reset_index(drop=True), t) for name, t in zip(self.names, self.types)
        ]


def _typed(column: Any, name: str) -> Any:
    r"""Returns a column in a type, or unchanged if it cannot have the type."""
    if name_of_cells(column) == name or name == "object":
        return column

    try:
        return column.astype(dtype_of(name))
    except (ValueError, TypeError):
        return column


def _plain(index: Any) -> list[Any]:
    found = [label.item() if isinstance(label, np.generic) else label for label in index]

    if wrong := [label for label in found if not isinstance(label, (str, int))]:
        raise ValueError(
            f"expected an index of whole numbers or text, got {wrong[0]!r}. Use"
            " X.reset_index(drop=True)."
        )

    return found
