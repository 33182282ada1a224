r"""Cache of prepared data: folders of images, large tables, and streams.

The cache is the subfolder `autoencode` of the system's cache folder, or of the folder that the
environment variable `AUTOENCODE_CACHE` names. It may be deleted while no process uses it. When
new data are prepared, entries that were not used for 90 days are deleted. An entry is deleted only
if a tag in it proves that this library made it, and if no process holds its lock.
"""

__all__ = ["Prepared", "Spool", "cache_folder", "prepare"]

import contextlib
import errno
import hashlib
import io
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray

from ..common.batching import data_limits
from ..common.locks import locked
from .disk_arrays import mapped

log = logging.getLogger(__name__)

_VERSION = 4  # of the content of the files
_KEEP_SECONDS = 90 * 24 * 3600  # seconds after the last use

_NAME = re.compile(r"([0-9a-f]{32})(\.partial)?")
_TAG = "CACHEDIR.TAG"  # excludes the folder from backups, see https://bford.info/cachedir
_SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55"
# Numpy gives no error number for a short write
_DISK_FULL_ERRORS = {errno.ENOSPC, errno.EDQUOT, None}


class Prepared(NamedTuple):
    r"""Entry of the cache: an array in a file, and its metadata."""

    X: NDArray
    about: dict[str, Any]
    folder: Path


def cache_folder() -> Path:
    r"""The folder of the cache.

    Example:
        >>> cache_folder().name
        'autoencode'
    """
    if chosen := os.environ.get("AUTOENCODE_CACHE"):
        return Path(chosen).expanduser() / "autoencode"

    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"

    return Path(base).expanduser() / "autoencode"


def prepare(key: Any, make: Callable[[Path], dict[str, Any]]) -> Prepared:
    r"""Prepare data once, and find them in the cache afterwards.

    If several processes need the same data, one prepares them and the others wait. After a kill,
    the next process continues the unfinished work. Damaged entries are prepared again.

    Arguments:
        key: Everything on which the result depends, as JSON values.
        make: Writes the array as the file `X`, and any other files, to a folder, and returns
            metadata: at least `dtype` and `shape` of the array.

    Raises:
        ValueError: If the cache cannot be written.
    """
    name = hashlib.blake2b(json.dumps([_VERSION, key]).encode(), digest_size=16).hexdigest()
    folder = cache_folder() / name

    if (file := _find(folder, name)) is None:
        with _explained():
            folder.parent.mkdir(parents=True, exist_ok=True)

        with _explained(), locked(folder.with_suffix(".lock"), wait=_say_waiting):
            file = _find(folder, name) or _make(folder, name, make)

        _prune()

    with contextlib.suppress(OSError):  # the cache may belong to another user
        os.utime(folder / "info.json")

    return file


class Spool:
    r"""Rows of unknown number, in memory if they are few, and else in a file.

    The file has no name, and is deleted together with the array that it holds.

    Example:
        >>> spool = Spool()
        >>> for row in np.eye(3):
        ...     spool.append(row[None])
        >>> spool.array().shape
        (3, 3)
    """

    def __init__(self) -> None:
        self.file: BinaryIO = io.BytesIO()
        self.like: NDArray | None = None

    def append(self, rows: NDArray) -> None:
        r"""Adds rows, of the type and shape of the first."""
        self.like = rows[:0].copy() if self.like is None else self.like

        with _explained():
            self.file.write(np.ascontiguousarray(rows).data.cast("B") if rows.size else b"")

            large = self.file.tell() > data_limits().resident_bytes

            if isinstance(self.file, io.BytesIO) and large:
                cache_folder().mkdir(parents=True, exist_ok=True)
                file = tempfile.TemporaryFile(dir=cache_folder())
                file.write(self.file.getbuffer())
                self.file = file

    def array(self) -> NDArray:
        r"""Returns all rows. No more rows can be added afterwards.

        Raises:
            ValueError: If there are no rows.
        """
        if self.like is None:
            raise ValueError("expected at least one example, got none.")

        if isinstance(self.file, io.BytesIO):
            return np.frombuffer(self.file.getbuffer(), self.like.dtype).reshape(
                -1, *self.like.shape[1:]
            )

        with self.file as file, _explained():
            file.flush()
            rows: Any = mapped(file, self.like.dtype)

            if hasattr(rows, "filename"):  # a memory map
                rows.file = os.dup(file.fileno())  # rows are read from this descriptor
                weakref.finalize(rows, os.close, rows.file)

        return rows.reshape(-1, *self.like.shape[1:])


