r"""Results to the files that a command line names, whole or not at all."""

__all__ = [
    "ROWS",
    "check_count",
    "check_examples",
    "check_out",
    "example_paths",
    "is_single",
    "names",
    "of_files",
    "suffix",
    "suffixes",
    "way_suffixes",
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
from .ownership import check_files

log = logging.getLogger(__name__)

ROWS = (".npy", ".csv", ".parquet")


def suffixes(model: Autoencoder) -> tuple[str, ...]:
    r"""Returns how examples can be written; the empty one stands for a folder of their files.

    Example:
        >>> from autoencode.modalities import Tables
        >>> Tables().suffixes
        ('.npy', '.csv', '.parquet')
    """
    return model.modality_.suffixes


def way_suffixes(model: Autoencoder) -> tuple[str, ...]:
    r"""Returns how ways between examples can be written, first that which shows two of them.

    Example:
        >>> way_suffixes(model)  # doctest: +SKIP
        ('.png', '.npy')
    """
    first = ".csv" if model.modality_.symbolic else ".png"
    return (first, *(s for s in suffixes(model) if s != first))


def suffix(out: Path) -> str:
    r"""Returns the format that a path asks for; the empty one for a folder.

    Example:
        >>> suffix(Path("codes.CSV"))
        '.csv'
    """
    return "" if out.is_dir() else out.suffix.lower()


def check_out(
    out: Path, known: Sequence[str], command: str = "sample", force: bool = False
) -> None:
    r"""Finds out whether something can be written, before work is done that would be lost.

    Arguments:
        out: The file or folder.
        known: The suffixes of the formats that it can have.
        command: The name of the command, of whose results a file may be replaced.
        force: Whether other files may be, too.

    Raises:
        ValueError: If it cannot, saying why.

    Example:
        >>> check_out(Path("codes.xls"), ROWS)
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
        check_files(command, [out], (), force)

    check_writable(out if suffix(out) else out / "file")


def check_count(out: Path, n: int, model: Autoencoder) -> None:
    r"""Finds out whether so many examples can be written, before they are made.

    Arguments:
        out: The file or folder.
        n: How many there will be.
        model: What makes them.

    Raises:
        ValueError: If the format holds a single one, and there are several.

    Example:
        >>> check_count(Path("new.wav"), 5, model)  # doctest: +SKIP
        Traceback (most recent call last):
        ...
        ValueError: a .wav file holds a single example, and there are 5: --out FOLDER writes all.
    """
    if is_single(out, model) and n != 1:
        raise ValueError(
            f"a {suffix(out)} file holds a single example, and there are {n:,}: --out FOLDER"
            " writes all."
        )


def check_examples(
    out: Path,
    n: int,
    model: Autoencoder,
    files: Sequence[str] | None = None,
    inputs: Sequence[Path | None] = (),
    force: bool = False,
) -> None:
    r"""Finds out whether the files of a folder of examples may be replaced, before they are made.

    Arguments:
        out: The folder; of a file there is nothing more to find out.
        n: How many examples there will be.
        model: What makes them.
        files: The files that they are versions of.
        inputs: What is read.
        force: Whether files that are no results of this command line may be replaced.

    Raises:
        ValueError: If one may not be, or has too long a name.

    Example:
        >>> check_examples(Path("clean/"), 5, model)  # doctest: +SKIP
    """
    if suffix(out) == "":
        new = [out / name for name in _files(files, n, model.modality_.suffix)]

        if new:
            check_writable(max(new, key=lambda path: len(path.name.encode(errors="replace"))))

        check_files("reconstruct", new, inputs, force)


def example_paths(out: Path, files: Sequence[str], model: Autoencoder) -> list[Path]:
    r"""Returns the files in a folder that examples are written to, by the names of their own.

    Arguments:
        out: The folder.
        files: The files that they are versions of.
        model: What makes them.

    Example:
        >>> example_paths(Path("clean/"), ["a.jpg"], model)  # doctest: +SKIP
        [PosixPath('clean/a.png')]
    """
    return [out / name for name in _files(files, len(files), model.modality_.suffix)]


def write_photograph(out: Path, X: NDArray, like: Path) -> None:
    r"""Writes one image in its own size.

    Arguments:
        out: The file.
        X: The pixels.
        like: The file that it is a version of.

    Example:
        >>> write_photograph(Path("clean.png"), X, Path("noisy.jpg"))  # doctest: +SKIP
    """
    out.parent.mkdir(parents=True, exist_ok=True)

    with replacing(out) as temporary:
        photographs.write_photograph(temporary, X, like)


def is_single(out: Path, model: Autoencoder) -> bool:
    r"""Returns whether a path is a file for a single example, and no picture.

    Arguments:
        out: The file or folder.
        model: What makes the examples.

    Example:
        >>> is_single(Path("new.wav"), model)  # doctest: +SKIP
        True
    """
    return suffix(out) == model.modality_.suffix not in {"", ".png"}


def of_files(out: Path, model: Autoencoder) -> bool:
    r"""Returns whether a path is a folder of files, one for each example, or such a file.

    Arguments:
        out: The file or folder.
        model: What makes the examples.

    Example:
        >>> of_files(Path("clean/"), model)  # doctest: +SKIP
        True
    """
    return suffix(out) == "" or is_single(out, model)


def write_rows(
    out: Path,
    rows: NDArray,
    columns: Sequence[str],
    files: Sequence[str] | None = None,
    examples: bool = False,
) -> None:
    r"""Writes rows of numbers, or one column, in the format that the suffix names.

    Arguments:
        out: The file.
        rows: The rows, with shape `(N, D)` or `(N,)`.
        columns: The names of the `D` columns.
        files: The files that the rows are of, which become the first column of a table.
        examples: Whether rows are data, which stay to the letter what they are. In other tables,
            what spreadsheets would take for a formula gets an apostrophe before it.

    Example:
        >>> write_rows(Path("codes.csv"), Z, ["z1", "z2"])  # doctest: +SKIP
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
                lines = lines if examples else [[*map(_spelled, line)] for line in lines]
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
    r"""Writes examples in the user's units: rows, a picture of all, or a folder of their files.

    Arguments:
        out: The file or folder.
        X: The examples.
        model: What made them.
        columns: The names of the columns of rows.
        files: The files that they are versions of, whose names they get.
        beside: The same number of examples, to be shown beside these in a picture.

    Example:
        >>> write_examples(Path("new.png"), model.sample(16), model)  # doctest: +SKIP
    """
    if suffix(out) == ".csv":
        _warn_of_formulas(out, X)

    if is_frame(X) and suffix(out) != ".npy":
        with replacing(out) as temporary:
            write_frame(temporary, X, suffix(out))
    elif suffix(out) in ROWS:
        X = model.modality_.numbers(X) if is_frame(X) else X
        write_rows(out, X, columns or names(model, X[:1].size), examples=True)
    elif suffix(out) == ".txt":
        _write_lines(out, X)
    elif suffix(out) == ".png":
        tiles = _pixels(X, model)
        tiles = tiles if beside is None else np.concatenate([_pixels(beside, model), tiles], 2)
        _write_image(out, _sheet(tiles))
    elif is_single(out, model):
        (example,) = X

        with replacing(out) as temporary:
            model.modality_.write(temporary, example)
    else:
        for name, example in zip(_files(files, len(X), model.modality_.suffix), X):
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)

            with replacing(path) as temporary:
                model.modality_.write(temporary, example)


