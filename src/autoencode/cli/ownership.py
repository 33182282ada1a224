r"""Protection of files from being overwritten: inputs always, others unless `--force` is set.

A command replaces only earlier results of its own kind. Records in the cache identify these by
path, size and time of modification. A file that was changed since, or that is not such a result,
is replaced only with `--force`.
"""

__all__ = ["check_replaceable", "protect_inputs"]

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

_KIND_OF_COMMAND = {
    name: "examples" for name in ("sample", "reconstruct", "denoise", "impute", "inpaint")
}
_OUTPUTS = ("out", "maps")  # flags of files and folders that a command writes
_FORCE_HINT = "Use another name, or --force to replace it."

FileStates = dict[str, list[int]]  # size and time of modification, by path


@contextlib.contextmanager
def protect_inputs(command: str, values: Mapping[str, Any]) -> Iterator[None]:
    r"""Refuse to overwrite the inputs of a command, and record its results afterwards.

    Arguments:
        command: The name of the command.
        values: Its arguments. All paths but `out` and `maps` are inputs.

    Raises:
        ValueError: If the output is an input, or a model would replace another kind of file.
    """
    outs = {k: v for k in _OUTPUTS if (v := values.get(k)) is not None}

    if not outs:
        yield
        return

    inputs = {k: v for k, v in values.items() if isinstance(v, Path) and k not in outs}

    for flag, out in outs.items():
        _check_distinct(flag, out, inputs)

    if command == "fit":
        encoding.check_replaceable(outs["out"])
        yield
        return

    before = {flag: _states(out) for flag, out in outs.items()}

    try:
        yield
    finally:
        for flag, out in outs.items():
            new = {k: v for k, v in _states(out).items() if before[flag].get(k) != v}
            _record_results(command, new)


def check_replaceable(
    command: str,
    files: Iterable[Path],
    inputs: Sequence[Path | None] = (),
    force: bool = False,
) -> None:
    r"""Check before any work is done that output files may be replaced.

    Arguments:
        command: The name of the command.
        files: The files that it will write, which need not exist.
        inputs: The files and folders that it reads, which are never replaced.
        force: Whether files that are not its own earlier results may be replaced.

    Raises:
        ValueError: If a file may not be replaced.

    Example:
        >>> check_replaceable("plot", [Path("nothing-there/codes.png")])
    """
    there = [file for file in files if os.path.lexists(file)]
    read = _identities(p for p in inputs if p is not None) if there else {}

    for file in there:
        if file.is_dir():
            raise ValueError(f"cannot write '{file}': it is a folder.")

        if (source := read.get(_identity(file))) is not None:
            raise ValueError(
                f"cannot write '{file}': it is the input '{source}'. Use another folder."
            )

    _check_own_results(there, command, force)


def _check_distinct(flag: str, out: Path, inputs: Mapping[str, Path]) -> None:
    r"""Raises if an output is an input, or a file of an input folder, under any name."""
    if not out.exists():
        return

    for name, path in inputs.items():
        if path.exists() and os.path.samefile(out, path):
            raise ValueError(
                f"--{flag} '{out}' is the input {name.upper()}, '{path}'. Use another name."
            )

    if not out.is_dir():
        source = _identities(path for path in inputs.values() if path.is_dir()).get(_identity(out))

        if source is not None:
            raise ValueError(f"--{flag} '{out}' is the input '{source}'. Use another name.")


def _identities(paths: Iterable[Path]) -> dict[tuple[int, int], str]:
    r"""Returns the names of all input files, by device and inode."""
    identities: dict[tuple[int, int], str] = {}

    for path in paths:
        if not path.is_dir():
            identities[_identity(path)] = str(path)

        for folder, _, files in os.walk(path):
            for file in files:
                identities[_identity(Path(folder, file))] = os.path.join(folder, file)

    return identities


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:  # a broken link, or a deleted file
        return -1, hash(path)

    return status.st_dev, status.st_ino


def _check_own_results(files: Iterable[Path], command: str, force: bool) -> None:
    r"""Raises if a file is not an earlier result of the same kind."""
    for file in files if not force else ():
        if not os.path.lexists(file) or (file.is_file() and file.stat().st_size == 0):
            continue

        if not file.is_file():
            raise ValueError(f"cannot write '{file}': it is not a regular file. Use another name.")

        if (kind := _recorded_kind(file)) is None:
            raise ValueError(
                f"cannot write '{file}': the file exists, and is not an unchanged result of"
                f" autoencode. {_FORCE_HINT}"
            )

        if kind != _kind_of_result(command, file):
            raise ValueError(f"cannot write '{file}': it already holds {kind}. {_FORCE_HINT}")


def _kind_of_result(command: str, file: Path) -> str:
    default = _KIND_OF_COMMAND.get(command, f"results of '{command}'")
    return "pictures" if file.suffix.lower() == ".png" else default


def _states(out: Path) -> FileStates:
    r"""Returns the states of a file and the picture beside it, or of all files in a folder."""
    paths: Iterable[Path] = (out, out.with_suffix(".png"))

    if out.is_dir():
        paths = (Path(folder, file) for folder, _, files in os.walk(out) for file in files)

    states: FileStates = {}

    for path in paths:
        with contextlib.suppress(OSError):
            status = path.stat()
            states[str(path.resolve())] = [status.st_size, status.st_mtime_ns]

    return states


def _record_results(command: str, files: FileStates) -> None:
    r"""Records files as results, with one record per folder."""
    by_folder: dict[Path, FileStates] = {}

    for path, found in files.items():
        by_folder.setdefault(Path(path).parent, {})[path] = found

    for folder, new in by_folder.items():
        with contextlib.suppress(OSError):  # without a cache, the next run needs --force
            old = {k: v for k, v in _records(folder).items() if os.path.exists(k)}
            named = {path: [_kind_of_result(command, Path(path)), *new[path]] for path in new}

            with replacing(_record_path(folder)) as temporary:
                temporary.write_text(json.dumps(old | named))


def _recorded_kind(file: Path) -> str | None:
    r"""Returns the kind of a result, or `None` if it was changed or is not a result."""
    file = file.resolve()
    status = file.stat()
    record = _records(file.parent).get(str(file))

    match record:
        case [str() as kind, size, time] if [size, time] == [status.st_size, status.st_mtime_ns]:
            return kind

    return None


def _records(folder: Path) -> dict[str, Any]:
    try:
        records = json.loads(_record_path(folder).read_text())
    except (OSError, ValueError):
        return {}

    return records if isinstance(records, dict) else {}


def _record_path(folder: Path) -> Path:
    name = hashlib.blake2b(os.fsencode(folder), digest_size=16).hexdigest()
    return cache_folder() / "results" / f"{name}.json"
