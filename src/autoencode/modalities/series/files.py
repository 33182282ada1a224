r"""Series from files and folders."""

__all__ = ["holds_series", "read_files"]

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...data import TableFormat, read_array, read_frame
from ...data.listing.names import Names
from ...data.listing.sources import Files, list_files
from .lists import SeriesList, as_list, from_frame

_SUFFIXES = {".csv", ".tsv", ".txt", ".parquet", ".npy"}


def holds_series(path: Path | Files) -> bool:
    r"""Tell whether a path is a table or array, or a folder of tables or arrays.

    Arguments:
        path: The file or folder, or several files.

    Example:
        >>> holds_series(Path("machine.csv"))
        True
    """
    if isinstance(path, Files) or path.is_dir():
        return any(_suffix(file) in _SUFFIXES for file in list_files(path).files)

    return _suffix(path) in _SUFFIXES


def read_files(
    path: Path | Files, columns: dict[str, Any], form: TableFormat | None = None
) -> tuple[Any, Any, Names | None]:
    r"""The series of an array or table, or of a folder with one file for each series.

    Arguments:
        path: The file or folder, or several files.
        columns: Further arguments of :func:`from_frame`.
        form: The known settings of the format of text files.

    Returns:
        The series; the subfolder of each series, or `None` if there are no subfolders; and the
        names of the files of a folder.

    Raises:
        ValueError: If a file cannot be read, or holds no series.
    """
    if isinstance(path, Path) and not path.is_dir():
        return _read_one(path, columns, form), None, None

    listing = list_files(path)
    known = [(i, file) for i, file in enumerate(listing.files) if _suffix(file) in _SUFFIXES]
    others = {*range(len(listing.files))} - {i for i, _ in known}
    bad = dict.fromkeys(sorted(others), f"its suffix is not {', '.join(sorted(_SUFFIXES))}")
    names = Names.of(listing, bad)

    if not known:
        raise ValueError(f"expected files of series, such as .csv or .npy, in '{path}', got none.")

    arrays = [_suffix(file) == ".npy" for _, file in known]

    if any(arrays) and not all(arrays):
        raise ValueError(f"expected tables or arrays in '{path}', got both.")

    if all(arrays):
        series = as_list(read_array(file)[0] for _, file in known)
        series.names = [*names]
    else:
        series = _join_tables([file for _, file in known], names, columns, form)

    parents = [str(Path(name).parent) for name in names]

    if len(series) != len(names):  # a file has several series, told apart by a column
        return series, None, None

    return series, (np.array(parents) if len({*parents}) > 1 else None), names


def _join_tables(
    files: Sequence[Path], names: Sequence[str], columns: dict[str, Any], form: TableFormat | None
) -> SeriesList:
    r"""Returns the series of several tables. A series may continue in another file."""
    import pandas as pd

    frames = [read_frame(file, given=form) for file in files]
    first = [*frames[0].columns]
    key = next(name for k in range(len(first) + 1) if (name := "file" + k * "_") not in first)

    for file, name, frame in zip(files, names, frames):
        if {*frame.columns} != {*first}:
            raise ValueError(
                f"expected the columns of '{files[0]}', {first}, in '{file}', got"
                f" {[*frame.columns]}."
            )

        frame.insert(0, key, name)

    identity = columns["identity"]
    keys = [key] if identity is None else [key, identity]

    try:
        return from_frame(pd.concat(frames, ignore_index=True), **{**columns, "identity": keys})
    except ValueError as error:
        raise ValueError(f"cannot read series from '{files[0].parent}': {error}") from None


def _read_one(path: Path, columns: dict[str, Any], form: TableFormat | None) -> Any:
    if _suffix(path) == ".npy":
        return read_array(path)[0]

    try:
        return from_frame(read_frame(path, given=form), **columns)
    except ValueError as error:
        raise ValueError(f"cannot read series from '{path}': {error}") from None


def _suffix(path: Path) -> str:
    return path.suffix.lower()
