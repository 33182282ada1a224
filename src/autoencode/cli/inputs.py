r"""Examples, labels and conditions from command-line arguments."""

__all__ = [
    "NEEDS_LABELS",
    "Inputs",
    "context_of",
    "parse_conditions",
    "parse_context",
    "read",
    "read_labeled",
    "shared_label",
    "store_columns",
    "table_format",
    "with_column_types",
    "with_label",
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
from ..modalities.capabilities import TableReadable
from ..modalities.capabilities.files import read_files
from ..modalities.context import ContinuousContext

NEEDS_LABELS = (
    "a conditional model needs labels: give --labels FILE, --label COLUMN of a table, a .npz"
    " file with X and y, a folder with one subfolder per label, or a folder and --labels TABLE"
    " with its file names; where a command has --y, that is one label for all."
)


_NO_EFFECT = (
    "{} has no effect, as this model is not conditional. Leave it out, or fit with --conditional."
)


class Inputs(NamedTuple):
    r"""Examples of a file or folder, with their labels, column names and file names."""

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
) -> Inputs:
    r"""Read examples; without a trained model, a folder is left to `fit`, which learns its size.

    Arguments:
        path: A file or folder.
        label: The column of a table that holds the labels.
        labels: A file of labels; for a folder, also a table with its file names.
        model: The model that will use the examples.
        kinds: The kind of data, or several to choose from, if there is no model yet.
        y: A label for all examples, which then need none of their own.
        whole: Whether to keep long examples whole, neither cut off nor cut into windows.
        colors: Whether labels also color a picture, and so do not need a conditional model.
        form: The known settings of the format of a table.

    Raises:
        ValueError: If the data are damaged or of another kind, or labels would have no effect.
    """
    if label is not None and labels is not None and not path.is_dir():
        raise ValueError("expected --label or --labels, got both.")

    if labels is not None and model is not None and model.context_ is None and not colors:
        raise ValueError(_NO_EFFECT.format("--labels"))

    known = model.modality_ if model else kinds
    form = fitted_format(known) if form is None else form

    if (tables := read_tables(path, known, form)) is not None:
        inputs = _without_label(Inputs(tables), path, label)
    elif not path.is_dir() and (kind := _modality_of_file(path, label, known, form)) is not None:
        inputs = _read_kind(path, kind, label, whole, form)
    elif not path.is_dir():
        inputs = Inputs(*read_array(path, label, form))

        if inputs.X.ndim < 2:
            raise ValueError(
                f"expected '{path}' to hold examples of shape (N, D), (N, H, W) or (N, H, W, C),"
                f" got shape {inputs.X.shape}."
            )
    elif label is not None and labels is None:
        raise ValueError(
            f"--label names a column of a table, but '{path}' is a folder: give a table of file"
            " names and labels with --labels FILE."
        )
    elif model is not None:
        inputs = _read_kind(path, model.modality_, None, whole)
    else:
        inputs = Inputs(path)

    inputs = inputs if labels is None else _with_labels(inputs, labels, label)

    if model is not None and not is_frame(inputs.X):
        check_names(getattr(model, "feature_names_in_", []), inputs.columns)

    if model is not None and model.context_ is not None and inputs.y is None and y is None:
        raise ValueError(NEEDS_LABELS)

    return inputs


def context_of(inputs: Inputs, model: Autoencoder) -> Any:
    r"""The context of examples, if the model is conditional.

    Arguments:
        inputs: The examples.
        model: The model.
    """
    return None if model.context_ is None else inputs.y


def table_format(settings: Mapping[str, dict[str, Any]]) -> TableFormat | None:
    r"""The format of a table that flags fix, if any.

    Arguments:
        settings: The values of flags, by group.

    Raises:
        ValueError: If a setting is invalid.

    Example:
        >>> table_format({"table": {"decimal": ","}}).decimal
        ','
    """
    return TableFormat(**settings["table"]).checked() if settings.get("table") else None


def with_column_types(inputs: Inputs, path: Path, form: TableFormat | None = None) -> Inputs:
    r"""Numeric rows of a file with a header as a data frame, so that each column has its type.

    Rows of large files and of files without a header are returned unchanged.

    Arguments:
        inputs: The examples.
        path: Their file.
        form: The known settings of the format of a table.
    """
    if is_frame(inputs.X) or inputs.columns is None or not is_frame_file(path):
        return inputs

    return inputs._replace(X=read_frame(path, given=form)[inputs.columns])


def read_labeled(
    path: Path,
    label: str | None,
    labels: Path | None,
    y: Sequence[str] | None,
    model: Autoencoder,
    whole: bool = False,
    colors: bool = False,
) -> Inputs:
    r"""Read examples for a trained model, with labels from one of three flags.

    Arguments:
        path: A file or folder.
        label: The column of a table that holds the labels.
        labels: A file of labels.
        y: The words of `--y`: one label for all examples, or one each. They replace labels that
            the examples come with.
        model: The model that will use the examples.
        whole: As for :func:`read`.
        colors: As for :func:`read`.

    Raises:
        ValueError: If several flags give labels, or as for :func:`read`.
    """
    ways = {"--y": y, "--label": label, "--labels": labels}
    used = [flag for flag, value in ways.items() if value is not None]

    if len(used) > 1 and not (y is None and path.is_dir()):
        raise ValueError(f"expected --y, --label or --labels, got {' and '.join(used)}.")

    context = parse_context(y, model)
    inputs = read(path, label, labels, model, y=context, whole=whole, colors=colors)

    if context is None:
        return inputs

    encode_context(model.context_, context, len(inputs.X))  # raises before any work is done
    return inputs._replace(y=context)


