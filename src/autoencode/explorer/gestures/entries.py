r"""Examples of the data with names and labels, and small pictures of many."""

__all__ = ["ENDPOINTS", "ENTRY", "MAX_TILES", "check_rows", "entries_of"]

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..examples import EXAMPLE, atlas, shown
from ..examples.pictures import png
from ..session import Session
from ..wire import Binary, Endpoint
from ..wire.schemas import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    NUMBERS,
    TEXT,
    Schema,
    either,
    mapping,
    maybe,
    record,
    several,
)

MAX_ENTRIES = 256
MAX_TILES = 1024
_SIDES = 8, 256  # pixels of a tile

ENTRY: Schema = record(
    {
        "distance": NUMBER,
        "columns": several(record(name=TEXT, value=maybe(either(TEXT, NUMBER)))),
        "scores": mapping(maybe(NUMBER)),
        "reconstruction": EXAMPLE,
        "z": NUMBERS,
    },
    index=INTEGER,
    name=maybe(TEXT),
    label=maybe(TEXT),
    example=EXAMPLE,
)


def check_rows(session: Session, rows: Sequence[int]) -> NDArray[np.int64]:
    r"""Returns indices of examples as an array.

    Arguments:
        session: The session.
        rows: The indices.

    Raises:
        ValueError: If there is no such example.
    """
    index = np.asarray(rows, dtype=np.int64)
    wrong = index[(index < 0) | (index >= len(session))]

    if len(wrong):
        raise ValueError(f"expected examples from 0 to {len(session) - 1:,}, got {wrong[0]}.")

    return index


def entries_of(
    session: Session, rows: Sequence[int] | NDArray, distances: Sequence[float] | NDArray = ()
) -> list[dict[str, Any]]:
    r"""Describe examples of the data for JSON.

    Arguments:
        session: The session.
        rows: The indices of the examples.
        distances: The distance of each, if there is one.
    """
    if len(rows) == 0:
        return []

    documents = shown(session.model, session.take(rows))
    entries: list[dict[str, Any]] = [
        {
            "index": int(i),
            "name": session.name(int(i)),
            "label": session.label(int(i)),
            "example": document,
        }
        for i, document in zip(rows, documents)
    ]

    for entry, distance in zip(entries, distances):
        entry["distance"] = float(distance)

    return entries


def _examples(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    rows = check_rows(session, given["indices"])
    entries = entries_of(session, rows)

    for entry in entries:
        entry |= {"columns": _columns(session, entry["index"]), "scores": {}}
        entry["z"] = session.codes[[entry["index"]]][0].tolist()

        for name, color in session.colors.items():
            if not name.startswith(("label", "column:")) and color.levels is None:
                entry["scores"][name] = color.value(entry["index"])

    if given.get("reconstruction") and len(rows):
        Z, y = session.codes[rows], session.context_of(rows)
        decoded = shown(session.model, session.decode(Z, y=y))

        for entry, document in zip(entries, decoded):
            entry["reconstruction"] = document

    return {"entries": entries}


def _columns(session: Session, i: int) -> list[dict[str, Any]]:
    columns = [c for name, c in session.colors.items() if name.startswith("column:")]
    return [{"name": column.title, "value": column.value(i)} for column in columns]


def _atlas(session: Session, given: dict[str, Any]) -> Binary:
    rows, side = check_rows(session, given["indices"]), given.get("side", 48)
    pixels, columns = atlas(session.model, session.take(rows), side)

    return Binary(png(pixels), "image/png", {"X-Columns": str(columns), "X-Side": str(side)})


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/examples",
        "Examples of the data with their names, labels, columns and scores.",
        record({"reconstruction": BOOLEAN}, indices=several(INTEGER, most=MAX_ENTRIES)),
        record(entries=several(ENTRY)),
        _examples,
    ),
    Endpoint(
        "POST",
        "/api/atlas",
        "A PNG file of square tiles, row by row: pictures, spectra or curves.",
        record(
            {"side": {**INTEGER, "minimum": _SIDES[0], "maximum": _SIDES[1]}},
            indices=several(INTEGER, 1, MAX_TILES),
        ),
        None,
        _atlas,
    ),
)
