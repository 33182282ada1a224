r"""Report of a run: how many parts are finished, and what failed."""

__all__ = ["Report"]

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ..data.listing.names import first_few

_NAMED = 10  # failures in the text of a report


class Report(NamedTuple):
    r"""Parts that a run has finished, and parts that are left.

    See Also:
        :func:`~autoencode.scale.transform`

    Example:
        >>> print(Report(Path("codes"), done=2, finished=3, total=3, rows=10, seconds=1.0))
        Wrote codes: 2 parts with 10 rows. 3 of 3 parts are finished.
    """

    out: Path
    r"""The folder of the outputs."""

    done: int
    r"""The number of parts that this run has finished."""

    finished: int
    r"""The number of all finished parts, also of other shards and earlier runs."""

    total: int
    r"""The number of all parts."""

    rows: int
    r"""The number of rows that this run has written."""

    seconds: float
    r"""The time from the first part to the last."""

    failed: Mapping[str, str] = MappingProxyType({})
    r"""Parts and files that could not be worked on, with the reasons."""

    stopped: str | None = None
    r"""Why the run ended before its last part, if it did."""

    unfinished: tuple[int, ...] = ()
    r"""The shards with parts that are not finished, counted from 1."""

    @property
    def is_complete(self) -> bool:
        r"""True if all parts of all shards are finished, and no file was left out."""
        return self.finished == self.total and not self.failed

    @property
    def seconds_left(self) -> float:
        r"""The time that the parts that are left would take in runs such as this one.

        Example:
            >>> report = Report(Path("z"), done=2, finished=4, total=10, rows=9, seconds=3.0)
            >>> report.seconds_left
            9.0
        """
        return self.seconds / max(1, self.done) * (self.total - self.finished)

    def __str__(self) -> str:
        parts = f"{self.done:,} part{'s' * (self.done != 1)}"
        rows = f"{self.rows:,} row{'s' * (self.rows != 1)}"
        are = "is" if self.finished == 1 else "are"
        done = f"Wrote {self.out}: {parts} with {rows}." if self.done else f"{self.out}:"
        lines = [f"{done} {self.finished:,} of {self.total:,} parts {are} finished."]
        lines += [f"Failed: {part}: {why}." for part, why in [*self.failed.items()][:_NAMED]]

        if len(self.failed) > _NAMED:
            lines.append(f"Failed: {first_few([*self.failed][_NAMED:])}.")

        if self.stopped:
            lines.append(f"Stopped: {self.stopped}.")

        return "\n".join(lines)
