r"""What a command may replace: nothing that it reads, and of what was there, its own results.

Which files are results of this command line is known from records in the cache: of each file its
size and time of modification, and of which kind the result is. What somebody has changed since, or
what was never written here, is replaced only if the user says so.
"""

__all__ = ["check_files", "guarded"]

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..common.atomic_files import replacing
from ..data import cache_folder
from ..persistence import encoding

_KINDS = {name: "examples" for name in ("sample", "reconstruct", "denoise", "impute")}
_FORCE = "Use another name, or --force to replace it."

Files = dict[str, list[int]]  # size and time of modification, by path


@contextlib.contextmanager
def guarded(command: str, values: Mapping[str, Any]) -> Iterator[None]:
    r"""Runs a command that writes to `out`, if all that stands there may be replaced.

    Arguments:
        command: Its name.
        values: Its arguments. All paths but `out` are read.

    Raises:
        ValueError: If the output is an input, or replaces what is no result of the same kind.

    Example:
        >>> with guarded("transform", {"data": Path("X.npy"), "out": Path("X.npy")}):
        ...     pass  # doctest: +SKIP
        Traceback (most recent call last):
        ValueError: --out 'X.npy' is also DATA, which is only read. Use another name.
    """
    out = values.get("out")

    if out is None:
        yield
        return

    inputs = {k: v for k, v in values.items() if isinstance(v, Path) and k != "out"}
    _check_apart(out, inputs)

    if command == "fit":
        encoding.check_replaceable(out)
        yield
        return

    before = _files(out)

    try:
        yield
    finally:
        after = _files(out)
        _remember(out, command, {k: v for k, v in after.items() if before.get(k) != v})


def check_files(
    command: str,
    files: Iterable[Path],
    inputs: Sequence[Path | None] = (),
    force: bool = False,
) -> None:
    r"""Finds out whether the files of a folder may be replaced, before work is done.

    Arguments:
        command: The name of the command.
        files: What it will write; what is not there yet is nothing to lose.
        inputs: Files and folders that it reads.
        force: Whether results of others may be replaced; files that it reads may never.

    Raises:
        ValueError: If one may not, naming it.

    Example:
        >>> check_files("plot", [Path("nothing-there/codes.png")])
    """
    there = [file for file in files if os.path.lexists(file)]
    read = _identities(p for p in inputs if p is not None) if there else {}

    for file in there:
        if file.is_dir():
            raise ValueError(f"cannot write '{file}': it is a folder.")

        if (source := read.get(_identity(file))) is not None:
            raise ValueError(
                f"cannot write '{file}': it is '{source}', which is only read. Use another folder."
            )

    _check_owned(there, command, force)


def _check_apart(out: Path, inputs: Mapping[str, Path]) -> None:
    r"""Raises if an output is an input, or a file of one, by whatever name."""
    if not out.exists():
        return

    for name, path in inputs.items():
        if path.exists() and os.path.samefile(out, path):
            raise ValueError(
                f"--out '{out}' is also {name.upper()}, '{path}', which is only read. Use another"
                " name."
            )

    if not out.is_dir():
        source = _identities(path for path in inputs.values() if path.is_dir()).get(_identity(out))

        if source is not None:
            raise ValueError(f"--out '{out}' is also an input, '{source}'. Use another name.")


def _identities(paths: Iterable[Path]) -> dict[tuple[int, int], str]:
    r"""Returns the names of all files that are read, by what they are on the disk."""
    found: dict[tuple[int, int], str] = {}

    for path in paths:
        if not path.is_dir():
            found[_identity(path)] = str(path)

        for folder, _, files in os.walk(path):
            for file in files:
                found[_identity(Path(folder, file))] = os.path.join(folder, file)

    return found


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:  # a link to nothing, or gone
        return -1, hash(path)

    return found.st_dev, found.st_ino


def _check_owned(files: Iterable[Path], command: str, force: bool) -> None:
    r"""Raises if what is there is no result of the same kind."""
    for file in files if not force else ():
        if not os.path.lexists(file) or (file.is_file() and file.stat().st_size == 0):
            continue

        if not file.is_file():
            raise ValueError(f"cannot write '{file}': it is no regular file.")

        if (kind := _known(file)) is None:
            raise ValueError(
                f"cannot write '{file}': there is such a file already, which was not written by"
                f" this command line, or was changed since. {_FORCE}"
            )

        if kind != _kind(command, file):
            raise ValueError(f"cannot write '{file}': there are {kind} already. {_FORCE}")


def _kind(command: str, file: Path) -> str:
    usual = _KINDS.get(command, f"results of '{command}'")
    return "pictures" if file.suffix.lower() == ".png" else usual


def _files(out: Path) -> Files:
    r"""Returns what a file and the picture beside it are like, or all files of a folder are."""
    paths: Iterable[Path] = (out, out.with_suffix(".png"))

    if out.is_dir():
        paths = (Path(folder, file) for folder, _, files in os.walk(out) for file in files)

    found: Files = {}

    for path in paths:
        with contextlib.suppress(OSError):
            status = path.stat()
            found[str(path.resolve())] = [status.st_size, status.st_mtime_ns]

    return found


def _remember(out: Path, command: str, files: Files) -> None:
    r"""Keeps for another time that files are results, one record for each of their folders."""
    by_folder: dict[Path, Files] = {}

    for path, found in files.items():
        by_folder.setdefault(Path(path).parent, {})[path] = found

    for folder, new in by_folder.items():
        with contextlib.suppress(OSError):  # without a cache, --force is asked for next time
            old = {k: v for k, v in _records(folder).items() if os.path.exists(k)}
            named = {path: [_kind(command, Path(path)), *new[path]] for path in new}

            with replacing(_record(folder)) as temporary:
                temporary.write_text(json.dumps(old | named))


def _known(file: Path) -> str | None:
    r"""Returns of which kind a result is, if it is one, as it was written."""
    file = file.resolve()
    status = file.stat()
    record = _records(file.parent).get(str(file))

    match record:
        case [str() as kind, size, time] if [size, time] == [status.st_size, status.st_mtime_ns]:
            return kind

    return None


def _records(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads(_record(folder).read_text())
    except (OSError, ValueError):
        return {}

    return found if isinstance(found, dict) else {}


def _record(folder: Path) -> Path:
    name = hashlib.blake2b(os.fsencode(folder), digest_size=16).hexdigest()
    return cache_folder() / "results" / f"{name}.json"