def _spelled(cell: Any) -> Any:
    r"""Returns a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _is_formula(cell) else cell


def _is_formula(cell: Any) -> bool:
    return isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def _warn_of_formulas(out: Path, X: Any) -> None:
    r"""Says of examples with text that spreadsheets would act on."""
    texts = X.to_numpy(object).ravel() if is_frame(X) else np.ravel(X)
    n = sum(map(_is_formula, texts)) if texts.dtype.kind in "OUST" else 0

    if n:
        log.warning(
            "%d cells of '%s' begin as formulas of spreadsheets do. They are as they are in the"
            " data: open it where formulas are not run, or write a .parquet file.",
            n,
            out,
        )


def _files(files: Sequence[str] | None, n: int, end: str) -> list[str]:
    r"""Returns what n files are to be called: as those they are versions of, if there are any."""
    if files is None:
        return [f"{i:05}{end}" for i in range(n)]

    names = [str(Path(file).with_suffix(end)) for file in files]
    seen = Counter(names)

    # Where `drum.wav` and `drum.flac` would be one, their names stay whole
    return [name if seen[name] == 1 else f"{file}{end}" for name, file in zip(names, files)]


def names(model: Autoencoder, n: int) -> list[str]:
    r"""The names of the columns that a model knows, or numbers for them.

    Arguments:
        model: The model.
        n: How many columns there are.

    Example:
        >>> names(model, 3)  # doctest: +SKIP
        ['x1', 'x2', 'x3']
    """
    return [*getattr(model, "feature_names_in_", model.modality_.names(n))]


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
    pixels = np.rint(255 * model.modality_.pixels(X)).astype(np.uint8)
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def _sheet(tiles: NDArray) -> NDArray:
    r"""Returns one image of all images, small ones enlarged, with white lines between."""
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
