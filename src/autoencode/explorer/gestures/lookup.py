r"""Files and texts of the user: encoded, placed, scored, and compared with the data."""

__all__ = ["ENDPOINTS", "MAX_UPLOAD"]

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...data.joining import take
from ...estimator.reading import Opened
from ...inference.codes import encode_means
from ...inputs import read
from ...modalities.capabilities import Tokenized
from ...modalities.capabilities.sequences import examples
from ...modalities.text.edit_distance import edits
from ..examples import EXAMPLE, kind_of, shown
from ..places import MAP, map_of
from ..places.maps import flat_map, places_of
from ..session import Session
from ..session.conditions import CONDITION
from ..session.nearest import NEAREST
from ..wire import Endpoint
from ..wire.schemas import BOOLEAN, NUMBER, NUMBERS, TEXT, either, maybe, record, several
from .coloring import scores_of
from .entries import ENTRY, entries_of

MAX_UPLOAD = 2**25
_SHOWN_ENTRIES = 8
_NEIGHBORS = 8
_COMPARED_NUMBERS = 2**24  # of examples that are compared with an upload
_COMPARED_TEXTS = 2000
_MAX_LETTERS = 2**20
_FOLDER = "autoencode-upload-"
_PATH = re.compile(r"[^\s'\"]*" + _FOLDER + r"[^\s'\",;:]*")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def _look_up(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    name = given.get("name", "the text" if "text" in given else "the file")

    with tempfile.TemporaryDirectory(prefix=_FOLDER) as folder:
        try:
            return _entries(session, _read(session, given, name, Path(folder)), given, name)
        except (ValueError, TypeError, OSError, ArithmeticError) as error:
            text = _PATH.sub(lambda _: _short(name), str(error))
            raise ValueError(text or f"'{_short(name)}' cannot be read.") from None


def _entries(session: Session, X: Any, given: dict[str, Any], name: str) -> dict[str, Any]:
    n, model = len(X), session.model
    X = take(X, [*range(min(n, _SHOWN_ENTRIES))])
    y = session.conditions.value(given.get("condition"))
    opened = model._opened(X, y)
    Z = encode_means(*opened).flatten(start_dim=1).numpy()
    again = shown(model, session.decode(Z, y=y))
    named = flat_map(given)
    map = None if named is None else map_of(session, named)
    placed = None if map is None else places_of(session, map, Z)
    many = f"The file has {n:,} examples; the first {len(X)} are shown."

    return {
        "entries": [
            {
                "name": name if n == 1 else f"{name}, {i}",
                "example": example,
                "reconstruction": again[i],
                "z": Z[i].tolist(),
                "place": None if placed is None else placed[i].tolist(),
                "scores": scores_of(session, take(X, [i]), y),
                "neighbors_code": _neighbors(session, *session.nearest.find(Z[i], _NEIGHBORS)),
                "neighbors_data": _neighbors(session, *_nearest_data(session, opened, i)),
                **session.describe_nearest(Z[i]),
            }
            for i, example in enumerate(shown(model, X))
        ],
        "note": many if n > len(X) else None,
    }


def _read(session: Session, given: dict[str, Any], name: str, folder: Path) -> Any:
    r"""Returns the examples of an upload, as the model sees them."""
    modality = session.modality
    kind = kind_of(modality)

    if "file" not in given and "text" not in given:
        raise ValueError("expected a file or a text.")

    if "text" in given and kind == "text":
        source: Any = [given["text"]]
    elif "text" in given and kind == "series":
        source = [_numbers(given["text"])]
    elif "text" in given and kind != "row":
        raise ValueError("this model takes files, and no text.")
    else:
        source = _write(given, name, folder)

    loaded = session.model._compare_columns(read(source, modality), modality)
    return examples(modality, loaded.X)


def _write(given: dict[str, Any], name: str, folder: Path) -> Path:
    r"""Writes an upload to a file, of whose given name only the suffix is kept."""
    content = given["file"] if "file" in given else given["text"].encode()
    found = _SUFFIX.search(name)
    suffix = ".csv" if "text" in given else found[0].lower() if found else ""
    path = folder / f"upload{suffix}"

    if not content:
        raise ValueError(f"the file '{_short(name)}' is empty.")

    path.write_bytes(content)
    return path


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:80]}..."


def _numbers(text: str) -> NDArray:
    try:
        return np.array([float(word) for word in re.split(r"[\s,;]+", text.strip())])
    except ValueError:
        raise ValueError(
            "expected the numbers of one series, apart by spaces or commas."
        ) from None


def _neighbors(session: Session, rows: NDArray, distances: NDArray) -> list[dict[str, Any]]:
    return entries_of(session, rows, distances)


@torch.no_grad()
def _nearest_data(session: Session, opened: Opened, i: int) -> tuple[NDArray, NDArray]:
    r"""Returns the examples nearest to one as the networks see them; texts by their edits."""
    modality, tokens = session.modality, isinstance(session.modality, Tokenized)
    x = modality.normalize(opened.x[i : i + 1])
    most = _COMPARED_TEXTS if tokens else max(1, _COMPARED_NUMBERS // max(1, x.numel()))
    n = len(session)
    rows = np.unique(np.linspace(0, n - 1, min(n, most)).astype(int))
    distances = []

    for part in np.array_split(rows, -(-len(rows) // 512)):
        other = modality.normalize(session.loaded(part).x)

        if tokens:
            a, b = modality.to_bytes(x), modality.to_bytes(other)
            found = edits(a.expand(len(b), -1), b, end=255).double()
        else:
            difference = (other - x).nan_to_num().flatten(start_dim=1)
            found = difference.double().square().sum(dim=1).sqrt()

        distances.append(found.numpy())

    d = np.concatenate(distances)
    best = np.argsort(d, kind="stable")[:_NEIGHBORS]
    return rows[best], d[best]


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/lookup",
        "Examples of a file or a text: their codes, reconstructions, scores and neighbors.",
        record(
            {
                "name": {**TEXT, "maxLength": 1000},
                "text": {**TEXT, "maxLength": _MAX_LETTERS},
                **MAP["properties"],
                "map": either(MAP["properties"]["map"], MAP),
                "condition": CONDITION,
            }
        ),
        record(
            entries=several(
                record(
                    name=TEXT,
                    example=EXAMPLE,
                    reconstruction=EXAMPLE,
                    z=NUMBERS,
                    place=maybe(several(NUMBER, 2, 2)),
                    scores=several(
                        record(
                            name=TEXT,
                            title=TEXT,
                            value=maybe(NUMBER),
                            percentile=maybe(NUMBER),
                        )
                    ),
                    nearest=NEAREST,
                    usual_distance=NUMBER,
                    seen=BOOLEAN,
                    note=maybe(TEXT),
                    neighbors_code=several(ENTRY),
                    neighbors_data=several(ENTRY),
                )
            ),
            note=maybe(TEXT),
        ),
        _look_up,
        takes_file=True,
    ),
)
