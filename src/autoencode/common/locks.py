r"""Locks between processes and threads, on file systems with and without support for them."""

__all__ = ["locked"]

import contextlib
import errno
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)

_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL, None}


@contextlib.contextmanager
def locked(path: Path, wait: Callable[[], object] | None = None) -> Iterator[None]:
    r"""Hold a lock, which the system releases when the process ends in any way.

    Some network disks have no locks. On these, a warning is logged and nothing is locked.

    Arguments:
        path: The lock file. It is not deleted afterwards.
        wait: A function to call before waiting for another holder. By default, a lock that is
            held is an error.

    Raises:
        Timeout: If another process or thread holds the lock, and `wait` is `None`.

    Example:
        >>> import tempfile
        >>> with locked(Path(tempfile.mkdtemp()) / "training.lock"):
        ...     pass
    """
    lock = FileLock(path, thread_local=False)

    try:
        lock.acquire(timeout=0)
    except Timeout:
        if wait is None:
            raise

        wait()
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        if getattr(error, "errno", None) not in _NO_LOCKS:
            raise

        log.warning("the disk of '%s' has no locks: do not run this twice at once.", path.parent)

    try:
        yield
    finally:
        lock.release()
