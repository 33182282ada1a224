r"""Limits of memory: the budget of long computations, and the size of data in memory.

Batches of rows fit into the budget. Data beyond their limit stay in files, and are read in blocks.
"""

__all__ = [
    "DataLimits",
    "budget_bytes",
    "data_limits",
    "limit_data",
    "memory_budget",
    "rows_per_batch",
    "split_rows",
]

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import NamedTuple

from torch import Tensor

# Memory in addition to the data and the result. A larger budget makes nothing faster
_BUDGET_BYTES: ContextVar[int] = ContextVar("memory_budget_bytes", default=2**28)


def budget_bytes() -> int:
    r"""Number of bytes that a computation may take in addition to its input and its result.

    Example:
        >>> budget_bytes()
        268435456
    """
    return _BUDGET_BYTES.get()


@contextlib.contextmanager
def memory_budget(n_bytes: int) -> Iterator[None]:
    r"""Set the memory budget within a `with` block, for the current thread.

    Results stay the same up to rounding, except that :class:`~autoencode.manifold.Geodesics` of
    long texts use fewer references if memory is short.

    Arguments:
        n_bytes: The number of bytes.

    Raises:
        ValueError: If the number is not positive.

    Example:
        >>> with memory_budget(2**20):
        ...     budget_bytes()
        1048576
    """
    if n_bytes < 1:
        raise ValueError(f"expected a memory budget of at least one byte, got {n_bytes!r}.")

    token = _BUDGET_BYTES.set(n_bytes)

    try:
        yield
    finally:
        _BUDGET_BYTES.reset(token)


def rows_per_batch(bytes_per_row: int) -> int:
    r"""Number of rows that fit into the memory budget, at least one.

    Arguments:
        bytes_per_row: The number of bytes that the computation takes for each row.

    Example:
        >>> rows_per_batch(2**26), rows_per_batch(2**40)
        (4, 1)
    """
    return max(1, budget_bytes() // max(1, bytes_per_row))


def split_rows(x: Tensor, bytes_per_row: int) -> tuple[Tensor, ...]:
    r"""Batches of rows that fit into the memory budget.

    Arguments:
        x: The rows, with shape `(N, *)`.
        bytes_per_row: The number of bytes that the computation takes for each row.

    Example:
        >>> import torch
        >>> [len(part) for part in split_rows(torch.zeros(10, 2), 2**26)]
        [4, 4, 2]
    """
    return x.split(rows_per_batch(bytes_per_row))


class DataLimits(NamedTuple):
    r"""Limits of data in memory.

    Example:
        >>> DataLimits().block_files
        1024
    """

    resident_bytes: int = 2**28
    r"""The maximum size of a data set in memory. Larger data sets are mapped or cached."""

    block_bytes: int = 2**24
    r"""The number of bytes that are read together."""

    block_numbers: int = 2**21
    r"""The count of numbers that statistics process together, in double precision."""

    block_files: int = 1024
    r"""The number of files that are decoded before their progress is stored."""


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
    changed = data_limits()._replace(**limits)

    if changed.resident_bytes < 0 or min(changed[1:]) < 1:
        raise ValueError(f"expected resident_bytes >= 0, and blocks of at least 1, got {changed}.")

    token = _LIMITS.set(changed)

    try:
        yield
    finally:
        _LIMITS.reset(token)
