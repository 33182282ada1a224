r"""Files that are written whole or not at all.

A new file is written under a temporary name in the same folder, and renamed when it is complete.
The temporary name is short, so that it is valid wherever the final name is. The writer holds a
lock on the file, which the system releases when the process ends in any way. The next write to the
folder deletes temporary files whose lock is free.
"""

__all__ = ["check_distinct", "check_writable", "replacing", "to_plain", "write_json"]

import contextlib
import errno
import json
import math
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # on Windows, where open files cannot be deleted
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"\.autoencode-[0-9a-f]{16}(\.[a-z0-9]{1,15})?")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,15}")
_DAY_SECONDS = 24 * 3600
_NOT_SUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


@contextlib.contextmanager
def replacing(path: str | Path, durable: bool = False) -> Iterator[Path]:
    r"""Temporary file to write to, which replaces another file when the block ends without error.

    Arguments:
        path: The file to replace or create. Missing folders are created.
        durable: Whether to flush the new file to disk before it replaces the old one.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "codes.txt"
        >>> with replacing(file) as temporary:
        ...     _ = temporary.write_text("0.5")
        >>> file.read_text()
        '0.5'
    """
    path = Path(path)

    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)  # the folder may have been deleted
        temporary, handle = _temporary(path.parent, path.suffix.lower())

        try:
            yield temporary

            if durable:
                _flush(handle)

            if fcntl is None:
                os.close(handle)
                handle = -1

            os.replace(temporary, path)
        finally:
            if handle >= 0:
                os.close(handle)

            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_json(path: str | Path, document: Any) -> None:
    r"""Writes a document as JSON, whole or not at all.

    Arguments:
        path: The file.
        document: Mappings, sequences, named tuples and numbers.
    """
    with replacing(path) as temporary:
        text = json.dumps(to_plain(document), indent=2)
        temporary.write_text(text + "\n", encoding="utf-8")


def to_plain(value: Any) -> Any:
    r"""A value as objects of JSON; numbers that JSON lacks are `None`.

    Arguments:
        value: Mappings, sequences, named tuples and numbers.

    Example:
        >>> to_plain({"a": (1.0, float("nan"))})
        {'a': [1.0, None]}
    """
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()

    if isinstance(value, Mapping):
        return {name: to_plain(part) for name, part in value.items()}

    if isinstance(value, (list, tuple)):
        return [to_plain(part) for part in value]

    return None if isinstance(value, float) and not math.isfinite(value) else value


def check_writable(path: str | Path) -> None:
    r"""Check that a file can be written, before long work begins.

    Missing folders are created. Temporary files of killed processes are deleted.

    Raises:
        ValueError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> check_writable(Path(tempfile.mkdtemp()) / "runs" / "model.ae")
    """
    path = Path(path)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)

        if path.is_dir():
            raise IsADirectoryError("it is a folder")

        with contextlib.suppress(FileNotFoundError):
            path.lstat()  # raises if the name is too long for the disk

            if path.exists() and not path.is_file():
                raise OSError("it is not a regular file")

        _sweep(path.parent)
        temporary, handle = _temporary(path.parent, "")
        _discard(temporary, handle)

        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError("it is read-only")
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        reason = getattr(error, "strerror", None) or error

        if isinstance(error, (FileExistsError, NotADirectoryError)):
            reason = f"'{path.parent}' is not a folder"

        raise ValueError(f"cannot write '{path}': {reason}.") from None


def check_distinct(new: Iterable[Path], read: Iterable[Path]) -> None:
    r"""Check that no output is an input, under any name or link.

    Arguments:
        new: The files to write, which need not exist.
        read: The files to read.

    Raises:
        ValueError: If a file is both.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> check_distinct([folder / "new.npy"], [folder / "x.npy"])
    """
    inputs = {}

    for path in read:
        with contextlib.suppress(OSError):
            inputs[path.stat().st_dev, path.stat().st_ino] = path

    for path in new:
        with contextlib.suppress(OSError):
            status = path.stat()

            if (source := inputs.get((status.st_dev, status.st_ino))) is not None:
                raise ValueError(
                    f"cannot write '{path}': it is the input '{source}'. Use another name."
                )


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    r"""Puts the name of a file into errors that name its temporary file or no file."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not _NAME.fullmatch(Path(error.filename).name):
            raise

        # The error that numpy raises for a short write has no error number
        cut_off = f"it could not be written completely ({error})"
        reason = os.strerror(error.errno) if error.errno else cut_off
        raise OSError(error.errno, reason, str(path)) from error


def _flush(handle: int) -> None:
    r"""Flushes a file to disk, where the file system can do so."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise


def _discard(path: Path, handle: int) -> None:
    if fcntl is None:  # on Windows, where open files cannot be deleted
        os.close(handle)

    path.unlink(missing_ok=True)

    if fcntl is not None:
        os.close(handle)


def _temporary(folder: Path, suffix: str) -> tuple[Path, int]:
    r"""Creates a file with a new name, and locks it."""
    suffix = suffix if _SUFFIX.fullmatch(suffix) else ""  # some writers derive the format from it
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

    while True:
        path = folder / f".autoencode-{secrets.token_hex(8)}{suffix}"
        handle = os.open(path, flags, 0o666)

        try:
            # Another process may delete the file as a leftover before it is locked
            if _lock(handle) is not False and os.fstat(handle).st_nlink == 1:
                return path, handle
        except BaseException:
            os.close(handle)
            path.unlink(missing_ok=True)
            raise

        os.close(handle)


def _sweep(folder: Path) -> None:
    r"""Deletes the temporary files of processes that have ended."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _delete_if_left(entry.path)


def _delete_if_left(path: str) -> None:
    handle = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))

    try:
        status = os.fstat(handle)
        is_own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
        free = _lock(handle)
        left = time.time() - status.st_mtime > _DAY_SECONDS if free is None else free

        if is_own and left and status.st_nlink == 1:
            os.unlink(path)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool | None:
    r"""Locks a file; false if another process holds the lock, `None` without support for locks."""
    if fcntl is None:
        return None

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # on some network file systems
        return None

    return True
