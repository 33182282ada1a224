r"""Findings about a trained model, and their collection."""

__all__ = ["Diagnosis", "Finding"]

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..pages import Chart, Entry, write_report


@dataclasses.dataclass(frozen=True)
class Finding:
    r"""One thing that is wrong with a model or its data.

    See Also:
        :meth:`~autoencode.Autoencoder.diagnose`

    Example:
        >>> Finding("copies", 0.6, "New examples repeat the data.", "Use more examples.", {}).name
        'copies'
    """

    name: str
    r"""The name of the illness, such as `"collapse"`."""

    severity: float
    r"""From 0, worth knowing, to 1, the model is useless."""

    sentence: str
    r"""The finding in a sentence."""

    remedy: str
    r"""The setting to change."""

    evidence: Mapping[str, float]
    r"""The measurements behind it."""

    chart: Chart | None = dataclasses.field(default=None, compare=False, repr=False)
    r"""A picture of the evidence, before it is drawn."""

    def to_dict(self) -> dict[str, Any]:
        r"""Returns all but the chart, for JSON."""
        shown = ("name", "severity", "sentence", "remedy", "evidence")
        return {name: getattr(self, name) for name in shown}


_TITLE = "Diagnosis of the model and its data, the most serious finding first"


class Diagnosis(tuple[Finding, ...]):
    r"""Findings in the order of their severity, which print as sentences.

    See Also:
        :meth:`~autoencode.Autoencoder.diagnose`

    Example:
        >>> print(Diagnosis([], ["drift"]))
        Nothing wrong was found. Checked: drift.
    """

    checked: tuple[str, ...]
    r"""The names of the checks that were made."""

    def __new__(cls, findings: Sequence[Finding], checked: Sequence[str] = ()) -> "Diagnosis":
        found = super().__new__(cls, sorted(findings, key=lambda f: -f.severity))
        found.checked = tuple(checked)
        return found

    def to_dict(self) -> dict[str, Any]:
        r"""Returns all findings for JSON."""
        return {"findings": [f.to_dict() for f in self], "checked": [*self.checked]}

    def save(self, path: str | Path) -> None:
        r"""Write the findings as JSON, or as a page with a picture beside each where one helps.

        Arguments:
            path: A .json or .html file, which is replaced if it exists.

        Raises:
            ValueError: If the file has another suffix, or cannot be written.
        """
        entries = [
            Entry(f.name, f"{f.sentence} {f.remedy}", () if f.chart is None else (f.chart,))
            for f in self
        ] or [Entry("findings", "Nothing wrong was found.")]
        checked = f"Checked: {', '.join(self.checked)}."
        write_report(path, self.to_dict(), _TITLE, entries, checked)

    def __repr__(self) -> str:
        if not self:
            return f"Nothing wrong was found. Checked: {', '.join(self.checked)}."

        return "\n".join(f"{i}. {f.sentence} {f.remedy}" for i, f in enumerate(self, start=1))
