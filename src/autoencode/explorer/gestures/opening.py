r"""The description of the session, with which the page begins."""

__all__ = ["ENDPOINTS"]

import importlib
from typing import Any

from ..examples import describe_kind, kind_of
from ..places import MAP
from ..places.maps import describe_maps
from ..session import Session
from ..session.columns import COLOR
from ..session.units import PROBABILITIES, UNIT
from ..wire import Endpoint
from ..wire.schemas import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    NUMBERS,
    TEXT,
    Schema,
    choice,
    either,
    mapping,
    maybe,
    record,
    several,
)
from .coloring import describe_colors
from .entries import MAX_TILES
from .lookup import MAX_UPLOAD

LARGE = 5_000_000  # examples, of which a page does not draw all
MAX_STEPS = 64
MAX_GRID = 400

_ABILITY = record(available=BOOLEAN, reason=maybe(TEXT))
_UPLOADS = {
    "picture": ([".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".npy"], "Drop an image."),
    "sound": ([".wav", ".flac", ".ogg", ".mp3"], "Drop a sound."),
    "series": ([".csv", ".parquet", ".npy"], "Drop a file of one series."),
    "text": ([".txt", ".csv"], "Paste a text, or drop a file."),
    "row": ([".csv", ".parquet", ".npy"], "Paste a table with its header, or drop a file."),
}
_WALK_FORMATS = {"picture": ["gif", "csv"], "sound": ["wav", "csv"]}

SESSION: Schema = record(
    title=TEXT,
    version=TEXT,
    kind=choice("picture", "sound", "text", "series", "row"),
    count=INTEGER,
    latent_dim=INTEGER,
    example=mapping(either(INTEGER, several(TEXT))),
    units=several(UNIT),
    more_units=INTEGER,
    probabilities=NUMBERS,
    rate_name=TEXT,
    maps=several(
        record(
            {
                "default": record(x=INTEGER, y=maybe(INTEGER)),
                "explained": NUMBERS,
            },
            map=TEXT,
            title=TEXT,
            available=BOOLEAN,
            reason=maybe(TEXT),
        )
    ),
    default_map=MAP,
    colors=several(COLOR),
    conditions=several(
        either(
            record(name=TEXT, kind=choice("category"), levels=several(TEXT), default=TEXT),
            record(name=TEXT, kind=choice("number"), low=NUMBER, high=NUMBER, default=NUMBER),
        )
    ),
    can=record(
        decode=BOOLEAN,
        thumbnails=BOOLEAN,
        labels=BOOLEAN,
        geodesic=_ABILITY,
        sample=_ABILITY,
        upload=record(available=BOOLEAN, text=BOOLEAN, suffixes=several(TEXT), hint=TEXT),
    ),
    large=BOOLEAN,
    limits=mapping(INTEGER),
    exports=mapping(several(TEXT)),
    seed=INTEGER,
)


def _session(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    model, kind, units = session.model, kind_of(session.modality), session.units
    shown, D = units.document(), session.codes.shape[1]
    suffixes, hint = _UPLOADS[kind]
    package = importlib.import_module("...", __package__)

    return {
        "title": session.title,
        "version": package.__version__,
        "kind": kind,
        "count": len(session),
        "latent_dim": D,
        "example": describe_kind(model),
        "units": shown,
        "more_units": D - len(shown),
        "probabilities": [*PROBABILITIES],
        "rate_name": units.rate_name,
        **describe_maps(session),
        "colors": describe_colors(session),
        "conditions": session.conditions.document(),
        "can": {
            "decode": True,
            "thumbnails": kind in {"picture", "sound", "series"},
            "labels": True,
            "geodesic": {"available": True, "reason": None},
            "sample": _sampling(model),
            "upload": {
                "available": True,
                "text": kind in {"text", "row", "series"},
                "suffixes": suffixes,
                "hint": hint,
            },
        },
        "large": len(session) > LARGE,
        "limits": {
            "upload_bytes": MAX_UPLOAD,
            "atlas": MAX_TILES,
            "steps": MAX_STEPS,
            "grid": MAX_GRID,
        },
        "exports": {
            "selection": ["csv", "files", "labels"],
            "walk": _WALK_FORMATS.get(kind, ["csv"]),
        },
        "seed": int(model.seed_),
    }


def _sampling(model: Any) -> dict[str, Any]:
    available = hasattr(model, "sample")
    reason = None if available else "This model has no density of codes to draw from."
    return {"available": available, "reason": reason}


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/session",
        "The kind of data, the units of the code, maps, colors, controls and limits.",
        record(),
        SESSION,
        _session,
    ),
)
