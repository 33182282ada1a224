r"""Columns of numeric files: their types and names."""

__all__ = ["read_weighted", "split_column", "store_columns", "with_column_types", "without_groups"]

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...data import TableFormat, is_frame, is_frame_file, read_frame
from ...estimator import Autoencoder
from ...inputs import check_weights, fitted_format
from ..options import SourceOptions
from .examples import Inputs, read_source
from .formats import merge_formats

_OTHERWISE = {
    "--groups": "Groups of files can be given in Python, as fit(groups={name: group, ...}).",
    "--weight-column": "Weights of files can be given in Python, as fit(sample_weight={...}).",
}


def with_column_types(inputs: Inputs, path: Path, flags: TableFormat | None = None) -> Inputs:
    r"""Numeric rows of a file with a header as a data frame, so that each column has its type.

    Rows of large files and of files without a header are returned unchanged.

    Arguments:
        inputs: The examples.
        path: Their file.
        flags: The format that flags give, if any.
    """
    if is_frame(inputs.X) or inputs.columns is None or not is_frame_file(path):
        return inputs

    form = None if flags is None else flags.checked()
    return inputs._replace(X=read_frame(path, given=form)[inputs.columns])


def split_column(inputs: Inputs, name: str | None, path: Path, flag: str) -> tuple[Inputs, Any]:
    r"""The examples without a column, and the cells of this column.

    Arguments:
        inputs: The examples.
        name: The column, or `None`.
        path: Their file.
        flag: The flag that names the column: `--groups` or `--weight-column`.

    Raises:
        ValueError: If there is no such column, or weights are no numbers.
    """
    if name is None:
        return inputs, None

    columns = inputs.column_names()

    if name not in columns:
        known = f"has the columns {columns}" if columns else "has no columns with names"
        raise ValueError(
            f"{flag} names a column of a table: there is no '{name}', as '{path}' {known}."
            f" {_OTHERWISE[flag]}"
        )

    if is_frame(inputs.X):
        cells = inputs.X[name]

        if flag == "--weight-column":
            return inputs.without([name]), cells.to_numpy()

        words = [
            None if is_missing else str(cell) for cell, is_missing in zip(cells, cells.isna())
        ]
        return inputs.without([name]), words

    return inputs.without([name]), inputs.X[:, columns.index(name)]


def read_weighted(
    path: Path, source: SourceOptions, model: Autoencoder, column: str | None, **options: Any
) -> tuple[Inputs, Any]:
    r"""Examples for a trained model, and their weights, which are a column of their table.

    Arguments:
        path: A file.
        source: The labels and the format of the table.
        model: The model that will use the examples.
        column: The column of weights, or `None`.
        options: As for :func:`~autoencode.cli.inputs.read_source`.

    Raises:
        ValueError: If there is no such column, or its cells are no weights.
    """
    without = () if column is None else (column,)
    weights = None

    if column is not None:
        is_table = is_frame_file(path)
        form = merge_formats(fitted_format(model.modality_), source.table)
        table = Inputs(read_frame(path, given=form) if is_table else ())
        _, weights = split_column(table, column, path, "--weight-column")
        weights = check_weights(weights, len(table.X))

    return read_source(path, source, model, without=without, **options), weights


def without_groups(inputs: Inputs | None, name: str | None, groups: Any, path: Path | None) -> Any:
    r"""Damaged versions of the examples, without their own column of groups.

    Arguments:
        inputs: The damaged versions, if there are any.
        name: The column of groups, or `None`.
        groups: The groups of the examples.
        path: The file of the damaged versions.

    Raises:
        ValueError: If the groups of their rows are others, so that rows do not belong together.
    """
    if inputs is None or name is None or name not in inputs.column_names():
        return None if inputs is None else inputs.X

    inputs, own = split_column(inputs, name, Path(path or ""), "--groups")

    if [*map(str, own)] != [*map(str, groups)]:
        raise ValueError(
            f"the rows of '{path}' have other groups in the column '{name}' than the examples, to"
            " which they are joined by position: bring both into one order, or leave out the"
            " column."
        )

    return inputs.X


def store_columns(
    model: Autoencoder,
    inputs: Inputs,
    form: dict[str, Any] | None,
    header: Sequence[str] = (),
) -> None:
    r"""Store the header and the format of a file in the model trained on it.

    Arguments:
        model: The trained model.
        inputs: The examples that it was trained on.
        form: The format, see :func:`~autoencode.data.found_format`.
        header: The names of all columns, including those that are not part of the data.
    """
    if not is_frame(inputs.X):  # the model has learned the names of a frame
        if inputs.columns is not None:
            model.feature_names_in_ = np.array(inputs.columns, object)

        if form is not None:
            model.modality_.format_ = form

    if model.modality_.format_ is None and header and [*header] != inputs.column_names():
        known = TableFormat()
        known.names = [*header]
        model.modality_.format_ = known.document()
