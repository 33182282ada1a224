r"""Common traits of selections, and differences between two of them."""

__all__ = ["ENDPOINTS"]

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..examples import EXAMPLE, shown
from ..session import Session
from ..session.conditions import CONDITION
from ..wire import Endpoint
from ..wire.schemas import INTEGER, NUMBER, NUMBERS, TEXT, either, maybe, record, several
from .choosing import SELECTION, chosen
from .entries import ENTRY, check_rows, entries_of

_SHOWN_MEMBERS = 8
_SHOWN_TRAITS = 8
_SHOWN_UNITS = 10
_MAX_STRENGTHS = 16
_STRENGTHS = [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5]
_LEAST_EFFECT = 0.5  # standard deviations

SHARED = either(
    record(text=TEXT, name=TEXT, level=TEXT, share=NUMBER, everyone=NUMBER),
    record(text=TEXT, name=TEXT, mean=NUMBER, everyone=NUMBER, effect=NUMBER),
    record(text=TEXT, unit=INTEGER, mean=NUMBER, everyone=NUMBER, effect=NUMBER),
)


def _members(session: Session, given: dict[str, Any], name: str = "selection") -> NDArray:
    rows = chosen(session, given[name])

    if len(rows) == 0:
        raise ValueError("the selection is empty: choose at least one example.")

    return rows


def _summary(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    rows = _members(session, given)
    mean = session.codes.mean(rows)
    distances = session.codes.distances(rows, mean)
    order = np.argsort(distances, kind="stable")
    n = min(_SHOWN_MEMBERS, -(-len(order) // 2))
    near, far = order[:n], order[::-1][: min(n, len(order) - n)]
    (example,) = shown(session.model, session.decode(mean[None], given.get("condition")))

    return {
        "count": len(rows),
        "z": mean.tolist(),
        "example": example,
        "typical": entries_of(session, rows[near], distances[near]),
        "unusual": entries_of(session, rows[far], distances[far]),
        "shared": _shared(session, rows, None, mean),
    }


def _compare(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    a, b = (_members(session, given, name) for name in ("a", "b"))
    means = np.stack([session.codes.mean(rows) for rows in (a, b)])
    vector = means[1] - means[0]
    effects = _divided(vector, session.units.std)
    strongest = np.argsort(-np.abs(effects), kind="stable")[:_SHOWN_UNITS]
    condition = given.get("condition")
    examples = shown(session.model, session.decode(means, condition))
    applied: list[dict[str, Any]] = []

    if given.get("apply_to") is not None:
        rows = check_rows(session, [given["apply_to"]])
        strengths = np.array(given.get("strengths", _STRENGTHS), float)
        Z = session.codes[rows] + strengths[:, None] * vector
        y = session.context_of(rows) if condition is None else None
        decoded = shown(session.model, session.decode(Z, condition, y))
        applied = [{"strength": s, "example": e} for s, e in zip(strengths.tolist(), decoded)]

    return {
        "vector": vector.tolist(),
        "length": float(np.linalg.norm(vector)),
        "units": [
            {"unit": int(j), "difference": float(vector[j]), "effect": float(effects[j])}
            for j in strongest
        ],
        "a": examples[0],
        "b": examples[1],
        "applied": applied,
        "shared": _shared(session, b, a, means[1], means[0]),
    }


def _shared(
    session: Session,
    rows: NDArray,
    others: NDArray | None,
    mean: NDArray,
    usual: NDArray | None = None,
) -> list[dict[str, Any]]:
    r"""Returns the traits of examples that others do not have as much, the clearest first."""
    who = "all" if others is None else "the first selection"
    usual = session.units.mean if usual is None else usual
    traits = [*_units(session, mean, usual)]

    for color in session.colors.values():
        if color.values is None:
            continue

        own = color.values[rows]
        compared = color.values if others is None else color.values[others]
        own, compared = own[np.isfinite(own)], compared[np.isfinite(compared)]

        if len(own) and len(compared):
            trait = _level if color.levels is not None else _number
            traits += trait(color, own, compared, color.values, who)

    traits.sort(key=lambda trait: -trait[0])
    return [document for effect, document in traits[:_SHOWN_TRAITS] if effect >= _LEAST_EFFECT]


def _units(session: Session, mean: NDArray, usual: NDArray) -> list[tuple[float, dict[str, Any]]]:
    effects = _divided(mean - usual, session.units.std)

    return [
        (
            abs(float(effects[j])),
            {
                "text": f"unit {j} is {_more(effects[j])}",
                "unit": int(j),
                "mean": float(mean[j]),
                "everyone": float(usual[j]),
                "effect": float(effects[j]),
            },
        )
        for j in np.argsort(-np.abs(effects), kind="stable")[:_SHOWN_TRAITS]
    ]


def _level(
    color: Any, own: NDArray, compared: NDArray, everyone: NDArray, who: str
) -> list[tuple[float, dict[str, Any]]]:
    r"""Returns the level that is more frequent than elsewhere."""
    n = len(color.levels)
    share, usual = (np.bincount(v.astype(int), minlength=n) / len(v) for v in (own, compared))
    effects = (share - usual) / np.sqrt(np.maximum(usual * (1 - usual), 1e-3))
    j = int(effects.argmax())
    percent = f"{100 * share[j]:.0f} %, against {100 * usual[j]:.0f} % of {who}"

    return [
        (
            float(effects[j]),
            {
                "text": f"{color.title} is {color.levels[j]} in {percent}",
                "name": color.name,
                "level": color.levels[j],
                "share": float(share[j]),
                "everyone": float(usual[j]),
            },
        )
    ]


def _number(
    color: Any, own: NDArray, compared: NDArray, everyone: NDArray, who: str
) -> list[tuple[float, dict[str, Any]]]:
    mean, usual = float(own.mean()), float(compared.mean())
    finite = everyone[np.isfinite(everyone)]
    effect = float(_divided(np.array(mean - usual), np.array(finite.std())))
    words = f"{color.title} is {_more(effect)} ({mean:.4g}, against {usual:.4g} of {who})"

    return [
        (
            abs(effect),
            {
                "text": words,
                "name": color.name,
                "mean": mean,
                "everyone": usual,
                "effect": effect,
            },
        )
    ]


def _more(effect: float) -> str:
    return f"{abs(effect):.1f} standard deviations {'higher' if effect > 0 else 'lower'}"


def _divided(x: NDArray, scale: NDArray) -> NDArray:
    return x / np.where(scale > 0, scale, np.inf)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/selection",
        "The decoded mean of a selection, its typical and unusual members, and their traits.",
        record({"condition": CONDITION}, selection=SELECTION),
        record(
            count=INTEGER,
            z=NUMBERS,
            example=EXAMPLE,
            typical=several(ENTRY),
            unusual=several(ENTRY),
            shared=several(SHARED),
        ),
        _summary,
    ),
    Endpoint(
        "POST",
        "/api/compare",
        "The difference between two selections, also applied to an example.",
        record(
            {
                "apply_to": maybe(INTEGER),
                "strengths": several(NUMBER, 1, _MAX_STRENGTHS),
                "condition": CONDITION,
            },
            a=SELECTION,
            b=SELECTION,
        ),
        record(
            vector=NUMBERS,
            length=NUMBER,
            units=several(record(unit=INTEGER, difference=NUMBER, effect=NUMBER)),
            a=EXAMPLE,
            b=EXAMPLE,
            applied=several(record(strength=NUMBER, example=EXAMPLE)),
            shared=several(SHARED),
        ),
        _compare,
    ),
)
