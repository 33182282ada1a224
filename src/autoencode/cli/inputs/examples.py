r"""Examples of a file or folder, with their labels, column names and file names."""

__all__ = ["NEEDS_LABELS", "Inputs", "context_of", "load_model", "read", "read_source"]

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...data import (
    Names,
    TableFormat,
    holds_frame,
    is_frame,
    is_frame_file,
    one_parse,
    read_array,
    read_frame,
    table_files,
)
from ...data.labels import read_labels
from ...data.listing.sources import list_files
from ...data.media.text import read_column
from ...estimator import Autoencoder, load
from ...inputs import (
    Loaded,
    ModalityChoice,
    check_names,
    fitted_format,
    join_labels,
    modality_of_path,
    read_tables,
)
from ...modalities import MixedTables, Modality, encode_context
from ...modalities.capabilities import TableReadable, context_values, has_covariates
from ...modalities.capabilities.files import read_files
from ..options import LabelOptions, LoadOptions, SourceOptions
from .contexts import NO_EFFECT, parse_y
from .formats import merge_formats, refuse_format

NEEDS_LABELS = (
    "a conditional model needs labels: give --labels FILE, --label-column COLUMN of a table, a"
    " .npz file with X and y, a folder with one subfolder per label, or a folder and --labels"
    " TABLE with its file names. If the command has --y, it gives one label for all examples."
)


class Inputs(NamedTuple):
    r"""Examples, with their labels, column names and file names."""

    X: Any
    y: Any = None
    columns: list[str] | None = None
    files: list[str] | None = None

    def column_names(self) -> list[str]:
        r"""Returns the names of the columns; none if they have no names."""
        return [*self.X.columns] if is_frame(self.X) else [*(self.columns or [])]

    def without(self, names: Container[str]) -> "Inputs":
        r"""Returns the examples without the columns with these names."""
        columns = self.column_names()
        kept = [column for column in columns if column not in names]

        if kept == columns:
            return self

        if is_frame(self.X):
            return self._replace(X=self.X[kept], columns=kept)

        j = [columns.index(column) for column in kept]
        return self._replace(X=self.X[:, j], columns=kept)


def load_model(path: Path, loading: LoadOptions) -> Autoencoder:
    r"""Load a trained model.

    Arguments:
        path: The model file.
        loading: The classes of other packages that it may use.

    Raises:
        ValueError: If the file is not a model, or is damaged.
    """
    return load(path, trusted=loading.trusted)


@one_parse()
def read(
    path: Path,
    labels: LabelOptions = LabelOptions(),
    flags: TableFormat | None = None,
    *,
    model: Autoencoder | None = None,
    kinds: ModalityChoice = None,
    y: Any = None,
    whole: bool = False,
    colors: bool = False,
    without: Sequence[str] = (),
) -> Inputs:
    r"""Read examples; without a trained model, a folder is left to `fit`, which learns its size.

    Arguments:
        path: A file or folder.
        labels: The labels of the examples.
        flags: The settings of the format of a table that flags give.
        model: The model that will use the examples.
        kinds: The kind of data, or several to choose from, if there is no model yet.
        y: A label for all examples, which replaces the labels in the data.
        whole: Whether to keep long examples whole, neither cut off nor cut into windows.
        colors: Whether labels also color a picture, and so do not need a conditional model.
        without: Columns of a table that are not part of the data.

    Raises:
        ValueError: If the data are damaged or of another kind, or flags would have no effect.
    """
    _check_labels(labels, model, colors)

    known = model.modality_ if model else kinds
    form = merge_formats(fitted_format(known), flags)
    label = labels.label_column if labels.labels is None else None  # a column of the examples
    inputs = _read_tables(path, label, known, form)
    others = (_other_columns(model, form) | {*without}) - {label}
    frame = Inputs(read_frame(path, given=form)) if others and is_frame_file(path) else None

    if frame is not None and others & {*frame.column_names()}:
        inputs = _without_label(frame.without(others), path, label)
    elif inputs is not None:
        for file in table_files(path):
            refuse_format(file, flags)
    elif not path.is_dir():
        inputs = _read_file(path, label, known, form, flags, whole)
    elif label is not None:
        raise ValueError(
            f"--label-column names a column of a table, but '{path}' is a folder: give a table of"
            " file names and labels with --labels FILE."
        )
    elif model is not None:
        inputs = _read_kind(path, model.modality_, None, flags, whole=whole)
    else:
        refuse_format(path, flags, "files")
        inputs = Inputs(path)

    inputs = inputs if labels.labels is None else _with_labels(inputs, labels)

    if model is not None and not is_frame(inputs.X):
        check_names(getattr(model, "feature_names_in_", []), inputs.columns)

    if model is not None and has_covariates(model.modality_):
        # Whole series know their covariates, and some of their windows do not
        inputs = inputs._replace(y=None if whole else context_values(model.modality_, inputs.X, y))
    elif model is not None and model.context_ is not None and inputs.y is None and y is None:
        raise ValueError(NEEDS_LABELS)

    return inputs


