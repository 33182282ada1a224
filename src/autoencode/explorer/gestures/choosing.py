r"""Selections by outlines on the map, by colors and by words."""

__all__ = ["ENDPOINTS", "SELECTION", "chosen"]

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..examples import kind_of
from ..places import MAP, map_of
from ..places.maps import coordinates
from ..places.views import inside
from ..session import Session
from ..session.columns import COLOR
from ..wire import Binary, Endpoint, Pending
from ..wire.schemas import (
    INTEGER,
    NUMBER,
    TEXT,
    Schema,
    choice,
    either,
    maybe,
    record,
    several,
)
from .coloring import color, typed_color
from .files import selection_file

MAX_CORNERS = 10_000
_MAX_LETTERS = 200
_WORDS: Schema = {**TEXT, "maxLength": _MAX_LETTERS}

SELECTION: Schema = either(several(INTEGER), record(mask=TEXT))


def chosen(session: Session, given: Any) -> NDArray[np.int64]:
    r"""Returns the indices of a selection, each once, in ascending order.

    Arguments:
        session: The session.
        given: The selection: indices, or a mask of bits.

    Raises:
        ValueError: If there is no such example.
    """
    n = len(session)

    if isinstance(given, dict):
        try:
            bits = np.frombuffer(base64.b64decode(given["mask"], validate=True), np.uint8)
        except (binascii.Error, ValueError):
            raise ValueError("expected the mask as base64.") from None

        if len(bits) != -(-n // 8):
            raise ValueError(f"expected a mask of {-(-n // 8):,} bytes, got {len(bits):,}.")

        return np.flatnonzero(np.unpackbits(bits, bitorder="little")[:n])

    rows = np.unique(np.asarray(given, dtype=np.int64))

    if len(rows) and not 0 <= rows[0] <= rows[-1] < n:
        wrong = rows[0] if rows[0] < 0 else rows[-1]
        raise ValueError(f"expected examples from 0 to {n - 1:,}, got {wrong}.")

    return rows


_WAYS = ("polygon", "box", "color", "search", "indices")


def _select(session: Session, given: dict[str, Any]) -> Binary | Pending:
    ways = [way for way in _WAYS if way in given]

    if len(ways) != 1:
        raise ValueError(
            f"expected one of {', '.join(_WAYS)}, got {' and '.join(ways) or 'none'}."
        )

    found = _found(session, ways[0], given)

    if isinstance(found, Pending):
        return found

    if given.get("within") is not None:
        found = np.intersect1d(found, chosen(session, given["within"]))

    if given.get("without") is not None:
        found = np.setdiff1d(found, chosen(session, given["without"]))

    return Binary(found.astype("<u4").tobytes(), headers={"X-Count": str(len(found))})


def _found(session: Session, way: str, given: dict[str, Any]) -> NDArray | Pending:
    if way == "indices":
        return chosen(session, given["indices"])

    if way == "search":
        return _search(session, given["search"])

    if way == "color":
        return _by_color(session, given)

    places = coordinates(session, map_of(session, given.get("map")))

    if isinstance(places, Pending):
        return places

    if way == "box":
        low_x, high_x, low_y, high_y = given["box"]
        x, y = places.T
        return np.flatnonzero((x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y))

    return np.flatnonzero(inside(places, np.array(given["polygon"], float)))


def _by_color(session: Session, given: dict[str, Any]) -> NDArray | Pending:
    found = color(session, given["color"])

    if isinstance(found, Pending):
        return found

    assert found.values is not None

    if found.levels is not None:
        if unknown := [level for level in given.get("levels", ()) if level not in found.levels]:
            raise ValueError(f"expected levels of {found.title[:60]!r}, got {unknown[0][:60]!r}.")

        numbers = [found.levels.index(level) for level in given.get("levels", ())]
        return np.flatnonzero(np.isin(found.values, numbers))

    low, high = given.get("low"), given.get("high")
    kept = np.isfinite(found.values)
    kept &= found.values >= (-np.inf if low is None else low)
    kept &= found.values <= (np.inf if high is None else high)

    return np.flatnonzero(kept)


def _search(session: Session, words: str) -> NDArray:
    r"""Returns the examples with given words in their name, label, cells or text."""
    words = words.casefold()
    kept = np.zeros(len(session), bool)

    for found in session.colors.values():
        if found.levels is not None and found.values is not None:
            numbers = [i for i, level in enumerate(found.levels) if words in level.casefold()]
            kept |= np.isin(found.values, numbers)

    texts = [session.names] if session.names is not None else []

    if kind_of(session.modality) == "text":
        texts.append([str(text) for text in session.X])

    for values in texts:
        kept |= [words in value.casefold() for value in values]

    return np.flatnonzero(kept)


def _label(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    label = given["label"]

    for i in chosen(session, given["selection"]).tolist():
        if label is None:
            session.typed.pop(i, None)
        else:
            session.typed[i] = label

    return typed_color(session).document()


def _export(session: Session, given: dict[str, Any]) -> Binary:
    return selection_file(session, chosen(session, given["selection"]), given["format"])


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/select",
        "Indices of examples as uint32: inside an outline, with a color, or with some words.",
        record(
            {
                "polygon": several(several(NUMBER, 2, 2), 3, MAX_CORNERS),
                "box": several(NUMBER, 4, 4),
                "map": MAP,
                "color": TEXT,
                "levels": several(TEXT),
                "low": maybe(NUMBER),
                "high": maybe(NUMBER),
                "search": _WORDS,
                "indices": SELECTION,
                "within": maybe(SELECTION),
                "without": maybe(SELECTION),
            }
        ),
        None,
        _select,
    ),
    Endpoint(
        "POST",
        "/api/labels",
        "A label typed in for a selection, or taken away.",
        record(selection=SELECTION, label=maybe(_WORDS)),
        COLOR,
        _label,
    ),
    Endpoint(
        "POST",
        "/api/export",
        "A selection as a table, as an archive of files, or as a table of labels typed in.",
        record(selection=SELECTION, format=choice("csv", "files", "labels")),
        None,
        _export,
    ),
)
