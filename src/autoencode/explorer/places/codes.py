r"""Codes of places on a map, with the other units filled in."""

__all__ = ["FILL", "code_of"]

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..session import Session
from ..wire.schemas import INTEGER, NUMBERS, Schema, either, maybe, record
from .maps import Map, components, coordinates, weights

FILL: Schema = maybe(either(record(index=INTEGER), record(z=NUMBERS)))

_NEIGHBORS = 10


def code_of(
    session: Session, map: Map, place: NDArray, fill: dict[str, Any] | None = None
) -> tuple[NDArray, str | None]:
    r"""The code of a place, and a sentence about the units that the map does not show.

    On a map of two units, the others are those of an example, of a given code, or the weighted
    mean of the nearest examples on the map. Principal components of such a code are replaced by
    those of the place. UMAP has no inverse, so that its places have the mean code alone.

    Arguments:
        session: The session.
        map: The map.
        place: The place, with shape `(2,)`.
        fill: An example or a code that gives the other units.

    Raises:
        ValueError: If there is no such example or code.
    """
    D = session.codes.shape[1]

    if map.kind == "units" and D <= 2:
        z = np.zeros(D)
        z[map.x] = place[0]

        if map.y is not None:
            z[map.y] = place[1]

        return _project(session, z), None

    z, whose = _other_units(session, map, place, fill)

    if map.kind == "umap":
        return _project(session, z), f"UMAP has no inverse: the code is {whose}."

    if map.kind == "units":
        shown = {map.x: place[0], **({} if map.y is None else {map.y: place[1]})}
        z[[*shown]] = [*shown.values()]
        n = D - len(shown)
        verb = "is that" if n == 1 else "are those"
        about = f"The other {n:,} unit{'s' * (n != 1)} {verb} of {whose}."
    else:
        pca = components(session)
        z = z + (place - (z - pca.mean) @ pca.basis.T) @ pca.basis
        about = f"Beyond the two components, the code is that of {whose}."

    return _project(session, z), about


def _other_units(
    session: Session, map: Map, place: NDArray, fill: dict[str, Any] | None
) -> tuple[NDArray, str]:
    r"""Returns the code that fills in what a map does not show, and whose code it is."""
    n, D = session.codes.shape

    if fill is not None and "z" in fill:
        if len(fill["z"]) != D:
            raise ValueError(f"expected a code of {D:,} numbers, got {len(fill['z']):,}.")

        return np.array(fill["z"], float), "the given code"

    if fill is not None:
        if not 0 <= fill["index"] < n:
            raise ValueError(f"expected an example from 0 to {n - 1:,}, got {fill['index']}.")

        return session.codes[[fill["index"]]][0].astype(float), f"example {fill['index']}"

    places = coordinates(session, map, wait=True)
    assert isinstance(places, np.ndarray)
    distances = np.hypot(*(places - place.astype(np.float32)).T)
    k = min(_NEIGHBORS, n)
    rows = np.argpartition(distances, k - 1)[:k]
    rows = rows[np.argsort(distances[rows], kind="stable")]
    z = weights(distances[rows]) @ session.codes[rows].astype(float)

    return z, f"a weighted mean of the {k} nearest examples on the map"


def _project(session: Session, z: NDArray) -> NDArray:
    r"""Returns the nearest code of the space of the posterior, such as a sphere."""
    family = session.model.encoder_.family

    if not family.has_reference:
        return z

    return family.project(torch.as_tensor(z[None], dtype=torch.float32))[0].numpy()
