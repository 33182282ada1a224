r"""Data from and to the files that a command line names."""

__all__ = ["Given", "check_out", "read", "replacing"]

import contextlib
import csv
import logging
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .. import storage
from ..data import holds_frame, is_frame, read_array, write_frame
from ..data.texts import read_column
from ..estimator import Autoencoder
from ..modalities import Frames, Modality
from ..modalities.context import Numbers
from ..reading import Kinds, check_names, reader

log = logging.getLogger(__name__)

ROWS = (".npy", ".csv", ".parquet")
NEEDS_LABELS = (
    "a conditional model needs the examples' labels: --labels FILE, or --label COLUMN of a .csv"
    " or .parquet file, or a .npz file with X and y, or a folder with a subfolder for each;"
    " where a command has --y, that is one label for all."
)


# In


class Given(NamedTuple):
    r"""The examples of a file or folder, and what came with them."""

    X: Any
    y: Any = None
    columns: list[str] | None = None
    files: list[str] | None = None


def read(
    path: Path,
    label: str | None = None,
    labels: Path | None = None,
    model: Autoencoder | None = None,
    kinds: Kinds = None,
    y: Any = None,
) -> Given:
    r"""Reads examples; those of a folder only if a trained model says their size.

    Arguments:
        path: A file or folder.
        label: The column of a `.csv` or `.parquet` file that holds labels.
        labels: A file of labels.
        model: What the examples are for.
        kinds: The kind of data, or several to choose from, where there is no model yet.
        y: The one label under which a model looks at all examples, which then need none.

    Raises:
        ValueError: If the data are damaged, or are no such data.

    Example:
        >>> read(Path("digits.npy")).X.shape  # doctest: +SKIP
        (1797, 8, 8)
    """
    if label is not None and labels is not None:
        raise ValueError("expected --label or --labels, got both.")

    known = model.modality_ if model else kinds

    if not path.is_dir() and (kind := _kind(path, label, known)) is not None:
        given = _read_kind(path, kind, label)
    elif not path.is_dir():
        given = Given(*read_array(path, label))

        if given.X.ndim < 2:
            raise ValueError(
                "expected examples, with shape (N, D), (N, H, W) or (N, H, W, C), in"
                f" '{path}', got shape {given.X.shape}."
            )
    elif label is not None:
        raise ValueError(
            f"only .csv and .parquet files have a label column, and '{path}' is a folder."
        )
    elif model is not None:
        X, y, files = model.modality_.read(path)
        given = Given(X, y, files=files)
    else:
        given = Given(path)

    given = given if labels is None else given._replace(y=_read_labels(labels))

    if model is not None and not is_frame(given.X):
        check_names(model, given.columns)

    if model is not None and model.context_ is not None and given.y is None and y is None:
        raise ValueError(NEEDS_LABELS)

    return given


def learn_names(model: Autoencoder, given: Given) -> None:
    r"""Keeps the header of a file of numbers with the model that was trained on it."""
    if not is_frame(given.X):  # whose names it knows
        check_names(model, given.columns, reset=True)


def _kind(path: Path, label: str | None, known: Kinds) -> Modality | None:
    r"""Returns the kind of data of a file, if it is none of an array of numbers and labels."""
    if label is None or isinstance(known, Modality):
        return reader(path, known)

    return Frames() if holds_frame(path, label) else None


def _read_kind(path: Path, kind: Modality, label: str | None) -> Given:
    r"""Returns the examples of a file, less the column of labels."""
    X, y, files = kind.read(path)
    columns = [*getattr(X, "columns", [])]

    if label is None:
        return Given(X, y, columns or None, files)

    if not is_frame(X):
        return Given(X, np.array(read_column(path, label)), None, files)

    if label not in columns:
        raise ValueError(f"cannot read '{path}': it has no column '{label}'; it has {columns}.")

    y = X.pop(label).astype(object)
    return Given(X, y.where(y.notna(), None).to_numpy(), [*X.columns], files)


def _read_labels(path: Path) -> NDArray:
    r"""Reads labels, or rows of numbers; a `.csv` file of words holds one a line, no header."""
    try:
        y = read_array(path).X
    except ValueError:
        if path.suffix.lower() != ".csv":
            raise

        y = np.array(path.read_text(encoding="utf-8-sig").splitlines())

    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def context(y: Sequence[str] | None, model: Autoencoder) -> Any:
    r"""Returns words as the labels, or the rows of numbers, that a model was given."""
    if y is None or not isinstance(model.context_, Numbers):
        return y

    return np.array(y, float).reshape(-1, model.context_.size_)


def cells(given: Sequence[str] | None) -> dict[str, str] | None:
    r"""Returns cells by column from words such as `kind=a`."""
    if wrong := [word for word in given or () if "=" not in word]:
        raise ValueError(f"expected --given COLUMN=CELL, got {wrong[0]!r}.")

    return None if given is None else dict(word.split("=", 1) for word in given)


