r"""Several files with the same columns as one table."""

__all__ = ["read_frames", "table_files"]

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..formats import TableFormat, table_suffix
from .reading import UNKNOWN_KINDS, read_frame


def table_files(X: object) -> list[Path]:
    r"""The files of a sequence or a folder if all of them are tables; otherwise none.

    Example:
        >>> len(table_files(["a", "b"])), len(table_files([Path("a.csv"), Path("b.csv.gz")]))
        (0, 2)
    """
    if isinstance(X, (str, Path)):
        inside = sorted(Path(X).iterdir()) if Path(X).is_dir() else []
        files = [file for file in inside if file.name[0] not in "._"]
    elif isinstance(X, (list, tuple)) and all(isinstance(x, (str, Path)) for x in X):
        files = [Path(x) for x in X if isinstance(x, Path) or _is_table(x)]
        files = files if len(files) == len(X) else []
    else:
        return []

    return files if all(table_suffix(file) for file in files) else []


def read_frames(
    paths: Sequence[Path],
    kinds: Mapping[str | int, str] = UNKNOWN_KINDS,
    given: TableFormat | None = None,
) -> Any:
    r"""Reads several files as one table. They have the same columns, in any order.

    Arguments:
        paths: The files.
        kinds: The known kinds of columns, as in :func:`read_frame`; by default the kinds that fit
            the cells of all files.
        given: The known settings of their format.

    Raises:
        ValueError: If a file is not a table, or its columns differ from those of the first.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "1.csv").write_text("a,b\n1,x\n")
        >>> _ = (folder / "2.csv").write_text("b,a\ny,0.5\n")
        >>> read_frames(table_files(folder))
             a  b
        0  1.0  x
        1  0.5  y
    """
    import pandas as pd

    if not paths:
        raise ValueError("expected at least one file, got none.")

    given = (given or TableFormat()).checked()
    frames = [read_frame(path, kinds, given) for path in paths]
    first = [*frames[0].columns]

    for path, frame in zip(paths, frames):
        if {*frame.columns} != {*first}:
            missing = [name for name in first if name not in frame.columns]
            new = [name for name in frame.columns if name not in first]
            what = [f"{missing} are missing"] * bool(missing) + [f"{new} are new"] * bool(new)
            raise ValueError(
                f"expected the columns of '{paths[0]}' in '{path}': {' and '.join(what)}."
            )

    # A column may look like numbers in one file, and be text in another
    common = {n: kind for n in first if (kind := _common([f[n] for f in frames])) is not None}
    kinds = common | dict(kinds)
    formats = [TableFormat.of(f.attrs.get("format")) for f in frames]

    for name in ("decimal", "date_order"):
        value = next((v for f in formats if (v := getattr(f, name)) is not None), None)
        setattr(given, name, getattr(given, name) or value)

    units = {name: unit for f in formats for name, unit in f.units.items()}
    given.units = units

    for path, other in zip(paths, formats):
        if any(other.units.get(name, unit) != unit for name, unit in units.items()):
            raise ValueError(f"expected the units of '{paths[0]}' in '{path}', {units}.")

    frames = [read_frame(path, kinds, given)[first] for path in paths]
    whole = pd.concat(frames, ignore_index=frames[0].index.name is None)
    whole.attrs = {"format": frames[0].attrs.get("format")}

    return whole


def _is_table(name: str) -> bool:
    r"""Tell whether a text is the name of an existing table."""
    return len(name) < 4096 and table_suffix(Path(name)) is not None and Path(name).is_file()


def _common(columns: Sequence[Any]) -> str | None:
    r"""Returns the common kind of columns with the same name in several files."""
    kinds = {_kind(cells) for cells in columns} - {None}

    if kinds == {"number", "float"}:
        return "float"

    return "text" if len(kinds) > 1 else next(iter(kinds), None)


def _kind(cells: Any) -> str | None:
    if cells.isna().all():
        return None

    if isinstance(next(iter(cells.dropna())), datetime.time):
        return "time"

    if hasattr(cells.dtype, "freq"):
        return "period"

    of = {"i": "number", "u": "number", "f": "float", "M": "date", "m": "duration", "b": "truth"}
    return of.get(cells.dtype.kind, "text")
