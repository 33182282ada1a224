r"""Examples on the way from one code to another, straight or along a geodesic."""

__all__ = ["ENDPOINTS"]

import json
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ...manifold import Geodesics
from ...manifold.geodesics.curves import resample
from ...modalities.capabilities import Tokenized
from ..examples import EXAMPLE, shown
from ..places import MAP, map_of
from ..places.maps import places_of
from ..session import Session
from ..session.conditions import CONDITION
from ..wire import Binary, Endpoint, Pending
from ..wire.schemas import (
    INTEGER,
    NUMBER,
    NUMBERS,
    TEXT,
    choice,
    either,
    maybe,
    record,
    several,
)
from ..wire.tasks import Report
from .decoding import check_code
from .entries import check_rows
from .files import walk_file

_MAX_STEPS = 64
_POINTS, _POINTS_OF_TEXTS = 32, 12  # of a curve, before it is cut into equal steps
_END = either(INTEGER, record(z=NUMBERS))
_KIND = choice("straight", "geodesic")


class Way(NamedTuple):
    r"""A curve of codes with its examples."""

    length: float
    codes: NDArray
    X: Any


def _walk(session: Session, given: dict[str, Any]) -> Any:
    ways = _ways(session, given)

    if isinstance(ways, Pending):
        return ways

    map = map_of(session, given["map"]) if given.get("map") else None
    tokens = isinstance(session.modality, Tokenized)
    answer: dict[str, Any] = {
        kind: None if isinstance(way, str) or way is None else _document(session, way, map)
        for kind, way in ways.items()
    }

    return answer | {
        "reason": ways["geodesic"] if isinstance(ways["geodesic"], str) else None,
        "unit_of_length": (
            "Fisher-Rao distance of the distributions of texts"
            if tokens
            else "distance between decoded examples, in the units of the model"
        ),
    }


def _document(session: Session, way: Way, map: Any) -> dict[str, Any]:
    placed = None if map is None else places_of(session, map, way.codes)

    return {
        "length": way.length,
        "codes": way.codes.tolist(),
        "path": None if placed is None else placed.tolist(),
        "examples": shown(session.model, way.X),
    }


def _ways(session: Session, given: dict[str, Any]) -> dict[str, Way | str | None] | Pending:
    r"""Returns the curves that a request asks for, or why there is no geodesic."""
    ends = np.stack([_end(session, given[name]) for name in ("from", "to")])
    kinds = given.get("kinds", ["straight", "geodesic"])
    steps, condition = given.get("steps", 11), given.get("condition")
    y = session.conditions.value(condition)
    key = json.dumps([ends.tolist(), sorted(kinds), steps, condition], sort_keys=True)

    def compute(report: Report) -> dict[str, Way | str | None]:
        found: dict[str, Way | str | None] = {"straight": None, "geodesic": None}

        for k, kind in enumerate(kinds):
            report(k / len(kinds))

            try:
                found[kind] = _way(session, ends, steps, y, kind == "straight")
            except (ValueError, NotImplementedError, RuntimeError) as error:
                if kind == "straight":
                    raise

                found[kind] = f"There is no geodesic: {' '.join(str(error).split())[:300]}"

        return found

    found: dict[str, Way | str | None] | Pending = session.tasks.ask(
        ("walk", key), "shortest path", compute
    )
    return found


def _end(session: Session, given: Any) -> NDArray:
    if isinstance(given, dict):
        return check_code(session, given["z"])

    return session.codes[check_rows(session, [given])][0].astype(float)


def _way(session: Session, ends: NDArray, n: int, y: Any, straight: bool) -> Way:
    family = session.model.encoder_.family
    tokens = isinstance(session.modality, Tokenized)
    line = np.linspace(ends[0], ends[1], _POINTS_OF_TEXTS if tokens else _POINTS)

    if family.has_reference and not straight:
        raise ValueError("codes of this model lie in a smaller space than that of vectors.")

    geodesics = Geodesics(
        session.model,
        "fisher" if tokens else "pullback",
        n_points=len(line),
        max_iter=0 if straight else 50,
        y=y,
    )

    if family.has_reference:
        line = family.project(torch.as_tensor(line, dtype=torch.float32)).numpy()
    elif not straight:
        (line,) = geodesics.path(*(z[None].astype(np.float32) for z in ends))

    curve = np.asarray(line, np.float32)
    length = float(geodesics.length(curve[None])[0])

    if straight or tokens:
        parts = None  # equal steps of the code
    else:
        segments = np.stack([curve[:-1], curve[1:]], axis=1)
        parts = torch.as_tensor(geodesics.length(segments))[None]

    codes = resample(torch.as_tensor(curve)[None], n, parts)[0].numpy()
    return Way(length, codes, session.decode(codes, y=y))


def _export(session: Session, given: dict[str, Any]) -> Binary | Pending:
    kind, form = given["kind"], given["format"]
    ways = _ways(session, {k: v for k, v in given.items() if k != "kinds"} | {"kinds": [kind]})

    if isinstance(ways, Pending):
        return ways

    way = ways[kind]

    if not isinstance(way, Way):
        raise ValueError(str(way))

    return walk_file(session, way.codes, way.X, form)


_REQUEST: dict[str, Any] = {
    "steps": {**INTEGER, "minimum": 2, "maximum": _MAX_STEPS},
    "kinds": several(_KIND, 1, 2),
    "map": MAP,
    "condition": CONDITION,
}
_WAY = record(
    length=NUMBER,
    codes=several(NUMBERS),
    path=maybe(several(several(NUMBER, 2, 2))),
    examples=several(EXAMPLE),
)

ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/walk",
        "Examples between two others, on the straight line and on the geodesic, with lengths.",
        record(_REQUEST, **{"from": _END, "to": _END}),
        record(
            straight=maybe(_WAY),
            geodesic=maybe(_WAY),
            reason=maybe(TEXT),
            unit_of_length=TEXT,
        ),
        _walk,
    ),
    Endpoint(
        "POST",
        "/api/walk/export",
        "A walk as an animation, a sound or a table.",
        record(
            _REQUEST,
            **{"from": _END, "to": _END, "kind": _KIND, "format": choice("gif", "wav", "csv")},
        ),
        None,
        _export,
    ),
)
