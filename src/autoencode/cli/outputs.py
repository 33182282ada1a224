r"""Results of commands, written to their files completely or not at all."""

__all__ = [
    "ROW_SUFFIXES",
    "check_count",
    "check_examples",
    "check_output",
    "column_names",
    "example_paths",
    "example_suffixes",
    "interpolation_suffixes",
    "is_file_per_example",
    "is_single",
    "suffix",
    "write_examples",
    "write_photograph",
    "write_rows",
]

import csv
import logging
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..common.atomic_files import check_writable, replacing
from ..data import is_frame, write_frame
from ..data.media import photographs
from ..estimator import Autoencoder
from ..modalities.capabilities import Tokenized, Writable
from ..modalities.capabilities.files import write_one
from ..modalities.capabilities.pictures import to_images, to_numeric
from .ownership import check_replaceable

log = logging.getLogger(__name__)

ROW_SUFFIXES = (".npy", ".csv", ".parquet")


def example_suffixes(model: Autoencoder) -> tuple[str, ...]:
    r"""The suffixes of files of examples; an empty one stands for a folder of files.

    Example:
        >>> from autoencode.modalities import Tables
        >>> Tables().suffixes
        ('.npy', '.csv', '.parquet')
    """
    return model.modality_.suffixes


def interpolation_suffixes(model: Autoencoder) -> tuple[str, ...]:
    r"""The suffixes of files of interpolations; the first is for two curves side by side."""
    first = ".csv" if isinstance(model.modality_, Tokenized) else ".png"
    return (first, *(s for s in example_suffixes(model) if s != first))


def suffix(out: Path) -> str:
    r"""The suffix of an output path in lower case, empty for a folder.

    Example:
        >>> suffix(Path("codes.CSV"))
        '.csv'
    """
    return "" if out.is_dir() else out.suffix.lower()


def check_output(
    out: Path, known: Sequence[str], command: str = "sample", force: bool = False
) -> None:
    r"""Check before any work is done that an output can be written.

    Arguments:
        out: The file or folder.
        known: The suffixes of the possible formats.
        command: The name of the command, whose earlier results may be replaced.
        force: Whether other files may be replaced, too.

    Raises:
        ValueError: If it cannot be written.

    Example:
        >>> check_output(Path("codes.xls"), ROW_SUFFIXES)
        Traceback (most recent call last):
        ...
        ValueError: cannot write 'codes.xls': expected a .npy or .csv or .parquet file.
    """
    if suffix(out) not in known:
        files = " or ".join(s for s in known if s)
        wanted = [f"a {files} file"] * bool(files) + ["a folder"] * ("" in known)
        raise ValueError(f"cannot write '{out}': expected {', or '.join(wanted)}.")

    if suffix(out) == ".parquet" and find_spec("pyarrow") is None:
        raise ValueError(".parquet files need pyarrow: pip install 'autoencode[tables]'")

    if suffix(out):
        check_replaceable(command, [out], (), force)

    check_writable(out if suffix(out) else out / "file")


def check_count(out: Path, n: int, model: Autoencoder) -> None:
    r"""Check before examples are made that their number fits the output.

    Arguments:
        out: The file or folder.
        n: The number of examples.
        model: The model that makes them.

    Raises:
        ValueError: If the format holds a single example, and there are several.
    """
    if is_single(out, model) and n != 1:
        raise ValueError(
            f"a {suffix(out)} file holds a single example, got {n:,}: --out FOLDER writes all."
        )


def check_examples(
    out: Path,
    n: int,
    model: Autoencoder,
    files: Sequence[str] | None = None,
    inputs: Sequence[Path | None] = (),
    force: bool = False,
) -> None:
    r"""Check before examples are made that their files in a folder may be replaced.

    Arguments:
        out: The folder; a file needs no further check.
        n: The number of examples.
        model: The model that makes them.
        files: The files of the original examples.
        inputs: The files and folders that the command reads.
        force: Whether files that are not earlier results may be replaced.

    Raises:
        ValueError: If a file may not be replaced, or its name is too long.
    """
    if suffix(out) == "":
        new = [out / name for name in _file_names(files, n, _suffix(model))]

        if new:
            check_writable(max(new, key=lambda path: len(path.name.encode(errors="replace"))))

        check_replaceable("reconstruct", new, inputs, force)


def example_paths(out: Path, files: Sequence[str], model: Autoencoder) -> list[Path]:
    r"""The files in a folder to which versions of examples are written, named after the originals.

    Arguments:
        out: The folder.
        files: The files of the original examples.
        model: The model that makes them.
    """
    return [out / name for name in _file_names(files, len(files), _suffix(model))]


