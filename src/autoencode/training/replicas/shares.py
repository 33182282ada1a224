r"""Shares of a minibatch."""

__all__ = ["Share"]

from typing import NamedTuple

from .group import Processes


class Share(NamedTuple):
    r"""Rows of a minibatch that belong to one process.

    The shares of all processes follow each other, and differ by at most one row.

    Example:
        >>> [Share.of(5, Processes(rank, 3)).rows for rank in range(3)]
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """

    n: int
    r"""The number of examples in the whole minibatch."""

    start: int
    r"""The first row of the share."""

    length: int
    r"""The number of rows of the share."""

    @classmethod
    def of(cls, n: int, processes: Processes) -> "Share":
        r"""
        Arguments:
            n: The number of examples in the whole minibatch, at least one.
            processes: The processes.
        """
        size, more = divmod(n, processes.size)
        rank = processes.rank

        return cls(n, rank * size + min(rank, more), size + (rank < more))

    @property
    def rows(self) -> slice:
        r"""The rows that the process computes: at least one, so that all do the same work."""
        start = min(self.start, self.n - 1)
        return slice(start, start + max(1, self.length))
