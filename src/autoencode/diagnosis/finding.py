r"""Findings about a trained model, and their collection."""

__all__ = ["Diagnosis", "Finding"]

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Finding(NamedTuple):
    r"""One thing that is wrong with a model or its data.

    See Also:
        :meth:`~autoencode.Autoencoder.diagnose`

    Example:
        >>> Finding("copies", 0.6, "New examples repeat the data.", "Use more examples.", {})[:2]
        ('copies', 0.6)
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
        return {"findings": [f._asdict() for f in self], "checked": [*self.checked]}

    def __repr__(self) -> str:
        if not self:
            return f"Nothing wrong was found. Checked: {', '.join(self.checked)}."

        return "\n".join(f"{i}. {f.sentence} {f.remedy}" for i, f in enumerate(self, start=1))