def _find(folder: Path, name: str) -> Prepared | None:
    r"""Returns the entry in a folder of the cache, if it is complete."""
    try:
        document = json.loads((folder / "info.json").read_text())
        about = document["about"]

        if document["name"] != name or document["sizes"] != _sizes(folder):
            return None

        X = mapped(folder / "X", about["dtype"]).reshape(about["shape"])
    except (OSError, ValueError, KeyError, TypeError):
        return None

    return Prepared(X, about, folder)


def _make(folder: Path, name: str, make: Callable[[Path], dict[str, Any]]) -> Prepared:
    partial = folder.with_suffix(".partial")

    for place in (folder, partial):
        if os.path.lexists(place) and not (_is_ours(place) or _is_empty(place)):
            raise ValueError(f"'{place}' is in the way, and not part of the cache. Move it.")

    partial.mkdir(exist_ok=True)

    try:
        (partial / _TAG).write_text(_tag(name))
        about = make(partial)
        (partial / "info.json").unlink(missing_ok=True)
        document = {"name": name, "about": about, "sizes": _sizes(partial)}
        (partial / "info.json").write_text(json.dumps(document))
    except OSError as error:
        if error.errno in _DISK_FULL_ERRORS:  # the unfinished entry would keep the disk full
            shutil.rmtree(partial, ignore_errors=True)
        raise

    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    file = _find(folder, name)

    if file is None:
        raise ValueError(f"another program is changing the cache in '{folder}'. Try again.")

    return file


def _prune() -> None:
    r"""Deletes entries, finished or not, that were not used for long, and no other files."""
    for folder in cache_folder().iterdir():
        with contextlib.suppress(OSError, Timeout):
            if _is_ours(folder) and _age(folder) > _KEEP_SECONDS:
                with locked(folder.with_suffix(".lock")):
                    if (
                        _age(folder) > _KEEP_SECONDS
                    ):  # checked again, as it may have been used meanwhile
                        shutil.rmtree(folder)


def _age(folder: Path) -> float:
    info = folder / "info.json"
    return time.time() - (info if info.exists() else folder).stat().st_mtime


def _is_ours(folder: Path) -> bool:
    r"""Returns whether a tag proves that this library made a folder for its cache."""
    name = _NAME.fullmatch(folder.name)

    if name is None or folder.is_symlink() or not folder.is_dir():
        return False

    try:
        inside = [*os.scandir(folder)]
        tagged = (folder / _TAG).read_text() == _tag(name[1])
    except (OSError, ValueError):
        return False

    # This library makes no folders or links in an entry: if there are any, the user made them
    return tagged and all(entry.is_file(follow_symlinks=False) for entry in inside)


def _is_empty(folder: Path) -> bool:
    r"""Returns whether a folder is empty, as after a kill before its tag was written."""
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


def _tag(name: str) -> str:
    return f"{_SIGNATURE}\n# Made by autoencode, as {name}. It may be deleted.\n"


def _sizes(folder: Path) -> dict[str, int]:
    return {f.name: f.stat().st_size for f in sorted(folder.iterdir()) if f.name != "info.json"}


def _say_waiting() -> None:
    log.info("waiting for another process that prepares the same data.")


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    r"""Turns errors of the disk into errors that name the cache and a remedy."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS, *_DISK_FULL_ERRORS}:
            raise

        raise ValueError(
            f"cannot prepare data in the cache folder '{cache_folder()}':"
            f" {error.strerror or error}. Set the environment variable AUTOENCODE_CACHE to a"
            " writable folder with enough space."
        ) from None