def write_photograph(out: Path, X: NDArray, like: Path) -> None:
    r"""Write one image in its own size.

    Arguments:
        out: The file.
        X: The pixels.
        like: The file of the original.
    """
    out.parent.mkdir(parents=True, exist_ok=True)

    with replacing(out) as temporary:
        photographs.write_photograph(temporary, X, like)


def is_single(out: Path, model: Autoencoder) -> bool:
    r"""Tell whether a path is a file for a single example, other than a picture.

    Arguments:
        out: The file or folder.
        model: The model that makes the examples.
    """
    return suffix(out) == _suffix(model) not in {"", ".png"}


def is_file_per_example(out: Path, model: Autoencoder) -> bool:
    r"""Tell whether each example gets a file of its own.

    Arguments:
        out: The file or folder.
        model: The model that makes the examples.
    """
    return suffix(out) == "" or is_single(out, model)


def write_rows(
    out: Path,
    rows: NDArray,
    columns: Sequence[str],
    files: Sequence[str] | None = None,
    examples: bool = False,
) -> None:
    r"""Write rows of numbers, or one column, in the format of the suffix.

    Arguments:
        out: The file.
        rows: The rows, with shape `(N, D)` or `(N,)`.
        columns: The names of the `D` columns.
        files: The files of the examples, which become the first column of a table.
        examples: Whether rows are data, whose cells are written unchanged. In other tables, an
            apostrophe precedes cells that a spreadsheet would run as a formula.
    """
    table = [*(rows[:, None] if rows.ndim == 1 else rows).T]

    if files is not None:
        columns, table = ["example", *columns], [np.array(files, object), *table]

    with replacing(out) as temporary:
        if suffix(out) == ".npy":
            np.save(temporary, rows)
        elif suffix(out) == ".csv":
            with temporary.open("w", newline="", encoding="utf-8", errors="replace") as file:
                lines = [columns, *zip(*table)]
                lines = lines if examples else [[*map(_escaped, line)] for line in lines]
                csv.writer(file, lineterminator="\n").writerows(lines)
        else:
            import pyarrow
            import pyarrow.parquet

            named = dict(zip(columns, map(pyarrow.array, table)))
            pyarrow.parquet.write_table(pyarrow.table(named), temporary)


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
        beside: As many examples, shown beside these in a picture.
    """
    if suffix(out) == ".csv":
        _warn_of_formulas(out, X)

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
        for name, example in zip(_file_names(files, len(X), _suffix(model)), X):
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)

            with replacing(path) as temporary:
                write_one(model.modality_, temporary, example)


def _escaped(cell: Any) -> Any:
    r"""Returns a cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if _is_formula(cell) else cell


def _is_formula(cell: Any) -> bool:
    return isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def _warn_of_formulas(out: Path, X: Any) -> None:
    r"""Warns of cells that a spreadsheet would run as formulas."""
    texts = X.to_numpy(object).ravel() if is_frame(X) else np.ravel(X)
    n = sum(map(_is_formula, texts)) if texts.dtype.kind in "OUST" else 0

    if n:
        log.warning(
            "%d cells of '%s' look like spreadsheet formulas, and are written unchanged: open it"
            " in a program that runs no formulas, or write a .parquet file.",
            n,
            out,
        )


def _file_names(files: Sequence[str] | None, n: int, end: str) -> list[str]:
    r"""Returns the names of n files, after those of the originals if there are any."""
    if files is None:
        return [f"{i:05}{end}" for i in range(n)]

    names = [str(Path(file).with_suffix(end)) for file in files]
    seen = Counter(names)

    # `drum.wav` and `drum.flac` keep their suffixes, so that both are written
    return [name if seen[name] == 1 else f"{file}{end}" for name, file in zip(names, files)]


def column_names(model: Autoencoder, n: int) -> list[str]:
    r"""The column names that a model has learned, or generic ones.

    Arguments:
        model: The model.
        n: The number of columns.
    """
    modality, numbered = model.modality_, [f"x{i}" for i in range(1, n + 1)]
    names = [modality.header] if isinstance(modality, Tokenized) else numbered
    return [*getattr(model, "feature_names_in_", names)]


def _suffix(model: Autoencoder) -> str:
    r"""Returns the suffix of files of single examples, empty if there are no such files."""
    return model.modality_.suffix if isinstance(model.modality_, Writable) else ""


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
