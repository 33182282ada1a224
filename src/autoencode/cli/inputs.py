r"""Examples from the files that a command line names."""

__all__ = [
    "NEEDS_LABELS",
    "Given",
    "asked",
    "cells",
    "common",
    "context",
    "labeled",
    "learn_file",
    "read",
    "table_format",
    "typed",
    "under",
]

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data import (
    Names,
    TableFormat,
    holds_frame,
    is_frame,
    is_frame_file,
    read_array,
    read_frame,
)
from ..data.labels import read_labels
from ..data.listing import list_files
from ..data.media.text import read_column
from ..estimator import Autoencoder
from ..inputs import (
    Loaded,
    ModalityChoice,
    check_names,
    fitted_format,
    join_labels,
    modality_of_path,
    read_tables,
)
from ..modalities import MixedTables, Modality, encode_context
from ..modalities.context import Numbers

NEEDS_LABELS = (
    "a conditional model needs the examples' labels: --labels FILE, or --label COLUMN of a .csv"
    " or .parquet file, or a .npz file with X and y, or a folder with a subfolder for each, or a"
    " folder and --labels TABLE with the names of its files;"
    " where a command has --y, that is one label for all."
)


NO_EFFECT = (
    "{} has no effect, as this model is not conditional. Leave it out, or fit with --conditional."
)


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
    kinds: ModalityChoice = None,
    y: Any = None,
    whole: bool = False,
    colors: bool = False,
    form: TableFormat | None = None,
) -> Given:
    r"""Reads examples; those of a folder only if a trained model says their size.

    Arguments:
        path: A file or folder.
        label: The column of a `.csv` or `.parquet` file that holds labels.
        labels: A file of labels; of a folder, also a table with the names of its files.
        model: What the examples are for.
        kinds: The kind of data, or several to choose from, where there is no model yet.
        y: The one label under which a model looks at all examples, which then need none.
        whole: Whether nothing of long examples is to be cut off, nor into windows.
        colors: Whether labels are for the eye, too, and not for conditional models alone.
        form: What is known of the format of a table.

    Raises:
        ValueError: If the data are damaged, or are no such data, or labels would have no effect.

    Example:
        >>> read(Path("digits.npy")).X.shape  # doctest: +SKIP
        (1797, 8, 8)
    """
    if label is not None and labels is not None and not path.is_dir():
        raise ValueError("expected --label or --labels, got both.")

    if labels is not None and model is not None and model.context_ is None and not colors:
        raise ValueError(NO_EFFECT.format("--labels"))

    known = model.modality_ if model else kinds
    form = fitted_format(known) if form is None else form

    if (tables := read_tables(path, known, form)) is not None:
        given = _without_label(Given(tables), path, label)
    elif not path.is_dir() and (kind := _kind(path, label, known, form)) is not None:
        given = _read_kind(path, kind, label, whole, form)
    elif not path.is_dir():
        given = Given(*read_array(path, label, form))

        if given.X.ndim < 2:
            raise ValueError(
                "expected examples, with shape (N, D), (N, H, W) or (N, H, W, C), in"
                f" '{path}', got shape {given.X.shape}."
            )
    elif label is not None and labels is None:
        raise ValueError(
            f"only .csv and .parquet files have a label column, and '{path}' is a folder: give a"
            " table of labels, with the names of the files, by --labels FILE."
        )
    elif model is not None:
        given = _read_kind(path, model.modality_, None, whole)
    else:
        given = Given(path)

    given = given if labels is None else _with_labels(given, labels, label)

    if model is not None and not is_frame(given.X):
        check_names(model, given.columns)

    if model is not None and model.context_ is not None and given.y is None and y is None:
        raise ValueError(NEEDS_LABELS)

    return given


def asked(given: Given, model: Autoencoder) -> Any:
    r"""What came with examples, for a model that takes it.

    Arguments:
        given: The examples.
        model: The model.

    Example:
        >>> asked(read(Path("digits.npz")), model)  # doctest: +SKIP
        array([0, 1, 2, ...
    """
    return None if model.context_ is None else given.y


def table_format(settings: Mapping[str, dict[str, Any]]) -> TableFormat | None:
    r"""Returns the format of a table that was said, if any.

    Arguments:
        settings: What was given, by group.

    Raises:
        ValueError: If a setting is none of those that there are.

    Example:
        >>> table_format({"table": {"decimal": ","}}).decimal
        ','
    """
    return TableFormat(**settings["table"]).checked() if settings.get("table") else None


def typed(given: Given, path: Path, form: TableFormat | None = None) -> Given:
    r"""Rows of numbers of a file with a header as a data frame, so that each column has its type.

    Rows of large files, which stay where they are, and those of other files remain as they are.

    Arguments:
        given: The examples.
        path: Their file.
        form: What is known of the format of a table.

    Example:
        >>> typed(read(Path("table.csv")), Path("table.csv")).X.dtypes  # doctest: +SKIP
        age         int64
        height    float64
        dtype: object
    """
    if is_frame(given.X) or given.columns is None or not is_frame_file(path):
        return given

    return given._replace(X=read_frame(path, given=form)[given.columns])


