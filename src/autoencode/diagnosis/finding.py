r"""Findings about a trained model, and their collection."""

__all__ = ["Diagnosis", "Finding"]

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..pages import Chart, Entry, write_report

_REMARK = 0.3  # the severity of findings, above that of remarks


@dataclasses.dataclass(frozen=True)
class Finding:
    r"""One thing that is wrong with a model or its data, or is worth knowing.

    See Also:
        :meth:`~autoencode.Autoencoder.diagnose`

    Example:
        >>> Finding("copies", 0.6, "New examples repeat the data.", "Use more examples.", {}).name
        'copies'
    """

    name: str
    r"""The name of the illness, such as `"collapse"`."""

    severity: float
    r"""From 0 to 1, at which the model is useless; below 0.3 nothing is wrong, see `is_remark`."""

    sentence: str
    r"""The finding in a sentence."""

    remedy: str
    r"""The setting to change."""

    evidence: Mapping[str, float]
    r"""The measurements behind it."""

    chart: Chart | None = dataclasses.field(default=None, compare=False, repr=False)
    r"""A picture of the evidence, before it is drawn."""

    @property
    def is_remark(self) -> bool:
        r"""Tell whether this is worth knowing, and nothing is wrong.

        The model is as good as without it, such as one with units that it does not use.
        """
        return self.severity < _REMARK

    def to_dict(self) -> dict[str, Any]:
        r"""Returns all but the chart, for JSON."""
        shown = ("name", "severity", "sentence", "remedy", "evidence")
        return {name: getattr(self, name) for name in shown}


_TITLE = "Diagnosis of the model and its data, the most serious finding first"


class Diagnosis(tuple[Finding, ...]):
    r"""Findings in the order of their severity, and remarks, which print as sentences.

    It is empty if nothing is wrong.

    See Also:
        :meth:`~autoencode.Autoencoder.diagnose`

    Example:
        >>> unused = Finding("unused units", 0.2, "3 units are unused.", "Use latent_dim=2.", {})
        >>> print(Diagnosis([unused], ["drift"]))
        Nothing wrong was found. Checked: drift.
        Worth knowing:
        - 3 units are unused. Use latent_dim=2.
    """

    remarks: tuple[Finding, ...]
    r"""Remarks on what is no fault but worth knowing, in the order of severity."""

    checked: tuple[str, ...]
    r"""The names of the checks that were made."""

    def __new__(cls, findings: Sequence[Finding], checked: Sequence[str] = ()) -> "Diagnosis":
        ordered = sorted(findings, key=lambda f: -f.severity)
        found = super().__new__(cls, (f for f in ordered if not f.is_remark))
        found.remarks = tuple(f for f in ordered if f.is_remark)
        found.checked = tuple(checked)
        return found

    def to_dict(self) -> dict[str, Any]:
        r"""Returns all findings and remarks for JSON."""
        return {
            "findings": [f.to_dict() for f in self],
            "remarks": [f.to_dict() for f in self.remarks],
            "checked": [*self.checked],
        }

    def save(self, path: str | Path) -> None:
        r"""Write the findings as JSON, or as a page with a picture beside each where one helps.

        Arguments:
            path: A .json or .html file, which is replaced if it exists.

        Raises:
            ValueError: If the file has another suffix, or cannot be written.
        """
        entries = [_entry(f) for f in self] or [Entry("findings", "Nothing wrong was found.")]
        entries += [_entry(f, "worth knowing: ") for f in self.remarks]
        checked = f"Checked: {', '.join(self.checked)}."
        write_report(path, self.to_dict(), _TITLE, entries, checked)

    def __repr__(self) -> str:
        lines = [f"{i}. {f.sentence} {f.remedy}" for i, f in enumerate(self, start=1)] or [
            f"Nothing wrong was found. Checked: {', '.join(self.checked)}."
        ]
        lines += ["Worth knowing:"] * bool(self.remarks)

        return "\n".join([*lines, *(f"- {f.sentence} {f.remedy}" for f in self.remarks)])


def _entry(f: Finding, prefix: str = "") -> Entry:
    charts = () if f.chart is None else (f.chart,)
    return Entry(f"{prefix}{f.name}", f"{f.sentence} {f.remedy}", charts)
