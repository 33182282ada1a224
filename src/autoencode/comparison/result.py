r"""The result of a comparison: a table, a picture, and a recommendation in one sentence."""

__all__ = ["Comparison", "Row"]

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..common.atomic_files import replacing, to_plain, write_json
from .intervals import Interval
from .recommendation import choose, recommend


class Row(NamedTuple):
    r"""One method at one code size.

    See Also:
        :func:`~autoencode.compare`

    Example:
        >>> Row("pca", 2, {"error": Interval(0.5, 0.4, 0.6)}, None, 0.1, 5).measures["error"].value
        0.5
    """

    method: str
    latent_dim: int

    measures: dict[str, Interval]
    r"""`error`, `neighbors`, `linear_probe` and `neighbor_probe`, as far as they exist."""

    excess: Interval | None
    r"""The difference of the error from that of the reference at this code size."""

    seconds: float
    r"""The mean time of a fit."""

    n_folds: int
    r"""The number of folds that were held out."""

    notes: tuple[str, ...] = ()
    r"""Warnings and limits."""

    inductive: bool = True
    r"""False if the method has no codes for new examples, so that it saw the held-out ones. The
    table marks it with an asterisk."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    r"""Result of :func:`~autoencode.compare`, which prints as a table and a recommendation.

    See Also:
        :func:`~autoencode.compare`

    Example:
        >>> row = Row("pca", 2, {"error": Interval(0.5, 0.4, 0.6)}, None, 0.1, 5)
        >>> print(Comparison([row], "pca", 100, 5))
        method  numbers          error  seconds  folds
        pca           2  0.500 ± 0.100      0.1      5
        ...
    """

    rows: Sequence[Row]
    reference: str
    n_examples: int
    n_folds: int

    tokenized: bool = False
    r"""True if errors are edits per byte of texts, and not shares of a variance."""

    interrupted: str = ""
    r"""The reason for which not all folds were held out."""

    @property
    def recommendation(self) -> str:
        r"""The method and the code size to use, and the reasons, in one or two sentences."""
        return recommend(self.rows, self.reference, self.tokenized)

    def best(self) -> Row | None:
        r"""Returns the recommended row, or `None` if no method beats the mean example."""
        return choose(self.rows, self.reference)

    def plot(self) -> Any:
        r"""Returns a picture of every measure against the code size, with intervals."""
        from ..plots.comparison import comparison

        return comparison(self)

    def to_dict(self) -> dict[str, Any]:
        r"""Returns all figures for JSON; undefined numbers are `None`."""
        return to_plain({**vars(self), "recommendation": self.recommendation})

    def save(self, folder: str | Path) -> None:
        r"""Writes `comparison.json` and `comparison.png` into a folder.

        Arguments:
            folder: The folder; files of an earlier comparison are replaced.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)

        with replacing(folder / "comparison.png") as path:
            self.plot().savefig(path, format="png")

        write_json(folder / "comparison.json", self.to_dict())

    def __repr__(self) -> str:
        return "\n".join([*_table(self), "", self.recommendation, *_notes(self)])


_HEADERS = {
    "error": "error",
    "neighbors": "neighbors kept",
    "linear_probe": "linear probe",
    "neighbor_probe": "neighbor probe",
}


def _table(found: Comparison) -> list[str]:
    r"""Returns the lines of the table, in aligned columns."""
    shown = [name for name in _HEADERS if any(name in row.measures for row in found.rows)]
    header = ["method", "numbers", *(_HEADERS[name] for name in shown), "seconds", "folds"]
    cells = [
        [
            row.method + "*" * (not row.inductive),
            str(row.latent_dim),
            *(_cell(row.measures.get(name)) for name in shown),
            f"{row.seconds:.1f}" if row.n_folds else "",
            str(row.n_folds),
        ]
        for row in found.rows
    ]
    widths = [max(map(len, column)) for column in zip(header, *cells)]

    return [
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:]))])
        for line in [header, *cells]
    ]


def _cell(interval: Interval | None) -> str:
    if interval is None:
        return ""

    half = (interval.high - interval.low) / 2
    return f"{interval.value:.3f}" + ("" if math.isnan(half) else f" ± {half:.3f}")


_TRANSDUCTIVE = "* It has no codes for new examples: it was fitted to the held-out examples, too."


def _notes(found: Comparison) -> list[str]:
    notes = [f"{row.method}({row.latent_dim}): {note}" for row in found.rows for note in row.notes]
    marked = [_TRANSDUCTIVE] * any(not row.inductive for row in found.rows)
    return [f"Stopped early: {found.interrupted}."] * bool(found.interrupted) + marked + notes
