r"""Examples of codes, and grids of them."""

__all__ = ["ENDPOINTS", "check_code"]

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.distributions import Distribution

from ...modalities import encode_context
from ..examples import EXAMPLE, shown
from ..places import MAP, map_of
from ..places.codes import FILL, code_of
from ..places.maps import places_of
from ..session import Session
from ..session.conditions import CONDITION
from ..session.nearest import NEAREST
from ..wire import Endpoint
from ..wire.schemas import BOOLEAN, INTEGER, NUMBER, NUMBERS, TEXT, maybe, record, several

_MAX_STEPS = 20  # of a grid in each direction
_PLACE = several(NUMBER, 2, 2)


def check_code(session: Session, z: Sequence[float]) -> NDArray:
    r"""Returns a code as an array.

    Arguments:
        session: The session.
        z: The numbers.

    Raises:
        ValueError: If it has another width.
    """
    D = session.codes.shape[1]

    if len(z) != D:
        raise ValueError(f"expected a code of {D:,} numbers, got {len(z):,}.")

    return np.array(z, float)


def _decode(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    condition = given.get("condition")
    map = map_of(session, given["map"]) if given.get("map") else None
    about = None

    if "place" in given:
        map = map or map_of(session, None)
        z, about = code_of(session, map, np.array(given["place"], float), given.get("fill"))
    elif "z" in given:
        z = check_code(session, given["z"])
    else:
        raise ValueError("expected z, a code, or place, a place on the map; got neither.")

    (example,) = shown(session.model, session.decode(z[None], condition))
    placed = None if map is None else places_of(session, map, z[None])

    return {
        "example": example,
        "z": z.tolist(),
        "place": None if placed is None else placed[0].tolist(),
        "filled": about,
        "log_prior": _log_prior(session, z, condition),
        **session.describe_nearest(z),
    }


@torch.no_grad()
def _log_prior(session: Session, z: NDArray, condition: Any) -> float | None:
    r"""Returns the log-density of the prior, if there is one of vectors."""
    model = session.model

    if not hasattr(model, "score_samples") or model.encoder_.family.has_reference:
        return None

    c = encode_context(model.context_, session.conditions.value(condition), 1)
    p: Distribution = model.model_.given(c).prior()
    value = float(p.log_prob(torch.tensor(z[None], dtype=torch.float32)).reshape(-1)[0])

    return value if np.isfinite(value) else None


def _grid(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    units, n = given["units"], given.get("steps", 9)
    D = session.codes.shape[1]

    if len({*units}) < len(units) or not all(0 <= j < D for j in units):
        raise ValueError(f"expected one or two different units from 0 to {D - 1}, got {units}.")

    base = session.units.mean if given.get("z") is None else check_code(session, given["z"])
    known = session.units
    ticks = [np.linspace(known.low[j], known.high[j], n) for j in units]
    down = ticks[1][::-1] if len(units) == 2 else np.zeros(1)
    Z = np.tile(base, (len(down), n, 1))
    Z[..., units[0]] = ticks[0]

    if len(units) == 2:
        Z[..., units[1]] = down[:, None]

    decoded = session.decode(Z.reshape(-1, D), given.get("condition"))

    return {
        "units": units,
        "ticks": [t.tolist() for t in ticks],
        "examples": shown(session.model, decoded),
    }


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/decode",
        "The example of a code or of a place on a map, with the nearest data.",
        record(
            {
                "z": NUMBERS,
                "place": _PLACE,
                "map": MAP,
                "fill": FILL,
                "condition": CONDITION,
            }
        ),
        record(
            example=EXAMPLE,
            z=NUMBERS,
            place=maybe(_PLACE),
            filled=maybe(TEXT),
            nearest=NEAREST,
            usual_distance=NUMBER,
            seen=BOOLEAN,
            note=maybe(TEXT),
            log_prior=maybe(NUMBER),
        ),
        _decode,
    ),
    Endpoint(
        "POST",
        "/api/grid",
        "Examples of a code of which one unit or two are moved, row by row.",
        record(
            {
                "steps": {**INTEGER, "minimum": 2, "maximum": _MAX_STEPS},
                "z": maybe(NUMBERS),
                "condition": CONDITION,
            },
            units=several(INTEGER, 1, 2),
        ),
        record(units=several(INTEGER), ticks=several(NUMBERS), examples=several(EXAMPLE)),
        _grid,
    ),
)
