r"""Examples in the units of the user: as rows, as one picture, or as a folder of files."""

__all__ = ["write_examples", "write_photograph"]

import logging
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...common.atomic_files import replacing
from ...data import is_frame, write_frame
from ...data.listing.names import file_names
from ...data.media import photographs
from ...estimator import Autoencoder
from ...modalities.capabilities.files import write_one
from ...modalities.capabilities.pictures import to_images, to_numeric
from ...modalities.capabilities.sequences import Tokenized
from .formats import ROW_SUFFIXES, column_names, example_suffix, is_single, suffix
from .rows import is_formula, write_rows

log = logging.getLogger(__name__)


def write_examples(
    out: Path,
    X: NDArray,
    model: Autoencoder,
    columns: Sequence[str] | None = None,
    files: Sequence[str] | None = None,
    beside: NDArray | None = None,
) -> None:
    r"""Write examples in the user's units: as rows, as one picture, or as a folder of files.

    Arguments:
        out: The file or folder.
        X: The examples.
        model: The model that made them.
        columns: The names of the columns of rows.
        files: The files of the originals, after which the new files are named.
        beside: The same number of examples, shown next to these in a picture.
    """
    if suffix(out) in {".csv", ".txt"} and isinstance(model.modality_, Tokenized):
        X = _without_nul(out, X)

    header = [] if is_frame(X) else columns or column_names(model, X[:1].size)

    if suffix(out) == ".csv":
        _warn_of_formulas(out, X, header)

    if is_frame(X) and suffix(out) != ".npy":
        with replacing(out) as temporary:
            write_frame(temporary, X, suffix(out))
    elif suffix(out) in ROW_SUFFIXES:
        X = to_numeric(model.modality_, X) if is_frame(X) else X
        write_rows(out, X, columns or column_names(model, X[:1].size), examples=True)
    elif suffix(out) == ".txt":
        _write_lines(out, X)
    elif suffix(out) == ".png":
        tiles = _pixels(X, model)
        tiles = tiles if beside is None else np.concatenate([_pixels(beside, model), tiles], 2)
        _write_image(out, _sheet(tiles))
    elif is_single(out, model):
        (example,) = X

        with replacing(out) as temporary:
            write_one(model.modality_, temporary, example)
    else:
        for name, example in zip(file_names(files, len(X), example_suffix(model)), X):
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)

            with replacing(path) as temporary:
                write_one(model.modality_, temporary, example)


def write_photograph(out: Path, X: NDArray, like: Path | None = None) -> None:
    r"""Write one image in its own size.

    Arguments:
        out: The file.
        X: The pixels.
        like: The file of the original, if there is one.
    """
    out.parent.mkdir(parents=True, exist_ok=True)

    with replacing(out) as temporary:
        photographs.write_photograph(temporary, X, like)


def _warn_of_formulas(out: Path, X: Any, header: Sequence[str]) -> None:
    r"""Warns of cells and names of columns that a spreadsheet would run as formulas."""
    if is_frame(X):
        X = X.reset_index() if X.index.name is not None else X
        header = [*X.columns]

    texts = np.ravel(X.to_numpy(object) if is_frame(X) else X)
    n = sum(map(is_formula, [*header, *(texts if texts.dtype.kind in "OUST" else [])]))

    if n:
        log.warning(
            "%d cells of '%s' look like spreadsheet formulas, and are written unchanged: open it"
            " in a program that runs no formulas, or write a .parquet file.",
            n,
            out,
        )


def _without_nul(out: Path, texts: NDArray) -> NDArray:
    r"""Returns texts without NUL, by which files of text are taken for binary ones."""
    cleaned = np.array([text.replace("\0", "\ufffd") for text in texts], object)
    changed = sum("\0" in text for text in texts)

    if changed:
        log.warning(
            "NUL characters in %d of %d texts are written as U+FFFD to %s, which could not be read"
            " again with them.",
            *(changed, len(cleaned), out),
        )

    return cleaned


def _write_lines(out: Path, texts: Iterable[str]) -> None:
    lines = [text.replace("\r", " ").replace("\n", " ") for text in texts]
    changed = sum(line != text for line, text in zip(lines, texts))

    if changed:
        log.warning(
            "line breaks in %d of %d texts are written as spaces; a .csv file keeps them.",
            changed,
            len(lines),
        )

    with replacing(out) as temporary:
        text = "".join(f"{line}\n" for line in lines)
        temporary.write_bytes(text.encode("utf-8", "replace"))


def _pixels(X: NDArray, model: Autoencoder) -> NDArray:
    pixels = np.rint(255 * to_images(model.modality_, X)).astype(np.uint8)
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def _sheet(tiles: NDArray) -> NDArray:
    r"""Returns one image that tiles all images, enlarged if small, with white lines between."""
    N, H, W, *channels = tiles.shape
    zoom = max(1, 48 // max(H, W))
    H, W = H * zoom + 2, W * zoom + 2
    columns = math.ceil(math.sqrt(N * H / W))
    rows = math.ceil(N / columns)

    sheet = np.full((rows * columns, H, W, *channels), 255, np.uint8)
    sheet[:N, 1:-1, 1:-1] = tiles.repeat(zoom, axis=1).repeat(zoom, axis=2)
    sheet = sheet.reshape(rows, columns, H, W, *channels).swapaxes(1, 2)

    return sheet.reshape(rows * H, columns * W, *channels)


def _write_image(out: Path, pixels: NDArray) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)

    with replacing(out) as temporary:
        Image.fromarray(pixels).save(temporary)
