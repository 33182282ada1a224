r"""Two units, principal components and UMAP as maps."""

__all__ = [
    "MAP",
    "Map",
    "components",
    "coordinates",
    "describe_maps",
    "flat_map",
    "map_of",
    "places_of",
]

import importlib.util
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..session import Session
from ..session.codes import Codes
from ..wire import Pending
from ..wire.schemas import INTEGER, Schema, choice, maybe, record
from ..wire.tasks import Report

MAP: Schema = record({"x": INTEGER, "y": maybe(INTEGER)}, map=choice("units", "pca", "umap"))

_SHOWN_MAPS = 8  # that are kept
_NEIGHBORS = 10
_MEASURED = 20_000  # codes from which components are computed
_UMAP_CODES = 50_000  # that are placed together; others are placed among them


class Map(NamedTuple):
    r"""A choice of two axes."""

    kind: str
    x: int = 0
    y: int | None = None
    r"""The second unit; `None` for codes of one unit."""


class Components(NamedTuple):
    r"""Principal components of codes."""

    mean: NDArray
    basis: NDArray
    r"""Two rows of unit length, with shape `(2, D)`."""

    explained: list[float]
    r"""The share of the variance along each."""


def map_of(session: Session, given: dict[str, Any] | None) -> Map:
    r"""Returns the map that a request names; by default that of the session.

    Arguments:
        session: The session.
        given: The map as the page names it.

    Raises:
        ValueError: If there is no such map.
    """
    if given is None:
        return default_map(session)

    kind, D = given["map"], session.codes.shape[1]

    if kind == "umap" and not _has_umap():
        raise ValueError(f"{_NO_UMAP}.")

    if kind == "pca" and D < 3:
        raise ValueError(f"codes of {D} units are a map themselves: choose two units.")

    if kind != "units":
        return Map(kind)

    default = default_map(session) if D < 3 else Map("units", *map(int, session.units.order[:2]))
    x, y = given.get("x", default.x), given.get("y", default.y)

    if not 0 <= x < D or (y is not None and not 0 <= y < D):
        raise ValueError(f"expected units from 0 to {D - 1}, got {x} and {y}.")

    return Map("units", x, y)


def flat_map(given: dict[str, Any]) -> dict[str, Any] | None:
    r"""Returns the map that the values of a query name, if they name one.

    Example:
        >>> flat_map({"map": "units", "x": 1, "view": []})
        {'map': 'units', 'x': 1}
    """
    if isinstance(given.get("map"), dict):
        return given["map"]

    return {k: given[k] for k in ("map", "x", "y") if k in given} if "map" in given else None


_NO_UMAP = "UMAP is not installed: pip install umap-learn"


def _has_umap() -> bool:
    return importlib.util.find_spec("umap") is not None


def default_map(session: Session) -> Map:
    r"""Returns the two units of small codes, and principal components of others."""
    D = session.codes.shape[1]
    return Map("units", 0, 1 if D == 2 else None) if D <= 2 else Map("pca")


def describe_maps(session: Session) -> dict[str, Any]:
    r"""Returns all maps for JSON."""
    D = session.codes.shape[1]
    first = default_map(session)
    units = [*map(int, session.units.order[:2])] if D > 2 else [0, 1 if D == 2 else None]
    maps: list[dict[str, Any]] = [
        {
            "map": "units",
            "title": "two units" if D > 1 else "the unit",
            "available": True,
            "reason": None,
            "default": {"x": units[0], "y": units[1]},
        },
        {
            "map": "pca",
            "title": "principal components",
            "available": D > 2,
            "reason": None if D > 2 else "the code has no more than two units",
            "explained": components(session).explained if D > 2 else [],
        },
        {
            "map": "umap",
            "title": "UMAP",
            "available": _has_umap() and D > 1,
            "reason": _NO_UMAP if not _has_umap() else None if D > 1 else "the code has one unit",
        },
    ]

    return {"maps": maps, "default_map": document(first)}


