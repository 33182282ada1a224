r"""Columns of Arrow tables: those of the model, ids and labels, and rows of numbers."""

__all__ = [
    "Columns",
    "alone",
    "choose_columns",
    "columns_for",
    "file_kinds",
    "list_columns",
    "matrix_of",
]

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...modalities.capabilities import Tabular
from ..settings import Settings

_USE_MIXED_TABLES = "Fit with modality=MixedTables() (--modality MixedTables), which accepts them."


class Columns(NamedTuple):
    r"""Names of the columns that a model reads, and of those of ids and labels."""

    features: list[str]
    id: str | None = None
    label: str | None = None

    def all(self) -> list[str]:
        r"""Returns all names, each once."""
        return [*dict.fromkeys([*self.features, *filter(None, [self.id, self.label])])]


def choose_columns(
    names: Sequence[str], known: Sequence[str], id: str | None = None, label: str | None = None
) -> Columns:
    r"""Choose the columns of the fit. Other columns are left out if the fit had names.

    Arguments:
        names: The columns of a table.
        known: The columns of the fit; empty if they had no names.
        id: The column of ids.
        label: The column of labels.

    Raises:
        ValueError: If a column is missing.

    Example:
        >>> choose_columns(["id", "b", "a"], ["a", "b"], id="id").features
        ['a', 'b']
    """
    for what, name in {"ids": id, "labels": label}.items():
        if name is not None and name not in names:
            raise ValueError(f"it has no column {name!r} of {what}; it has {[*names]}.")

    if missing := [name for name in known if name not in names]:
        raise ValueError(f"it lacks the columns {missing} of the fit; it has {[*names]}.")

    features = [*known] or [name for name in names if name not in (id, label)]

    if not features:
        raise ValueError(f"it has no columns but those of ids and labels: {[*names]}.")

    return Columns(features, id, label)


def columns_for(
    model: Any, settings: Settings, names: Sequence[str], schema: Any = None
) -> Columns:
    r"""The columns of a table that a model reads in a run.

    Arguments:
        model: The model.
        settings: The settings of the run.
        names: The columns of the table.
        schema: Their Arrow types. Of a fit without names, the only column of lists is read.

    Raises:
        ValueError: If a column is missing.
    """
    known = [str(name) for name in getattr(model, "feature_names_in_", ())]
    known = known or alone(list_columns(schema))
    return choose_columns(names, known, settings.id_column, settings.label_column)


def list_columns(schema: Any) -> list[str]:
    r"""The columns of an Arrow schema that hold lists.

    Arguments:
        schema: The schema, or `None`.

    Example:
        >>> import pyarrow as pa
        >>> list_columns(pa.schema({"id": pa.int64(), "x": pa.list_(pa.float32())}))
        ['x']
    """
    return [field.name for field in schema or () if _is_list(field.type)]


def alone(names: Sequence[str]) -> list[str]:
    r"""A single name, and nothing of several.

    Arguments:
        names: The names.

    Example:
        >>> alone(["x"]), alone(["x", "y"])
        (['x'], [])
    """
    return [*names] if len(names) == 1 else []


def file_kinds(model: Any, settings: Settings) -> dict[str | int, str]:
    r"""The kinds of the columns of the fit, so that each block of a text is read in the same way.

    Arguments:
        model: The model.
        settings: The settings of the run.
    """
    modality = model.modality_
    kinds = dict(modality.file_kinds()) if isinstance(modality, Tabular) else {}
    kinds = kinds or {str(name): "float" for name in getattr(model, "feature_names_in_", ())}

    if settings.label_column is not None:
        kinds[settings.label_column] = "text"

    return kinds


def matrix_of(columns: Sequence[Any], names: Sequence[str], before: int = 0) -> NDArray:
    r"""Rows of numbers, with shape `(N, D)`, from columns of numbers, or one column of lists.

    Arguments:
        columns: The Arrow arrays.
        names: Their names.
        before: The number of rows before them, for messages.

    Raises:
        ValueError: If a cell is missing, or is not a number.

    Example:
        >>> import pyarrow as pa
        >>> matrix_of([pa.array([[1.0, 2.0], [3.0, 4.0]])], ["x"]).tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    from pyarrow import types

    if len(columns) == 1 and _is_list(columns[0].type):
        return _rows_of_lists(columns[0], names[0], before)

    for name, column in zip(names, columns):
        kind = column.type
        number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)

        if not number:
            raise ValueError(
                f"expected numbers, got {kind} in column '{name}'. {_USE_MIXED_TABLES}"
            )

        if column.null_count:
            raise ValueError(
                f"expected numbers, got none in row {before + _first_null(column) + 1} of column"
                f" '{name}'. {_USE_MIXED_TABLES}"
            )

    dtypes = [np.dtype(column.type.to_pandas_dtype()) for column in columns]
    X = np.empty((len(columns[0]), len(columns)), np.result_type(*dtypes))

    for j, column in enumerate(columns):
        X[:, j] = column.to_numpy(zero_copy_only=False)

    return X


def _is_list(kind: Any) -> bool:
    from pyarrow import types

    return types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def _rows_of_lists(column: Any, name: str, before: int) -> NDArray:
    from pyarrow import compute

    if column.null_count:
        row = before + _first_null(column) + 1
        raise ValueError(f"expected numbers, got none in row {row} of column '{name}'.")

    lengths = np.unique(compute.list_value_length(column).to_numpy(zero_copy_only=False))

    if len(lengths) > 1:
        raise ValueError(
            f"expected lists of one length in column '{name}', got lengths from {lengths[0]} to"
            f" {lengths[-1]}."
        )

    values = column.flatten()

    if values.null_count:
        row = before + _first_null(values) // int(lengths[0]) + 1
        raise ValueError(f"expected numbers, got none in row {row} of column '{name}'.")

    X = values.to_numpy(zero_copy_only=False)

    if X.dtype.kind not in "buif":
        raise ValueError(f"expected numbers, got {column.type} in column '{name}'.")

    return X.reshape(len(column), -1) if len(column) else X.reshape(0, 0)


def _first_null(column: Any) -> int:
    return column.is_null().to_pylist().index(True)
