r"""Loss curves, findings, and samples beside real examples."""

__all__ = ["ENDPOINTS"]

from typing import Any

import numpy as np

from ..examples import EXAMPLE, shown
from ..session import Session
from ..session.conditions import CONDITION
from ..wire import Endpoint, Pending
from ..wire.schemas import BOOLEAN, INTEGER, NUMBER, TEXT, maybe, record, several
from .entries import ENTRY, entries_of

_SERIOUS = 0.5  # severity
_MAX_SAMPLES = 64


def _history(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    records = [*session.model.history_]
    curves = []

    for part in ("train", "validation"):
        names = {name: None for r in records for name in getattr(r, part)}

        for name in names:
            values = [getattr(r, part).get(name, np.nan) for r in records]
            curves.append(
                {
                    "name": f"{part}_{name}",
                    "title": f"{name}, {part}",
                    "values": [float(v) if np.isfinite(v) else None for v in values],
                }
            )

    return {"epochs": [int(r.epoch) for r in records], "curves": curves}


def _findings(session: Session, given: dict[str, Any]) -> Any:
    model = session.model

    def compute(report: Any) -> Any:
        y = session.y if model.context_ is not None else None
        return model.diagnose(session.X, y_train=y)

    found = session.tasks.ask("findings", "diagnosis", compute)

    if isinstance(found, Pending):
        return found

    return {
        "findings": [
            {
                "title": finding.name,
                "sentence": finding.sentence,
                "remedy": finding.remedy or None,
                "serious": bool(finding.severity >= _SERIOUS),
            }
            for finding in found
        ],
        "note": "The examples of this page are taken for those of the training.",
    }


def _samples(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    model, n, seed = session.model, given.get("n", 16), given.get("seed", 0)

    if not hasattr(model, "sample"):
        raise ValueError("this model has no density of codes to draw new examples from.")

    y = session.conditions.value(given.get("condition"))
    drawn = model.sample(n, y=y, random_state=seed)
    rows = np.random.default_rng(seed).choice(len(session), min(n, len(session)), replace=False)

    return {"samples": shown(model, drawn), "real": entries_of(session, np.sort(rows))}


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/history",
        "Losses and their terms after each epoch of the training, in nats per example.",
        record(),
        record(
            epochs=several(INTEGER),
            curves=several(record(name=TEXT, title=TEXT, values=several(maybe(NUMBER)))),
        ),
        _history,
    ),
    Endpoint(
        "GET",
        "/api/findings",
        "The findings of the diagnosis, the most serious first.",
        record(),
        record(
            findings=several(
                record(title=TEXT, sentence=TEXT, remedy=maybe(TEXT), serious=BOOLEAN)
            ),
            note=maybe(TEXT),
        ),
        _findings,
    ),
    Endpoint(
        "POST",
        "/api/samples",
        "New examples of the model beside real ones.",
        record(
            {
                "n": {**INTEGER, "minimum": 1, "maximum": _MAX_SAMPLES},
                "seed": {**INTEGER, "minimum": 0, "maximum": 2**31 - 1},
                "condition": CONDITION,
            }
        ),
        record(samples=several(EXAMPLE), real=several(ENTRY)),
        _samples,
    ),
)
