r"""Failures that the records of a training show."""

__all__ = ["check_training"]

from collections.abc import Iterator

from ..data import Examples
from ..pages import Chart
from ..training.failures import find_failures
from .finding import Finding
from .subject import Subject

_OF_HISTORY = {"no better than a constant", "skipped steps", "under-training"}
_SEVERITY = {
    "no better than a constant": 0.95,
    "collapse": 0.9,
    "skipped steps": 0.965,
    "dominant example": 0.6,
    "uneven scales": 0.55,
    "under-training": 0.45,
    "code too wide": 0.2,
}


def check_training(subject: Subject) -> Iterator[Finding]:
    r"""Yield the failures that a fit warns about.

    Arguments:
        subject: The model and its data.
    """
    blueprint, modality = subject.blueprint, subject.blueprint.modality
    step = blueprint.train_step(subject.model, len(subject.x), subject.objective)
    held_out = None if subject.x_new is None else Examples(subject.x_new, None, subject.c_new)
    fixed = blueprint.network.code_size(modality.shape_) is not None
    found = find_failures(
        step,
        modality,
        blueprint.build_likelihood(),
        Examples(subject.x, None, subject.c),
        held_out,
        subject.history,
        subject.training,
        fixed,
    )

    for name, text in found:
        mark = ". " if ". " in text else ": "
        sentence, _, remedy = text.partition(mark)
        yield Finding(
            name,
            _SEVERITY[name],
            f"{_capital(sentence)}.",
            _capital(remedy),
            {},
            _chart(name, subject),
        )


def _chart(name: str, subject: Subject) -> Chart | None:
    if name == "collapse":
        variance = subject.known.z.double().flatten(start_dim=1).var(dim=0, correction=0)
        named = {f"z{j + 1}": v for j, v in enumerate(variance.tolist())}
        about = "Variances of the codes of examples: units are used from 0.01 on."
        return Chart("bars", named, about, "variance of the codes", marks={"used": 0.01})

    if name in _OF_HISTORY and subject.history:
        return Chart("history", [*subject.history], "Losses of the training.")

    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
