r"""Examples of every kind of data as JSON."""

__all__ = ["EXAMPLE", "describe_kind", "kind_of", "shown"]

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import is_frame, to_pandas
from ...modalities import Modality
from ...modalities.capabilities import Pictured, Streamed, TimeResolved, Tokenized
from ...modalities.capabilities.pictures import to_images
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
from .pictures import as_pixels, data_url, png
from .waves import outline, wav

MAX_CELLS = 500  # of one example
MAX_LETTERS = 20_000
MAX_STEPS = 5_000

EXAMPLE: Schema = either(
    record(kind=choice("picture"), width=INTEGER, height=INTEGER, url=TEXT),
    record(
        kind=choice("sound"),
        rate=INTEGER,
        seconds=NUMBER,
        url=TEXT,
        spectrum=TEXT,
        peaks=several(several(NUMBER, 2, 2)),
    ),
    record(kind=choice("text"), text=TEXT),
    record(kind=choice("series"), channels=several(TEXT), values=several(several(maybe(NUMBER)))),
    record(
        kind=choice("row"),
        cells=several(record(name=TEXT, value=maybe(either(TEXT, NUMBER)))),
    ),
)


def kind_of(modality: Modality) -> str:
    r"""The way in which examples of a kind of data are shown.

    Example:
        >>> from autoencode.modalities import Images, Series, Sounds, Tables, Texts
        >>> [kind_of(kind) for kind in (Images(), Sounds(), Texts(), Series(), Tables())]
        ['picture', 'sound', 'text', 'series', 'row']
    """
    if isinstance(modality, Tokenized):
        return "text"

    if isinstance(modality, TimeResolved):
        return "series"

    if isinstance(modality, Streamed):
        return "sound"

    return "picture" if isinstance(modality, Pictured) else "row"


def describe_kind(model: Any) -> dict[str, Any]:
    r"""The sizes and names that all examples of a model share, for JSON.

    Arguments:
        model: The fitted model.
    """
    modality = model.modality_
    kind = kind_of(modality)

    if kind == "picture":
        C, H, W = modality.shape_
        return {"width": W, "height": H, "channels": C}

    if kind == "sound":
        return {"rate": int(modality.rate), "samples": int(modality.samples_)}

    if kind == "series":
        return {"steps": int(modality.steps_), "channels": _channels(modality)}

    if kind == "text":
        return {"longest": int(modality.shape_[0])}

    columns = [str(name) for name in getattr(model, "feature_names_in_", ())]
    return {"columns": columns[:MAX_CELLS]}


def shown(model: Any, X: Any) -> list[dict[str, Any]]:
    r"""Examples as JSON.

    Arguments:
        model: The fitted model.
        X: The examples, in the user's units.

    Returns:
        One document for each, of the schema `EXAMPLE`.

    Example:
        >>> import autoencode as ae
        >>> X = np.arange(12.0).reshape(6, 2) ** 2
        >>> shown(ae.linear(1).fit(X), X[:1])
        [{'kind': 'row', 'cells': [{'name': 'x1', 'value': 0.0}, {'name': 'x2', 'value': 1.0}]}]
    """
    kind = kind_of(model.modality_)
    show = {
        "picture": _pictures,
        "sound": _sounds,
        "text": _texts,
        "series": _series,
        "row": _rows,
    }

    return show[kind](model, X)


def _pictures(model: Any, X: Any) -> list[dict[str, Any]]:
    return [_picture(as_pixels(image)) for image in to_images(model.modality_, np.asarray(X))]


def _picture(pixels: NDArray) -> dict[str, Any]:
    height, width = pixels.shape[:2]
    url = data_url(png(pixels), "image/png")
    return {"kind": "picture", "width": width, "height": height, "url": url}


def _sounds(model: Any, X: Any) -> list[dict[str, Any]]:
    rate = int(model.modality_.rate)
    spectra = to_images(model.modality_, X)

    return [
        {
            "kind": "sound",
            "rate": rate,
            "seconds": len(x) / rate,
            "url": data_url(wav(np.asarray(x), rate), "audio/wav"),
            "spectrum": data_url(png(as_pixels(spectrum)), "image/png"),
            "peaks": outline(np.asarray(x)),
        }
        for x, spectrum in zip(X, spectra)
    ]


def _texts(model: Any, X: Any) -> list[dict[str, Any]]:
    return [{"kind": "text", "text": _text(text)} for text in np.asarray(X, object).ravel()]


def _text(value: Any) -> str:
    r"""Returns a text that UTF-8 can encode, shortened if it is very long."""
    text = str(value)
    text = text if len(text) <= MAX_LETTERS else f"{text[:MAX_LETTERS]}..."
    return text.encode("utf-8", "replace").decode("utf-8")


def _series(model: Any, X: Any) -> list[dict[str, Any]]:
    channels = _channels(model.modality_)
    documents = []

    for x in X:
        values = np.asarray(x, float).reshape(len(x), -1)[:MAX_STEPS].T
        names = channels if len(channels) == len(values) else _numbered(len(values))
        rows = [[_number(v) for v in row] for row in values.tolist()]
        documents.append({"kind": "series", "channels": names, "values": rows})

    return documents


def _channels(modality: Any) -> list[str]:
    return [_text(name) for name in modality.channel_names()]


def _rows(model: Any, X: Any) -> list[dict[str, Any]]:
    if is_frame(X):
        frame = to_pandas(X)
        names, rows = [*frame.columns], frame.astype(object).to_numpy()
    else:
        rows = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
        rows = rows.reshape(len(rows), -1)
        names = [*getattr(model, "feature_names_in_", ())]

    names = names if len(names) == rows.shape[1] else _numbered(rows.shape[1], "x")
    names = [_text(name) for name in names[:MAX_CELLS]]

    return [
        {
            "kind": "row",
            "cells": [{"name": name, "value": _cell(v)} for name, v in zip(names, row)],
        }
        for row in rows[:, :MAX_CELLS].tolist()
    ]


def _cell(value: Any) -> float | str | None:
    if isinstance(value, bool | np.bool_):
        return str(bool(value))

    if isinstance(value, int | float | np.number):
        return _number(float(value))  # type: ignore[arg-type]

    missing = value is None or value != value or str(value) in {"NaT", "<NA>"}
    return None if missing else _text(value)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _numbered(n: int, letter: str = "channel ") -> list[str]:
    return [f"{letter}{j + 1}" for j in range(n)]