def read_source(
    path: Path,
    source: SourceOptions,
    model: Autoencoder,
    whole: bool = False,
    colors: bool = False,
    without: Sequence[str] = (),
) -> Inputs:
    r"""Read examples for a trained model, with labels from one of three flags.

    Arguments:
        path: A file or folder.
        source: The labels and the format of the table. Typed labels replace those that the
            examples come with.
        model: The model that will use the examples.
        whole: As for :func:`read`.
        colors: As for :func:`read`.
        without: As for :func:`read`.

    Raises:
        ValueError: If several flags give labels, or as for :func:`read`.
    """
    words, labels = source.typed.y, source.labels
    ways = {"--y": words, "--label-column": labels.label_column, "--labels": labels.labels}
    used = [flag for flag, value in ways.items() if value is not None]

    if len(used) > 1 and words is not None:
        raise ValueError(f"expected --y, --label-column or --labels, got {' and '.join(used)}.")

    y = parse_y(words, model)
    options: dict[str, Any] = {"whole": whole, "colors": colors, "without": without}
    inputs = read(path, labels, source.table, model=model, y=y, **options)

    if y is None:
        return inputs

    encode_context(model.context_, y, len(inputs.X))  # raises before any work is done
    return inputs._replace(y=y)


def context_of(inputs: Inputs, model: Autoencoder) -> Any:
    r"""The context of examples, if the model is conditional.

    Arguments:
        inputs: The examples.
        model: The model.
    """
    return None if model.context_ is None else inputs.y


def _check_labels(labels: LabelOptions, model: Autoencoder | None, colors: bool) -> None:
    r"""Refuses a file of labels that would have no effect."""
    file = labels.labels

    if file is not None and model is not None and model.context_ is None and not colors:
        raise ValueError(NO_EFFECT.format("--labels"))


def _other_columns(model: Autoencoder | None, form: TableFormat | None) -> set[str]:
    r"""Returns the columns of the fit's file that were not part of its data, such as groups."""
    if model is None or form is None:
        return set()

    return {*form.names} - {*map(str, getattr(model, "feature_names_in_", form.names))}


def _read_tables(
    path: Path, label: str | None, known: ModalityChoice, form: TableFormat | None
) -> Inputs | None:
    r"""Returns the rows of a folder of tables, and `None` for anything else."""
    tables = read_tables(path, known, form)
    return None if tables is None else _without_label(Inputs(tables), path, label)


def _read_file(
    path: Path,
    label: str | None,
    known: ModalityChoice,
    form: TableFormat | None,
    flags: TableFormat | None,
    whole: bool,
) -> Inputs:
    kind = _modality_of_file(path, label, known, form)

    if kind is not None:
        return _read_kind(path, kind, label, flags, form, whole)

    refuse_format(path, flags)
    inputs = Inputs(*read_array(path, label, form))

    if inputs.X.ndim < 2:
        raise ValueError(
            f"expected '{path}' to hold examples of shape (N, D), (N, H, W) or (N, H, W, C), got"
            f" shape {inputs.X.shape}."
        )

    return inputs


def _modality_of_file(
    path: Path, label: str | None, known: ModalityChoice, form: TableFormat | None
) -> Modality | None:
    r"""Returns the modality of a file, or `None` for an array of numbers."""
    if isinstance(known, Modality) or (label is None and form is None):
        return modality_of_path(path, known)

    return MixedTables() if holds_frame(path, label, form) else None


def _read_kind(
    path: Path,
    kind: Modality,
    label: str | None,
    flags: TableFormat | None,
    form: TableFormat | None = None,
    whole: bool = False,
) -> Inputs:
    r"""Returns the examples of a file or folder, without the column of labels."""
    refuse_format(path, flags, None if isinstance(kind, TableReadable) else kind)

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


def _with_labels(inputs: Inputs, labels: LabelOptions) -> Inputs:
    r"""Joins labels to examples, by file name if both have names, else by position."""
    column, file = labels
    assert file is not None

    if isinstance(inputs.X, Path):  # a folder, which `fit` reads
        return inputs._replace(y=read_labels(file, list_files(inputs.X).names, column))

    names = inputs.files if isinstance(inputs.files, Names) else None
    loaded = join_labels(Loaded(inputs.X, None, names), file, column)
    return Inputs(loaded.X, loaded.y, inputs.columns, loaded.names or inputs.files)
