r"""Limits of data in memory: beyond them, data stay in files and are read in blocks."""

__all__ = ["DataLimits", "data_limits", "limit_data"]

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import NamedTuple


class DataLimits(NamedTuple):
    r"""Limits of data in memory.

    Example:
        >>> DataLimits().block_files
        1024
    """

    resident_bytes: int = 2**28
    r"""The most bytes of a data set that are held in memory. Larger ones are mapped or cached."""

    block_bytes: int = 2**24
    r"""The bytes of a data set that are read together."""

    block_numbers: int = 2**21
    r"""The numbers that statistics look at together, in double precision."""

    block_files: int = 1024
    r"""The number of files that are decoded between two notes of the progress."""


_DEFAULTS = DataLimits()
_LIMITS: ContextVar[DataLimits] = ContextVar("data_limits", default=_DEFAULTS)


def data_limits() -> DataLimits:
    r"""Limits of the current thread.

    Example:
        >>> data_limits().resident_bytes
        268435456
    """
    return _LIMITS.get()


@contextlib.contextmanager
def limit_data(**limits: int) -> Iterator[None]:
    r"""Set limits of data within a `with` block, for the current thread.

    Results stay the same up to rounding.

    Arguments:
        limits: The limits by name, see :class:`DataLimits`. Others stay as they are.

    Raises:
        ValueError: If a limit is negative, or a block is empty.

    Example:
        >>> with limit_data(resident_bytes=0):
        ...     data_limits().resident_bytes
        0
    """
    found = data_limits()._replace(**limits)

    if found.resident_bytes < 0 or min(found[1:]) < 1:
        raise ValueError(f"expected resident_bytes >= 0, and blocks of at least 1, got {found}.")

    token = _LIMITS.set(found)

    try:
        yield
    finally:
        _LIMITS.reset(token)
