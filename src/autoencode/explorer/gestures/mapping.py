r"""Points, densities and colors of a map."""

__all__ = ["ENDPOINTS"]

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..places import MAP, map_of
from ..places.maps import coordinates, flat_map
from ..places.views import density, in_view
from ..session import Session
from ..session.columns import COLOR
from ..wire import Binary, Endpoint, Pending
from ..wire.schemas import INTEGER, NUMBER, TEXT, choice, maybe, record, several
from .coloring import color

_MAX_POINTS = 2_000_000  # of one view
_VIEW = several(NUMBER, 4, 4)
_SIDE = {**INTEGER, "minimum": 1, "maximum": 2048}
_MAP_OR_NONE = {"map": choice("units", "pca", "umap", "none"), "x": INTEGER, "y": maybe(INTEGER)}


def _points(session: Session, given: dict[str, Any]) -> Binary | Pending:
    names = given.get("columns", [])
    found = [color(session, name) for name in names]
    pending = next((c for c in found if isinstance(c, Pending)), None)

    if pending is not None:
        return pending

    values: list[Any] = [c.values for c in found if not isinstance(c, Pending)]
    headers = {}
    rows: Any = slice(None)

    if given.get("map") != "none":
        places = coordinates(session, map_of(session, flat_map(given)))

        if isinstance(places, Pending):
            return places

        values = [*places.T, *values]
        names = ["x", "y", *names]
        headers["X-Range"] = ",".join(f"{v:.9g}" for v in _range(places))

        if "view" in given:
            limit = min(given.get("limit", _MAX_POINTS), _MAX_POINTS)
            rows, total = in_view(places, given["view"], limit)
            headers["X-Total"] = str(total)

    kinds = [f"{name}:f4" for name in names]
    columns = [np.ascontiguousarray(column[rows], "<f4") for column in values]

    if "X-Total" in headers:
        kinds.append("index:u4")
        columns.append(rows.astype("<u4"))

    headers |= {
        "X-Columns": ",".join(kinds),
        "X-Count": str(len(columns[0]) if columns else len(session)),
    }
    return Binary(b"".join(column.tobytes() for column in columns), headers=headers)


def _range(places: NDArray) -> list[float]:
    finite = places[np.isfinite(places).all(axis=1)]

    if len(finite) == 0:
        return [0.0, 1.0, 0.0, 1.0]

    low, high = finite.min(axis=0), finite.max(axis=0)
    return [float(low[0]), float(high[0]), float(low[1]), float(high[1])]


def _density(session: Session, given: dict[str, Any]) -> Binary | Pending:
    places = coordinates(session, map_of(session, flat_map(given)))

    if isinstance(places, Pending):
        return places

    view = given.get("view", _range(places))

    if not (view[0] < view[1] and view[2] < view[3]):
        raise ValueError("expected a view as lowest x, highest x, lowest y, highest y.")

    counts = density(places, view, given.get("width", 512), given.get("height", 512))
    headers = {"X-Highest": f"{counts.max(initial=0):.9g}"}

    return Binary(counts.astype("<f4").tobytes(), headers=headers)


def _color(session: Session, given: dict[str, Any]) -> Any:
    found = color(session, given["name"])
    return found if isinstance(found, Pending) else found.document()


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/points",
        "Places of all examples, or of those in a view, and colors: columns of float32.",
        record(
            {
                **_MAP_OR_NONE,
                "columns": several(TEXT, most=16),
                "view": _VIEW,
                "limit": {**INTEGER, "minimum": 1, "maximum": _MAX_POINTS},
            }
        ),
        None,
        _points,
    ),
    Endpoint(
        "GET",
        "/api/density",
        "Numbers of examples in the cells of a grid as float32, the highest row first.",
        record({**MAP["properties"], "view": _VIEW, "width": _SIDE, "height": _SIDE}),
        None,
        _density,
    ),
    Endpoint(
        "GET",
        "/api/color",
        "A color with its levels or range, as soon as it is computed.",
        record(name=TEXT),
        COLOR,
        _color,
    ),
)
