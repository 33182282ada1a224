r"""Files of a folder, or of a list, and errors about paths."""

__all__ = ["Files", "Listing", "check_source", "check_there", "list_files", "no_such"]

import os
import re
from pathlib import Path
from typing import NamedTuple

_ADDRESS = re.compile(r"(https?|ftp|s3|gs|file|sftp|hdfs|abfs):/")


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


def check_there(paths: list[Path]) -> None:
    r"""Refuses a list of files if some do not exist.

    Arguments:
        paths: The files.

    Raises:
        FileNotFoundError: If one does not exist; the message counts them.

    Example:
        >>> check_there([])
    """
    gone = [f"no file '{path}'" for path in paths if not path.exists()]

    if gone:
        raise FileNotFoundError(
            f"there is {', and '.join(gone[:2])}"
            + (f", and {len(gone) - 2:,} more" if len(gone) > 2 else "")
            + f": of {len(paths):,} listed {len(paths) - len(gone):,} exist. Names are relative to"
            f" '{Path.cwd()}'. If they are texts, use modality=ae.modalities.Texts()."
        )


def _listed(source: Files) -> Listing:
    check_there([*source])

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