def under(given: Given, y: Any, model: Autoencoder) -> Given:
    r"""The examples with the one label, or the one row of numbers, that is to be looked at.

    Arguments:
        given: All examples. Those without file names are named by their numbers; those without
            labels have the one that is asked for.
        y: What :func:`context` returns.
        model: The model. If it is not conditional, all examples remain.

    Raises:
        ValueError: If the model is conditional and `y` is not one label, or that of none.

    Example:
        >>> under(read(Path("digits.npz")), ["3"], model).X.shape  # doctest: +SKIP
        (183, 8, 8)
    """
    names = given.files or [str(i) for i in range(len(given.X))]

    if model.context_ is None:
        return given._replace(files=names)

    if y is None or len(y) != 1:
        raise ValueError(
            "this model is conditional: say with --y under which label to look at it."
        )

    if given.y is None:
        return given._replace(files=names)

    kind = str if isinstance(y[0], str) else float
    labels = np.asarray(given.y).astype(kind).reshape(len(given.X), -1)
    rows = (labels == np.reshape(y, (1, -1))).all(axis=1)

    if not rows.any():
        raise ValueError(f"there is no example with --y {' '.join(map(str, np.ravel(y)))}.")

    return Given(given.X[rows], given.y, None, [*np.array(names)[rows]])


def common(given: Given, rows: Sequence[int], model: Autoencoder) -> Any:
    r"""The label, or the row of numbers, that some examples share; none without a condition.

    Arguments:
        given: All examples.
        rows: Which ones.
        model: The model.

    Raises:
        ValueError: If they differ.

    Example:
        >>> common(read(Path("digits.npz")), [3, 5], model)  # doctest: +SKIP
        array([7])
    """
    if model.context_ is None:
        return None

    labels = np.asarray(given.y)[list(rows)]

    if (labels != labels[:1]).any():
        said = " and ".join(str(label) for label in labels.tolist())
        raise ValueError(
            f"the examples have different labels, {said}: say with --y under which to look at"
            " them."
        )

    return labels[:1]


# Out


def suffixes(model: Autoencoder) -> tuple[str, ...]:
    r"""Returns how examples can be written; the empty one stands for a folder of their files."""
    return model.modality_.suffixes


def way_suffixes(model: Autoencoder) -> tuple[str, ...]:
    r"""Returns how ways between examples can be written, first that which shows two of them."""
    first = ".csv" if model.modality_.symbolic else ".png"
    return (first, *(s for s in suffixes(model) if s != first))


def suffix(out: Path) -> str:
    r"""Returns the format that a path asks for."""
    return "" if out.is_dir() else out.suffix.lower()


def check_out(out: Path, known: Sequence[str]) -> None:
    r"""Finds out whether something can be written, before work is done that would be lost.

    Arguments:
        out: The file or folder.
        known: The suffixes of the formats that it can have.

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

    storage.check_writable(out if suffix(out) else out / "file")


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


def is_single(out: Path, model: Autoencoder) -> bool:
    r"""Returns whether a path is a file for a single example, and no picture."""
    return suffix(out) == model.modality_.suffix not in {"", ".png"}


def write_rows(
    out: Path, rows: NDArray, columns: Sequence[str], files: Sequence[str] | None = None
) -> None:
    r"""Writes rows of numbers, or one column, in the format that the suffix names.

    Tables begin with a column of the files that the rows are of, if they are of files.
    """
    table = [*(rows[:, None] if rows.ndim == 1 else rows).T]

    if files is not None:
        columns, table = ["example", *columns], [np.array(files, object), *table]

    with replacing(out) as temporary:
        if suffix(out) == ".npy":
            np.save(temporary, rows)
        elif suffix(out) == ".csv":
            with temporary.open("w", newline="", encoding="utf-8", errors="replace") as file:
                csv.writer(file, lineterminator="\n").writerows([columns, *zip(*table)])
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
    r"""Writes examples in the user's units: rows, a picture of all, or a folder of their files."""
    if is_frame(X):
        with replacing(out) as temporary:
            write_frame(temporary, X, suffix(out))
    elif suffix(out) in ROWS:
        write_rows(out, X, columns or _names(model, X[:1].size))
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
        end = model.modality_.suffix

        for i, example in enumerate(X):
            path = out / (Path(files[i]).with_suffix(end) if files else f"{i:05}{end}")
            path.parent.mkdir(parents=True, exist_ok=True)

            with replacing(path) as temporary:
                model.modality_.write(temporary, example)


def _names(model: Autoencoder, n: int) -> list[str]:
    return [*getattr(model, "feature_names_in_", [f"x{i}" for i in range(1, n + 1)])]


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


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    r"""A file beside another to write to, which replaces it once all went well.

    Arguments:
        path: The file to replace, or to make.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "codes.txt"
        >>> with replacing(file) as temporary:
        ...     _ = temporary.write_text("0.5")
        >>> file.read_text()
        '0.5'
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")

    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