def labeled(
    path: Path,
    label: str | None,
    labels: Path | None,
    y: Sequence[str] | None,
    model: Autoencoder,
    whole: bool = False,
    colors: bool = False,
) -> Given:
    r"""Reads examples for a trained model, with labels that are said in one of three ways.

    Arguments:
        path: A file or folder.
        label: The column of a `.csv` or `.parquet` file that holds labels.
        labels: A file of labels.
        y: The words of the command line, one for all examples or one each; examples that come
            with labels are looked at under these instead.
        model: What the examples are for.
        whole: As for :func:`read`.
        colors: As for :func:`read`.

    Raises:
        ValueError: If labels are said in several ways, or as for :func:`read`.

    Example:
        >>> labeled(Path("digits.npz"), None, None, ["3"], model).y  # doctest: +SKIP
        ['3']
    """
    ways = {"--y": y, "--label": label, "--labels": labels}
    said = [flag for flag, value in ways.items() if value is not None]

    if len(said) > 1 and not (y is None and path.is_dir()):
        raise ValueError(f"expected --y, --label or --labels, got {' and '.join(said)}.")

    seen = context(y, model)
    given = read(path, label, labels, model, y=seen, whole=whole, colors=colors)

    if seen is None:
        return given

    encode_context(model.context_, seen, len(given.X))  # raises before there is work to lose
    return given._replace(y=seen)


def learn_file(model: Autoencoder, given: Given, form: dict[str, Any] | None) -> None:
    r"""Keeps header and format of a file of numbers with the model that was trained on it.

    Arguments:
        model: The trained model.
        given: The examples that it was trained on.
        form: The format, see :func:`~autoencode.data.found_format`.

    Example:
        >>> learn_file(model, read(Path("table.csv")), None)  # doctest: +SKIP
    """
    if not is_frame(given.X):  # whose names it knows
        check_names(model, given.columns, reset=True)

        if form is not None:
            model.modality_.format_ = form  # type: ignore[attr-defined]


def _kind(
    path: Path, label: str | None, known: ModalityChoice, form: TableFormat | None
) -> Modality | None:
    r"""Returns the kind of data of a file, if it is none of an array of numbers and labels."""
    if isinstance(known, Modality) or (label is None and form is None):
        return modality_of_path(path, known)

    return MixedTables() if holds_frame(path, label, form) else None


def _read_kind(
    path: Path, kind: Modality, label: str | None, whole: bool, form: TableFormat | None = None
) -> Given:
    r"""Returns the examples of a file or folder, less the column of labels."""
    if form is not None and isinstance(kind, MixedTables):
        y, files = None, None
        X = read_frame(path, kind.file_kinds(), form)
    else:
        X, y, files = kind.read_whole(path) if whole else kind.read(path)

    if label is not None and not is_frame(X):
        return Given(X, np.array(read_column(path, label)), None, files)

    return _without_label(Given(X, y, [*getattr(X, "columns", [])] or None, files), path, label)


def _without_label(given: Given, path: Path, label: str | None) -> Given:
    r"""Returns the examples of a table, less the column of labels."""
    X, columns, files = given.X, [*getattr(given.X, "columns", [])], given.files

    if label is None:
        return given._replace(columns=columns or None)

    if label not in columns:
        raise ValueError(f"cannot read '{path}': it has no column '{label}'; it has {columns}.")

    y = X.pop(label).astype(object)
    return Given(X, y.where(y.notna(), None).to_numpy(), [*X.columns], files)


def _with_labels(given: Given, labels: Path, column: str | None) -> Given:
    r"""Puts the labels of a file to examples: by the names of their files, or by position."""
    if isinstance(given.X, Path):  # a folder, which is read when its size is known
        return given._replace(y=read_labels(labels, list_files(given.X).names, column))

    names = given.files if isinstance(given.files, Names) else None
    found = join_labels(Loaded(given.X, None, names), labels, column)
    return Given(found.X, found.y, given.columns, found.names or given.files)


def context(y: Sequence[str] | None, model: Autoencoder) -> Any:
    r"""Returns words as the labels, or the rows of numbers, that a model was given.

    Arguments:
        y: The words of the command line.
        model: The model.

    Raises:
        ValueError: If the model takes none, or was given numbers, and these are none, or no
            whole rows.

    Example:
        >>> context(["0.5", "2"], model)  # doctest: +SKIP
        array([[0.5, 2. ]])
    """
    if y is not None and model.context_ is None:
        raise ValueError(NO_EFFECT.format("--y"))

    if y is None or not isinstance(model.context_, Numbers):
        return y

    try:
        return np.array(y, float).reshape(-1, model.context_.size_)
    except ValueError:
        raise ValueError(
            f"expected --y with {model.context_.size_} numbers for each row, as this model was"
            f" given, got {' '.join(y)}."
        ) from None


def cells(given: Sequence[str] | None) -> dict[str, str] | None:
    r"""Returns cells by column from words.

    Raises:
        ValueError: If a word is not like that.

    Example:
        >>> cells(["kind=a", "price=3"])
        {'kind': 'a', 'price': '3'}
    """
    if wrong := [word for word in given or () if "=" not in word]:
        raise ValueError(f"expected --conditions COLUMN=CELL, got {wrong[0]!r}.")

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
    from ..manifold.arrays import select_rows

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

    return Given(
        select_rows(given.X, np.flatnonzero(rows)), given.y, None, [*np.array(names)[rows]]
    )


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