def store_columns(model: Autoencoder, inputs: Inputs, form: dict[str, Any] | None) -> None:
    r"""Store the header and the format of a numeric file in the model trained on it.

    Arguments:
        model: The trained model.
        inputs: The examples that it was trained on.
        form: The format, see :func:`~autoencode.data.found_format`.
    """
    if not is_frame(inputs.X):  # the model has learned the names of a frame
        if inputs.columns is not None:
            model.feature_names_in_ = np.array(inputs.columns, object)

        if form is not None:
            model.modality_.format_ = form


def _modality_of_file(
    path: Path, label: str | None, known: ModalityChoice, form: TableFormat | None
) -> Modality | None:
    r"""Returns the modality of a file, or `None` for an array of numbers."""
    if isinstance(known, Modality) or (label is None and form is None):
        return modality_of_path(path, known)

    return MixedTables() if holds_frame(path, label, form) else None


def _read_kind(
    path: Path, kind: Modality, label: str | None, whole: bool, form: TableFormat | None = None
) -> Inputs:
    r"""Returns the examples of a file or folder, without the column of labels."""
    if form is not None and isinstance(kind, TableReadable):
        X, y, files = kind.read_table(path, form), None, None
    else:
        X, y, files = read_files(kind, path, whole)

    if label is not None and not is_frame(X):
        return Inputs(X, np.array(read_column(path, label)), None, files)

    return _without_label(Inputs(X, y, [*getattr(X, "columns", [])] or None, files), path, label)


def _without_label(inputs: Inputs, path: Path, label: str | None) -> Inputs:
    r"""Splits the column of labels from a table."""
    X, columns, files = inputs.X, [*getattr(inputs.X, "columns", [])], inputs.files

    if label is None:
        return inputs._replace(columns=columns or None)

    if label not in columns:
        raise ValueError(f"cannot read '{path}': it has no column '{label}'; it has {columns}.")

    y = X.pop(label).astype(object)
    return Inputs(X, y.where(y.notna(), None).to_numpy(), [*X.columns], files)


def _with_labels(inputs: Inputs, labels: Path, column: str | None) -> Inputs:
    r"""Joins labels to examples, by file name if both have names, else by position."""
    if isinstance(inputs.X, Path):  # a folder, which `fit` reads
        return inputs._replace(y=read_labels(labels, list_files(inputs.X).names, column))

    names = inputs.files if isinstance(inputs.files, Names) else None
    found = join_labels(Loaded(inputs.X, None, names), labels, column)
    return Inputs(found.X, found.y, inputs.columns, found.names or inputs.files)


def parse_context(y: Sequence[str] | None, model: Autoencoder) -> Any:
    r"""The words of `--y` as labels or rows of numbers, whichever the model was fitted with.

    Arguments:
        y: The words of `--y`.
        model: The model.

    Raises:
        ValueError: If the model is not conditional, or needs numbers and the words are not
            whole rows of numbers.
    """
    if y is not None and model.context_ is None:
        raise ValueError(_NO_EFFECT.format("--y"))

    if y is None or not isinstance(model.context_, ContinuousContext):
        return y

    try:
        return np.array(y, float).reshape(-1, model.context_.size_)
    except ValueError:
        raise ValueError(
            f"expected --y with {model.context_.size_} numbers per row, as in the fit, got"
            f" {' '.join(y)}."
        ) from None


def parse_conditions(words: Sequence[str] | None) -> dict[str, str] | None:
    r"""The cells of `--conditions`, by column.

    Arguments:
        words: The words of `--conditions`, as COLUMN=CELL.

    Raises:
        ValueError: If a word has no `=`.

    Example:
        >>> parse_conditions(["kind=a", "price=3"])
        {'kind': 'a', 'price': '3'}
    """
    if wrong := [word for word in words or () if "=" not in word]:
        raise ValueError(f"expected --conditions COLUMN=CELL, got {wrong[0]!r}.")

    return None if words is None else dict(word.split("=", 1) for word in words)


def with_label(inputs: Inputs, y: Any, model: Autoencoder) -> Inputs:
    r"""The examples with one label, or with one row of numbers.

    Arguments:
        inputs: All examples. Examples without file names are named by their indices; examples
            without labels are all kept.
        y: The label, as :func:`parse_context` returns it.
        model: The model. If it is not conditional, all examples remain.

    Raises:
        ValueError: If the model is conditional and `y` is not one label, or no example has it.
    """
    from ..manifold.arrays import select_rows

    names = inputs.files or [str(i) for i in range(len(inputs.X))]

    if model.context_ is None:
        return inputs._replace(files=names)

    if y is None or len(y) != 1:
        raise ValueError("this model is conditional: name the label to examine with --y.")

    if inputs.y is None:
        return inputs._replace(files=names)

    kind = str if isinstance(y[0], str) else float
    labels = np.asarray(inputs.y).astype(kind).reshape(len(inputs.X), -1)
    rows = (labels == np.reshape(y, (1, -1))).all(axis=1)

    if not rows.any():
        raise ValueError(f"no example has the label --y {' '.join(map(str, np.ravel(y)))}.")

    return Inputs(
        select_rows(inputs.X, np.flatnonzero(rows)), inputs.y, None, [*np.array(names)[rows]]
    )


def shared_label(inputs: Inputs, rows: Sequence[int], model: Autoencoder) -> Any:
    r"""The label, or the row of numbers, that some examples share.

    A model that is not conditional has none.

    Arguments:
        inputs: All examples.
        rows: The indices of some of them.
        model: The model.

    Raises:
        ValueError: If they differ.
    """
    if model.context_ is None:
        return None

    labels = np.asarray(inputs.y)[list(rows)]

    if (labels != labels[:1]).any():
        shown = " and ".join(str(label) for label in labels.tolist())
        raise ValueError(f"the examples have different labels, {shown}: choose one with --y.")

    return labels[:1]
