r"""Walks and selections as files."""

__all__ = ["selection_file", "walk_file"]

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...modalities.capabilities import Writable
from ...modalities.capabilities.files import write_one
from ...modalities.capabilities.pictures import to_images
from ..examples import kind_of, shown
from ..examples.pictures import as_pixels
from ..examples.waves import full_scale, wav
from ..session import Session
from ..wire import Binary

_FRAME_MS, _LEAST_SIDE = 120, 160
_PAUSE_SECONDS = 0.15
_MAX_FILES = 10_000


def walk_file(session: Session, Z: NDArray, X: Any, form: str) -> Binary:
    r"""Write examples on a way: pictures as `gif`, sounds as `wav`, others as `csv`.

    Arguments:
        session: The session.
        Z: The codes, with shape `(n, D)`.
        X: Their examples.
        form: The format.

    Raises:
        ValueError: If the kind of data has no such file.
    """
    kind = kind_of(session.modality)

    if form == "csv":
        codes = [f"z{j + 1}" for j in range(Z.shape[1])]
        header, rows = _table(session, X)
        lines = [[i, *row, *map(float, Z[i])] for i, row in rows]
        return Binary(_csv(["step", *header, *codes], lines), "text/csv", file="walk.csv")

    if form == "gif" and kind == "picture":
        return Binary(_animation(to_images(session.modality, X)), "image/gif", file="walk.gif")

    if form == "wav" and kind == "sound":
        return Binary(_played(X, session.modality.rate), "audio/wav", file="walk.wav")

    raise ValueError(f"there is no .{form} file of this kind of data; .csv files have all kinds.")


def _table(session: Session, X: Any) -> tuple[list[str], list[tuple[int, list[Any]]]]:
    r"""Returns names of columns, and rows with the index of their examples."""
    documents = shown(session.model, X)
    kind = documents[0]["kind"]

    if kind == "row":
        names = [cell["name"] for cell in documents[0]["cells"]]
        return names, [(i, [c["value"] for c in d["cells"]]) for i, d in enumerate(documents)]

    if kind == "text":
        return ["text"], [(i, [d["text"]]) for i, d in enumerate(documents)]

    if kind == "series":
        names = ["time", *documents[0]["channels"]]
        return names, [
            (i, [t, *values])
            for i, d in enumerate(documents)
            for t, values in enumerate(zip(*d["values"]))
        ]

    return [], [(i, []) for i in range(len(documents))]


def _animation(pictures: NDArray) -> bytes:
    zoom = max(1, -(-_LEAST_SIDE // max(pictures.shape[1:3])))
    frames = [as_pixels(p).repeat(zoom, axis=0).repeat(zoom, axis=1) for p in pictures]
    images = [Image.fromarray(frame).convert("RGB") for frame in frames]
    there_and_back = [*images, *images[-2:0:-1]]
    file = io.BytesIO()
    there_and_back[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=there_and_back[1:],
        duration=_FRAME_MS,
        loop=0,
    )

    return file.getvalue()


def _played(X: Any, rate: int) -> bytes:
    pause = np.zeros((round(_PAUSE_SECONDS * rate), *np.asarray(X[0]).shape[1:]))
    parts = [part for x in X for part in (full_scale(np.asarray(x)), pause)]

    return wav(np.concatenate(parts[:-1]), int(rate))


def selection_file(session: Session, rows: NDArray, form: str) -> Binary:
    r"""Write selected examples.

    Arguments:
        session: The session.
        rows: Their indices.
        form: `csv` for a table of labels, colors and codes; `labels` for labels typed in; `files`
            for an archive with a file for each example.

    Raises:
        ValueError: If these are too many files.
    """
    if form == "labels":
        named: list[list[Any]] = [
            [i, session.name(i), session.typed.get(i)] for i in rows.tolist()
        ]
        return Binary(_csv(["index", "name", "label"], named), "text/csv", file="labels.csv")

    if form == "files":
        return Binary(_archive(session, rows), "application/zip", file="selection.zip")

    ready = [color for color in session.colors.values() if color.values is not None]
    codes = [f"z{j + 1}" for j in range(session.codes.shape[1])]
    Z = session.codes[rows].astype(float)
    lines = (
        [i, session.name(i), *(color.value(i) for color in ready), *Z[k].tolist()]
        for k, i in enumerate(rows.tolist())
    )
    header = ["index", "name", *(color.title for color in ready), *codes]

    return Binary(_csv(header, lines), "text/csv", file="selection.csv")


def _archive(session: Session, rows: NDArray) -> bytes:
    if len(rows) > _MAX_FILES:
        raise ValueError(f"expected at most {_MAX_FILES:,} files, got {len(rows):,}.")

    file = io.BytesIO()
    X = session.take(rows)

    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if isinstance(session.modality, Writable):
            names = [f"{i:08d}{session.modality.suffix}" for i in rows.tolist()]
            _add_files(session, archive, names, X)
            own = [[name, session.name(i)] for name, i in zip(names, rows.tolist())]
            archive.writestr("names.csv", _csv(["file", "name"], own))
        else:
            header, cells = _table(session, X) if len(rows) else ([], [])
            lines = [[int(rows[k]), *row] for k, row in cells]
            archive.writestr("examples.csv", _csv(["index", *header], lines))

    return file.getvalue()


def _add_files(session: Session, archive: zipfile.ZipFile, names: Sequence[str], X: Any) -> None:
    r"""Adds a file for each example, under names that no program takes for a path."""
    with tempfile.TemporaryDirectory() as folder:
        for name, example in zip(names, X):
            path = Path(folder, name)
            write_one(session.modality, path, example)
            archive.write(path, name)
            path.unlink()


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)

    return text.getvalue().encode("utf-8", "replace")
