r"""Several files as one source: a folder or a list of files."""

__all__ = [
    "Files",
    "Listing",
    "Names",
    "as_files",
    "check_source",
    "file_names",
    "first_few",
    "list_files",
    "no_such",
]

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_LOOKED_AT = 100  # number of texts that are examined to tell whether they are names of files
_LONGEST = 1024  # letters; longer texts are not names of files
_NAMED = 5  # number of names in a message
_ADDRESS = re.compile(r"(https?|ftp|s3|gs|file|sftp|hdfs|abfs):/")
_FILE = re.compile(r"[^\n]*[^\s./\\][^\n/\\]*\.[A-Za-z][A-Za-z0-9]{0,5}")
_SUFFIXES = set(
    ".png .jpg .jpeg .tif .tiff .bmp .gif .webp .avif .pgm .ppm .pnm .jp2 .heic .dcm .wav .flac"
    " .ogg .opus .mp3 .aif .aiff .au .m4a .txt .csv .tsv .parquet .npy .npz .jsonl .json .gz .zip"
    " .h5 .mat .pt .pkl .mp4 .avi .mov .pdf .xlsx".split()
)


class Files(tuple[Path, ...]):
    r"""Files in the order in which the user has listed them.

    Example:
        >>> Files([Path("b.png"), Path("a.png")])
        2 files, the first 'b.png'
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{len(self):,} files, the first '{self[0]}'" if self else "no files"


class Listing(NamedTuple):
    r"""Contents of a source: files, their names below a folder, and other entries."""

    folder: Path
    files: list[Path]
    names: list[str]

    lost: dict[str, str]
    r"""Names of unreadable entries, such as broken links, with the reason."""

    hidden: int
    r"""The number of hidden files, whose name or folder begins with a dot."""

    ordered: bool
    r"""True if the order is that of the user, and not that of the names."""


class Names(list[str]):
    r"""File names of examples, one each, and names of files that were left out.

    Arguments:
        names: The names.
        rows: The index of each file among all files that were examined.
        total: The number of these files.
        left_out: The names of files that were left out, with the reasons.
        ordered: True if the order is that of the user, and not that of the names.
        unread: Descriptions of other entries that were left out.

    Example:
        >>> Names(["b.png"], [1], 2, {"a.png": "it is empty"}).summary()
        '1 of 2 files; left out: a.png (it is empty)'
    """

    def __init__(
        self,
        names: Iterable[str],
        rows: Iterable[int],
        total: int,
        left_out: Mapping[str, str] | None = None,
        ordered: bool = False,
        unread: Iterable[str] = (),
    ) -> None:
        super().__init__(names)

        self.rows = [*rows]
        self.total = total
        self.left_out = dict(left_out or {})
        self.ordered = ordered
        self.unread = [*unread]
        self.recordings: Names | None = None
        self.counts: list[int] = []

    def cut(self, names: Iterable[str], counts: Iterable[int]) -> "Names":
        r"""Returns names of windows, with the given count for each recording."""
        counts = [*counts]
        rows = [row for row, n in zip(self.rows, counts) for _ in range(n)]
        windows = Names(names, rows, self.total, self.left_out, self.ordered, self.unread)
        windows.recordings, windows.counts = self, counts

        return windows

    @classmethod
    def of(cls, listing: Listing, bad: Mapping[int, str], unread: Iterable[str] = ()) -> "Names":
        r"""Returns the names of a listing without the unreadable files, given by index."""
        rows = [i for i in range(len(listing.files)) if i not in bad]
        left_out = {listing.names[i]: why for i, why in bad.items()} | listing.lost
        total = len(listing.files) + len(listing.lost)
        hidden = [f"{listing.hidden:,} hidden"] if listing.hidden else []
        names = [listing.names[i] for i in rows]

        return cls(names, rows, total, left_out, listing.ordered, [*hidden, *unread])

    def select(self, rows: Sequence[int]) -> "Names":
        r"""Returns the names of some examples."""
        names, places = [self[i] for i in rows], [self.rows[i] for i in rows]
        return Names(names, places, self.total, self.left_out, self.ordered, self.unread)

    def summary(self) -> str:
        r"""Returns a sentence with the number of files, and those left out with reasons."""
        bad = [first_few([f"{name} ({why})" for name, why in self.left_out.items()])]
        left = "; ".join([*(bad if self.left_out else []), *self.unread]) or "nothing"
        read = len(self if self.recordings is None else self.recordings)
        return f"{read:,} of {self.total:,} files; left out: {left}"


def check_source(path: Path) -> None:
    r"""Refuses pipes and devices, which cannot be read twice, and addresses in a network.

    Arguments:
        path: A path, which need not exist.

    Raises:
        ValueError: If it is neither a regular file nor a folder.

    Example:
        >>> check_source(Path("https://example.org/data.csv"))
        Traceback (most recent call last):
        ...
        ValueError: cannot read 'https:/example.org/data.csv': addresses are not read. Download
        the file, and give its path.
    """
    if _ADDRESS.match(str(path)):
        raise ValueError(
            f"cannot read '{path}': addresses are not read. Download the file, and give its path."
        )

    if path.exists() and not path.is_file() and not path.is_dir():
        raise ValueError(
            f"cannot read '{path}': it is a pipe or a device, which cannot be read twice. Save"
            " its content to a file, and give that file."
        )


def no_such(path: Path) -> FileNotFoundError:
    r"""The error about a path that does not exist, which says that patterns are not read.

    Arguments:
        path: The path.

    Example:
        >>> str(no_such(Path("photos/*.png")))
        "there is no file or folder 'photos/*.png': patterns are not read. Give the folder ..."
    """
    told = f"there is no file or folder '{path}'"

    if not any(sign in path.name for sign in "*?["):
        return FileNotFoundError(f"{told}.")

    return FileNotFoundError(
        f"{told}: patterns are not read. Give the folder '{path.parent}', or in Python the files,"
        f" sorted(Path('{path.parent}').glob('{path.name}'))."
    )


def list_files(source: Path | Files) -> Listing:
    r"""Files of a folder and its subfolders, in the order of their names; or files of a list.

    Links to folders are followed, except for links to a folder above.

    Arguments:
        source: The folder, a single file, or several files.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If a folder is listed among files.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "a.png").touch(), (folder / ".b.png").touch()
        (None, None)
        >>> found = list_files(folder)
        >>> found.names, found.hidden
        (['a.png'], 1)
    """
    if isinstance(source, Files):
        return _listed(source)

    check_source(source)

    if not source.exists():
        raise no_such(source)

    if not source.is_dir():
        return Listing(source.parent, [source], [source.name], {}, 0, False)

    files: list[Path] = []
    lost: dict[Path, str] = {}
    hidden = _walk(source, (), files, lost)
    files.sort()

    return Listing(
        source,
        files,
        [str(file.relative_to(source)) for file in files],
        {str(path.relative_to(source)): why for path, why in sorted(lost.items())},
        hidden,
        False,
    )


def as_files(X: Any, texts: bool = False) -> Files | None:
    r"""Files named by a list, an array or a series; `None` for other data.

    Paths always name files. Texts name files if the files exist.

    Arguments:
        X: The input of the user.
        texts: Whether texts are data if they look like names of files that do not exist.

    Returns:
        The files; `None` if `X` is anything else.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If `X` holds paths and something else.

    Example:
        >>> as_files(["a text", "another"]) is None
        True
        >>> as_files(["cat.png", "dog.png"])
        Traceback (most recent call last):
        ...
        FileNotFoundError: there is no file 'cat.png', and no file 'dog.png': ...
    """
    values = _row(X)

    if values is None or not any(isinstance(value, (str, os.PathLike)) for value in values):
        return None

    paths = [isinstance(value, os.PathLike) for value in values]

    if (
        any(paths)
        and not all(paths)
        and not all(isinstance(v, (str, os.PathLike)) for v in values)
    ):
        i = next(i for i, v in enumerate(values) if not isinstance(v, (str, os.PathLike)))
        raise ValueError(f"expected names of files, got {values[i]!r} as element {i}.")

    if any(paths):
        _check_there([Path(value) for value in values])
        return Files(map(Path, values))

    some = values[:: -(-len(values) // _LOOKED_AT)]

    if not all(map(_exists, some)) and (texts or not all(map(_looks_like_file, some))):
        return None

    if all(map(_exists, values)):
        return Files(map(Path, values))

    if texts or not all(map(_looks_like_file, values)):
        return None

    _check_there([Path(value) for value in values])
    return None


def first_few(names: Sequence[str], most: int = _NAMED) -> str:
    r"""The first few of many names in one line, and the number of the others.

    Control characters are escaped, because a name may contain a line break.

    Arguments:
        names: The names.
        most: The number of names to show.

    Example:
        >>> first_few(["a", "b", "c"], most=2)
        'a; b; and 1 more'
    """
    more = len(names) - most
    shown = ["".join(c if c.isprintable() else ascii(c)[1:-1] for c in n) for n in names[:most]]
    return "; ".join(shown) + (f"; and {more:,} more" if more > 0 else "")


def _row(X: Any) -> list[Any] | None:
    r"""Returns the values of a one-dimensional object that may hold names."""
    if isinstance(X, (list, tuple)):
        return [*X]

    if getattr(X, "ndim", None) != 1 or getattr(X.dtype, "kind", "O") in "buifcmM":
        return None

    return np.asarray(X, dtype=object).tolist() if hasattr(X, "__array__") else None


def _exists(value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or "\0" in value:
        return False

    try:
        return os.path.isfile(value)
    except (OSError, ValueError):  # not a valid name of a file
        return False


def _looks_like_file(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > _LONGEST:
        return False

    return bool(_FILE.fullmatch(value)) and Path(value).suffix.lower() in _SUFFIXES


def _check_there(paths: list[Path]) -> None:
    gone = [f"no file '{path}'" for path in paths if not path.exists()]

    if gone:
        raise FileNotFoundError(
            f"there is {', and '.join(gone[:2])}"
            + (f", and {len(gone) - 2:,} more" if len(gone) > 2 else "")
            + f": of {len(paths):,} listed {len(paths) - len(gone):,} exist. Names are relative to"
            f" '{Path.cwd()}'. If they are texts, use modality=ae.modalities.Texts()."
        )


def _listed(source: Files) -> Listing:
    _check_there([*source])

    for path in source:
        if path.is_dir():
            raise ValueError(
                f"expected files, got the folder '{path}' in a list of {len(source):,} paths: give"
                " the folder alone, or the files in it."
            )

    absolute = [os.path.abspath(path) for path in source]

    try:
        folder = os.path.commonpath([os.path.dirname(path) for path in absolute])
        names = [os.path.relpath(path, folder) for path in absolute]
    except ValueError:  # on several drives
        folder, names = ".", absolute

    return Listing(Path(folder), [*source], names, {}, 0, True)


def _walk(folder: Path, above: tuple[str, ...], files: list[Path], lost: dict[Path, str]) -> int:
    r"""Collects the files below a folder, and returns how many are hidden."""
    here = os.path.realpath(folder)

    if here in above:
        lost[folder] = "a link that leads back to a folder above"
        return 0

    try:
        entries = [*os.scandir(folder)]
    except OSError as error:
        lost[folder] = f"{error.strerror or error}"
        return 0

    hidden = 0

    for entry in entries:
        path = folder / entry.name

        if entry.name.startswith("."):
            hidden += not os.path.isdir(path)
        elif os.path.isdir(path):
            hidden += _walk(path, (*above, here), files, lost)
        elif os.path.isfile(path):
            files.append(path)
        else:
            lost[path] = "a broken link" if entry.is_symlink() else "not a regular file"

    return hidden


def file_names(files: Sequence[str] | None, n: int, end: str) -> list[str]:
    r"""Names of new files, after those of the originals if there are any.

    Arguments:
        files: The files of the originals.
        n: The number of files.
        end: The suffix of the new files.

    Example:
        >>> file_names(["a.jpg", "b.jpg"], 2, ".png"), file_names(None, 2, ".png")
        (['a.png', 'b.png'], ['00000.png', '00001.png'])
        >>> file_names(["B.PNG", "b.png"], 2, ".png")  # on disks that do not tell case
        ['B.PNG-1.png', 'b.png-2.png']
    """
    if files is None:
        return [f"{i:05}{end}" for i in range(n)]

    names = [str(Path(file).with_suffix(end)) for file in files]
    seen = Counter(map(_on_disk, names))

    # `drum.wav` and `drum.flac` keep their suffixes, so that both are written
    names = [n if seen[_on_disk(n)] == 1 else f"{file}{end}" for n, file in zip(names, files)]
    seen = Counter(map(_on_disk, names))

    # `Drum.wav` and `drum.wav` are one file to many disks
    for i, name in enumerate(names):
        if seen[_on_disk(name)] > 1:
            others = (f"{name.removesuffix(end)}-{k}{end}" for k in count(1))
            names[i] = next(other for other in others if _on_disk(other) not in seen)
            seen[_on_disk(names[i])] = 1

    return names


def _on_disk(name: str) -> str:
    r"""Returns a name as disks compare it that know neither letter case nor Unicode forms."""
    return unicodedata.normalize("NFC", name).casefold()
