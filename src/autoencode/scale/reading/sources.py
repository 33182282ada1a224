r"""Files that a pattern, a folder or a list names, and what tells whether they changed."""

__all__ = ["Found", "State", "digest_of", "find_files", "is_hashed_whole", "kind_of", "state_of"]

import glob
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...data import table_suffix
from ...data.listing.names import first_few
from ...data.listing.sources import check_source, list_files
from ...modalities import Modality
from ...modalities.capabilities import NonNumeric, Readable, Tabular, Tokenized, Windowed

Source = str | Path | Sequence[str | Path]

_PATTERN_SIGNS = "*?["
_HASHED_WHOLE = 2**24  # bytes; of larger files, a digest sees evenly spaced blocks
_HASHED_BLOCKS, _BLOCK_BYTES = 256, 2**16


class State(NamedTuple):
    r"""Size and time of modification of a file, in bytes and nanoseconds."""

    size: int
    changed: int


class Found(NamedTuple):
    r"""Files in the order of their names, and the folder that they share."""

    folder: Path
    files: list[Path]
    again: int
    r"""The number of names of files that have another name in the list, which are left out."""

    def name(self, path: Path) -> str:
        r"""Returns the name of a file below the shared folder, with slashes."""
        return Path(os.path.relpath(path, self.folder)).as_posix()


def find_files(source: Source) -> Found:
    r"""Files that a pattern, a folder or a list of these names; each file once.

    Arguments:
        source: A file, a folder with its subfolders, or a pattern such as `"rows/*.parquet"`, in
            which `**` stands for any subfolders; or several of these.

    Raises:
        FileNotFoundError: If there is no such file, or no file matches.
        ValueError: If a name is that of a pipe, a device or an address.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "b.npy").touch(), (folder / "a.npy").touch()
        (None, None)
        >>> [file.name for file in find_files([folder / "*.npy", folder / "a.npy"]).files]
        ['a.npy', 'b.npy']
    """
    given = [source] if isinstance(source, (str, Path)) else [*source]
    named = [path for one in given for path in _matches(Path(one))]
    known: dict[str, Path] = {}

    for path in named:
        known.setdefault(os.path.realpath(path), path)

    files = sorted(known.values(), key=lambda path: os.path.abspath(path))

    if not files:
        raise FileNotFoundError(f"there is no file in {first_few([*map(str, given)])}.")

    folder = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in files])
    return Found(Path(folder), files, len(named) - len(files))


def _matches(path: Path) -> list[Path]:
    check_source(path)

    if path.is_dir():
        listing = list_files(path)
        return [file for file in listing.files if not _is_note(file)]

    if path.exists():
        return [path]

    if not any(sign in str(path) for sign in _PATTERN_SIGNS):
        raise FileNotFoundError(f"there is no file or folder '{path}'.")

    found = [*map(Path, glob.glob(str(path), recursive=True))]
    files = [file for file in found if file.is_file() and not _is_note(file)]

    if not files:
        folders = f": the {len(found):,} names that match are folders" * bool(found)
        raise FileNotFoundError(f"there is no file that matches '{path}'{folders}.")

    return files


def _is_note(path: Path) -> bool:
    r"""Tell whether a file is a note of another program, such as `_SUCCESS`."""
    return path.name.startswith(("_", "."))


def kind_of(path: Path, modality: Modality) -> str:
    r"""The kind of a file, which tells how it is divided.

    Arguments:
        path: The file.
        modality: The kind of data of the model.

    Returns:
        `"parquet"` for groups of rows, `"array"` for rows of a `.npy` file, `"text"` for lines,
        `"media"` for files that are an example each, and `"whole"` for files that are not divided.

    Example:
        >>> from autoencode.modalities import Images, Series, Tables
        >>> kind_of(Path("a.csv.gz"), Tables()), kind_of(Path("a.csv"), Series())
        ('text', 'whole')
        >>> kind_of(Path("a.png"), Images())
        'media'
    """
    table, suffix = table_suffix(path), path.suffix.lower()
    own = isinstance(modality, Readable) and not isinstance(modality, (Tabular, NonNumeric))

    if own and table is None and modality.accepts(path):
        return "media"

    if isinstance(modality, Windowed):  # the rows of a recording belong together
        return "whole"

    if table == ".parquet" or suffix == ".npy":
        return "parquet" if table == ".parquet" else "array"

    lines = table is not None and table not in (".feather", ".arrow")
    is_prose = isinstance(modality, Tokenized) and path.name.lower().endswith((".txt", ".txt.gz"))

    return "text" if lines or is_prose else "whole"


def state_of(paths: Iterable[Path]) -> State:
    r"""The total size of files, and the time at which one of them was changed last.

    Arguments:
        paths: The files.

    Example:
        >>> state_of([]).size
        0
    """
    states = [path.stat() for path in paths]
    changed = max((state.st_mtime_ns for state in states), default=0)
    return State(sum(state.st_size for state in states), changed)


def digest_of(path: Path) -> str:
    r"""Digest of the content of a file: of all bytes up to 16 MB, and of 256 blocks beyond.

    Reading all bytes of larger files could take as long as encoding them.

    Arguments:
        path: The file.

    Example:
        >>> digest_of(Path(__file__)) == digest_of(Path(__file__))
        True
    """
    size = path.stat().st_size
    digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16)

    with path.open("rb") as file:
        if size <= _HASHED_WHOLE:
            digest.update(file.read())
        else:
            for k in range(_HASHED_BLOCKS):
                file.seek(k * (size - _BLOCK_BYTES) // (_HASHED_BLOCKS - 1))
                digest.update(file.read(_BLOCK_BYTES))

    return digest.hexdigest()


def is_hashed_whole(size: int) -> bool:
    r"""Tell whether the digest of a file of this size sees all of its bytes.

    Arguments:
        size: The size in bytes.

    Example:
        >>> is_hashed_whole(2**30)
        False
    """
    return size <= _HASHED_WHOLE