def document(map: Map) -> dict[str, Any]:
    r"""Returns a map for JSON."""
    return {"map": map.kind} | ({"x": map.x, "y": map.y} if map.kind == "units" else {})


def components(session: Session) -> Components:
    r"""Returns the principal components of codes."""
    return session.kept("components", lambda: _components(session.codes))


def _components(codes: Codes) -> Components:
    z = codes.spread(_MEASURED).astype(float)
    mean = z.mean(axis=0)
    _, s, V = np.linalg.svd(z - mean, full_matrices=False)
    basis = np.zeros((2, z.shape[1]))
    basis[: len(V[:2])] = V[:2]
    total = float((s**2).sum())

    return Components(mean, basis, [float(v) / total if total > 0 else 0.0 for v in s[:2] ** 2])


def coordinates(session: Session, map: Map, wait: bool = False) -> NDArray[np.float32] | Pending:
    r"""Places of all examples.

    Arguments:
        session: The session.
        map: The map.
        wait: Whether to wait for maps that take long.

    Returns:
        The places, with shape `(N, 2)`, or :class:`~autoencode.explorer.wire.Pending`.
    """
    if map in session.maps:
        return session.maps[map]

    if map.kind == "umap":
        found = session.tasks.ask(map, "UMAP", lambda report: _umap(session, report), wait)

        if isinstance(found, Pending):
            return found
    elif map.kind == "units" and map.y is None:
        x = session.codes.map(lambda z: z[:, [map.x]])
        jitter = np.random.default_rng(0).uniform(-1, 1, (len(x), 1)).astype(np.float32)
        found = np.concatenate([x, jitter], axis=1)
    else:
        found = session.codes.map(lambda z: _project(session, map, z))

    while len(session.maps) >= _SHOWN_MAPS:
        session.maps.pop(next(iter(session.maps)))

    session.maps[map] = found
    return found


def _project(session: Session, map: Map, z: NDArray) -> NDArray:
    if map.kind == "units":
        return z[:, [map.x, map.x if map.y is None else map.y]]

    pca = components(session)
    return (z - pca.mean) @ pca.basis.T


def _umap(session: Session, report: Report) -> NDArray[np.float32]:
    from umap import UMAP

    codes = session.codes
    rows = np.unique(np.linspace(0, len(codes) - 1, min(len(codes), _UMAP_CODES)).astype(int))
    reducer = UMAP(n_components=2, random_state=0)
    places = np.empty((len(codes), 2), np.float32)
    places[rows] = reducer.fit_transform(codes[rows])
    report(0.8)
    others = np.setdiff1d(np.arange(len(codes)), rows)

    for part in np.array_split(others, -(-len(others) // _UMAP_CODES) if len(others) else 0):
        places[part] = reducer.transform(codes[part])

    return places


def places_of(session: Session, map: Map, Z: NDArray) -> NDArray | None:
    r"""Places of codes, with shape `(B, 2)`; `None` if the map is not ready.

    UMAP places a code at the weighted mean of the places of the nearest codes of examples.

    Arguments:
        session: The session.
        map: The map.
        Z: The codes, with shape `(B, D)`.
    """
    if map.kind != "umap":
        placed = _project(session, map, np.asarray(Z, float))

        if map.kind == "units" and map.y is None:
            placed[:, 1] = 0.0

        return placed

    if (places := session.maps.get(map)) is None:
        return None

    found = [session.nearest.find(np.asarray(z), _NEIGHBORS) for z in Z]
    return np.stack([weights(distances) @ places[rows] for rows, distances in found])


def weights(distances: NDArray) -> NDArray:
    r"""Weights of neighbors, which add up to one.

    .. math:: w_i \propto \exp \big( - d_i^2 / 2 d_k^2 \big)

    Arguments:
        distances: The distances of the neighbors, the largest last.

    Example:
        >>> weights(np.array([0.0, 0.0])).tolist()
        [0.5, 0.5]
    """
    scale = distances[-1] if distances[-1] > 0 else 1.0
    w = np.exp(-((distances / scale) ** 2) / 2)
    return w / w.sum()
