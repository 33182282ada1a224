r"""Conversion of data frames between pandas and other libraries."""

__all__ = [
    "collect_lazy",
    "from_pandas",
    "library_of",
    "native_types",
    "needs_pandas",
    "to_pandas",
]

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

_WIDE_INTEGERS = {"Int128", "UInt128"}  # types of polars that Arrow does not have
_NATIVE = _WIDE_INTEGERS | {"Categorical", "Enum"}


def needs_pandas() -> None:
    r"""
    Raises:
        ImportError: If pandas or pyarrow is missing; the message gives the command to install it.

    Example:
        >>> needs_pandas()
    """
    missing = [name for name in ("pandas", "pyarrow") if find_spec(name) is None]

    if missing:
        raise ImportError(
            f"data frames need {' and '.join(missing)}: pip install 'autoencode[tables]'"
        )


def collect_lazy(X: Any) -> Any:
    r"""The data frame of a lazy frame or of a narwhals frame; other objects as they are.

    Example:
        >>> collect_lazy([1, 2])
        [1, 2]
    """
    kind = type(X)  # access to attributes of a lazy object may begin a computation

    if kind.__module__.partition(".")[0] == "narwhals" and hasattr(kind, "to_native"):
        return collect_lazy(X.to_native())

    lazy = hasattr(kind, "collect") and hasattr(kind, "collect_schema")

    return X.collect() if lazy else X


def library_of(X: Any) -> str:
    r"""The library of a frame or array: `"numpy"`, `"pandas"`, `"polars"` or `"pyarrow"`.

    The last also stands for other libraries with Arrow's interface.

    Example:
        >>> library_of([[1.0, 2.0]])
        'numpy'
    """
    if hasattr(X, "iloc"):
        return "pandas"

    if not hasattr(X, "columns"):
        return "numpy"

    return "polars" if type(X).__module__.partition(".")[0] == "polars" else "pyarrow"


def native_types(X: Any) -> dict[str, str]:
    r"""The types that Arrow does not have, by the names of their columns."""
    if library_of(X) != "polars":
        return {}

    kinds = {name: str(dtype.base_type()) for name, dtype in X.schema.items()}
    return {name: kind for name, kind in kinds.items() if kind in _NATIVE}


def to_pandas(frame: Any) -> Any:
    r"""A data frame of any library as a pandas frame. Other libraries are converted with Arrow.

    Columns of other libraries keep their types, as Arrow types.

    Raises:
        ImportError: If pandas or pyarrow is not installed.

    Example:
        >>> import pyarrow
        >>> to_pandas(pyarrow.table({"a": [1, None], "b": ["c", "d"]}))["a"].tolist()
        [1, <NA>]
    """
    if "pandas" in sys.modules and isinstance(frame, sys.modules["pandas"].DataFrame):
        return frame

    needs_pandas()

    import pandas as pd
    import pyarrow as pa

    if hasattr(frame, "iloc"):  # a library with the interface of pandas
        ways = (getattr(frame, way, None) for way in ("_to_pandas", "to_pandas", "compute"))
        return next(way() for way in ways if way is not None)

    big = {name for name, kind in native_types(frame).items() if kind in _WIDE_INTEGERS}
    names = [*(frame.column_names if hasattr(frame, "column_names") else frame.columns)]
    rest = frame.drop([*big]) if big else frame

    if not hasattr(rest, "__arrow_c_stream__"):
        table = pa.interchange.from_dataframe(rest)
    elif rest is frame or len(big) < len(names):
        table = pa.table(rest)
    else:
        table = pa.table({})

    table = _without_views(table)
    cells = {
        name: pd.Series(frame[name].to_list(), dtype=object)
        if name in big
        else _series(table.column(name))
        for name in names
    }

    return pd.DataFrame(cells)


def from_pandas(frame: Any, library: str, types: Mapping[str, str], known: Any = None) -> Any:
    r"""A pandas frame as a frame of another library.

    Arguments:
        frame: The frame. Arrow types are kept.
        library: The library, as :func:`library_of` returns it.
        types: The types that Arrow does not have, as :func:`native_types` returns them.
        known: The categories of columns whose type declares them.

    Example:
        >>> import pandas as pd
        >>> from_pandas(pd.DataFrame({"a": [1, 2]}), "pyarrow", {})["a"].to_pylist()
        [1, 2]
    """
    if library == "pandas":
        return frame

    import pyarrow as pa

    big = {
        str(name) for name, kind in types.items() if kind in _WIDE_INTEGERS and library == "polars"
    }
    columns = {
        str(name): pa.nulls(len(frame)) if str(name) in big else pa.Array.from_pandas(cells)
        for name, cells in frame.items()
    }

    if library != "polars":
        return pa.table(columns)

    import polars as pl

    table = pl.DataFrame(pa.table(columns))

    for name in table.columns:
        kind = types.get(name)

        if kind in _WIDE_INTEGERS:
            cells = [None if cell != cell else cell for cell in frame[name]]
            cells = [cell if cell is None else int(cell) for cell in cells]
            table = table.with_columns(pl.Series(name, cells, dtype=getattr(pl, kind)))
        elif kind == "Enum":
            table = table.with_columns(pl.col(name).cast(pl.String).cast(pl.Enum(known[name])))
        elif kind == "Categorical":
            table = table.with_columns(pl.col(name).cast(pl.String).cast(pl.Categorical))

    return table


def _series(column: Any) -> Any:
    import pandas as pd

    return pd.Series(pd.arrays.ArrowExtensionArray(column))


def _without_views(table: Any) -> Any:
    r"""Returns a table without string views, of which Arrow cannot select rows."""
    import pyarrow as pa

    def plain(kind: Any) -> Any:
        if pa.types.is_dictionary(kind):
            return pa.dictionary(kind.index_type, plain(kind.value_type), kind.ordered)

        return pa.large_string() if str(kind) == "string_view" else kind

    fields = [pa.field(field.name, plain(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))
