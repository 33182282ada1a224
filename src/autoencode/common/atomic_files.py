r"""Files that are written whole or not at all.

A new file is written under another name in the same folder, and takes its own name once all went
well. The temporary name is short, so that it fits where the final name does. Its writer holds a
lock on it, which the system lets go when the process ends, however it ends: what a killed process
has left is found by its name and its free lock, and deleted by the next write to that folder.
"""

__all__ = ["check_writable", "replacing"]

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # of Windows, where nobody can delete what is open
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"\.autoencode-[0-9a-f]{16}(\.[a-z0-9]{1,15})?")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,15}")
_DAY = 24 * 3600  # seconds


@contextlib.contextmanager
def replacing(path: str | Path, durable: bool = False) -> Iterator[Path]:
    r"""A file beside another to write to, which replaces it once all went well.

    Arguments:
        path: The file to replace, or to make. Missing folders are made.
        durable: Whether to wait until the disk has the new file before it replaces the old one.

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
    path.parent.mkdir(parents=True, exist_ok=True)  # also where it was deleted meanwhile
    temporary, handle = _temporary(path.parent, path.suffix.lower())

    try:
        yield temporary

        if durable:
            os.fsync(handle)

        if fcntl is None:
            os.close(handle)
            handle = -1

        os.replace(temporary, path)
    finally:
        if handle >= 0:
            os.close(handle)

        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_writable(path: str | Path) -> None:
    r"""Finds out whether a file can be written, before work is done that would be lost.

    Missing folders are made. What killed processes have left in the folder is deleted.

    Raises:
        ValueError: If it cannot, saying why.

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
                raise OSError("it is no regular file")

        _sweep(path.parent)
        temporary, handle = _temporary(path.parent, "")
        _discard(temporary, handle)

        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError("it is read-only")
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        raise ValueError(f"cannot write '{path}': {error}.") from None


def _discard(path: Path, handle: int) -> None:
    if fcntl is None:  # of Windows, where what is open cannot be deleted
        os.close(handle)

    path.unlink(missing_ok=True)

    if fcntl is not None:
        os.close(handle)


def _temporary(folder: Path, suffix: str) -> tuple[Path, int]:
    r"""Makes a file that nobody else knows of, and holds its lock."""
    suffix = suffix if _SUFFIX.fullmatch(suffix) else ""  # by which writers know formats
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

    while True:
        path = folder / f".autoencode-{secrets.token_hex(8)}{suffix}"
        handle = os.open(path, flags, 0o666)

        try:
            # Before it is locked, another process may take it for one that was left, and delete it
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
        found = os.fstat(handle)
        mine = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
        free = _lock(handle)
        left = time.time() - found.st_mtime > _DAY if free is None else free

        if mine and left and found.st_nlink == 1:
            os.unlink(path)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool | None:
    r"""Takes the lock of a file; false if another holds it, `None` if there are no locks."""
    if fcntl is None:
        return None

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # of some network file systems
        return None

    return True
