r"""Types of cells of numpy, pandas and Arrow: their names, and conversion of their cells."""

__all__ = ["close", "dtype_of", "missing", "name_of", "name_of_cells", "open_cells", "returns"]

import datetime
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import plain

_ARROW = "arrow "
_SCALARS = "scalars "  # numpy scalars that are stored as objects
_FLOATS = "floats"  # Python floats that are stored as objects
_NULLABLE = {"i": "Int64", "u": "UInt64", "b": "boolean"}


def name_of(dtype: Any) -> str:
    r"""The name of a pandas type, from which :func:`close` restores the type.

    Example:
        >>> import pandas as pd
        >>> name_of(pd.Series([1]).dtype), name_of(pd.StringDtype("python"))
        ('int64', 'string python')
    """
    import pandas as pd

    if isinstance(dtype, pd.ArrowDtype):
        return f"{_ARROW}{dtype.pyarrow_dtype}"

    if isinstance(dtype, pd.StringDtype):
        kind = "string" if getattr(dtype, "na_value", pd.NA) is pd.NA else "str"
        return f"{kind} {dtype.storage}"

    if isinstance(dtype, pd.SparseDtype):
        return f"sparse {dtype.subtype} {dtype.fill_value}"

    return str(dtype)


def name_of_cells(cells: Any) -> str:
    r"""The name of the type of cells, which may be numpy scalars that are stored as objects.

    Arguments:
        cells: A pandas series.

    Example:
        >>> import pandas as pd
        >>> name_of_cells(pd.Series([np.int8(3), None], dtype=object))
        'scalars |i1'
    """
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind == "O":
        kinds = {*map(type, cells.dropna())}

        if kinds == {float}:
            return _FLOATS

        if len(kinds) == 1 and issubclass(kind := kinds.pop(), np.generic):
            numbers = issubclass(kind, (np.number, np.bool_))  # other scalars have a width
            dtype = np.dtype(kind) if numbers else np.asarray(cells.dropna().tolist()).dtype

            return f"{_SCALARS}{dtype.str}" if dtype.kind in "biufmMU" else "object"

    return name_of(cells.dtype)


def dtype_of(name: str) -> Any:
    r"""The pandas type with a given name; :func:`arrow_type` returns Arrow types.

    Raises:
        ValueError: If there is no such type.

    Example:
        >>> dtype_of("sparse float64 0.0")
        Sparse[float64, 0.0]
    """
    import pandas as pd

    kind, _, rest = name.partition(" ")

    if "dateutil" in name:  # its time zones are files of this machine
        raise ValueError(f"expected a time zone by its name, got {name!r}.")

    try:
        if kind == "arrow":
            return pd.ArrowDtype(arrow_type(rest))

        if kind in {"string", "str"} and rest:
            missing = {} if kind == "string" else {"na_value": np.nan}
            return pd.StringDtype(rest, **missing)

        if kind in ("scalars", _FLOATS):
            return np.dtype(rest or float)

        if kind == "sparse":
            subtype, fill = rest.split(" ", 1)
            value = fill == "True" if subtype == "bool" else plain(np.dtype(subtype).type(fill))
            return pd.SparseDtype(np.dtype(subtype), value)

        return pd.api.types.pandas_dtype(name)
    except TypeError as error:
        raise ValueError(f"expected the name of a type of cells, got {name!r}: {error}.") from None


def arrow_type(name: str) -> Any:
    r"""The Arrow type with a given name, which is the text of the type.

    Raises:
        ValueError: If cells of the type are not single numbers, words, dates or times.

    Example:
        >>> arrow_type("dictionary<values=string, indices=int8, ordered=0>").value_type
        DataType(string)
    """
    import pyarrow as pa

    if match := re.fullmatch(r"timestamp\[(s|ms|us|ns)(?:, tz=(.+))?\]", name):
        return pa.timestamp(*match.groups())

    if match := re.fullmatch(r"(time32|time64|duration)\[(s|ms|us|ns)\]", name):
        return getattr(pa, match[1])(match[2])

    if match := re.fullmatch(
        r"(decimal32|decimal64|decimal128|decimal256)\((\d+), (-?\d+)\)", name
    ):
        return getattr(pa, match[1])(int(match[2]), int(match[3]))

    if match := re.fullmatch(r"dictionary<values=(.+), indices=(.+), ordered=([01])>", name):
        return pa.dictionary(arrow_type(match[2]), arrow_type(match[1]), match[3] == "1")

    return pa.type_for_alias(re.sub(r"^(date\d\d)\[.*\]$", r"\1", name))


def returns(dtype: Any) -> bool:
    r"""Tell whether decoded cells can have an Arrow type.

    Example:
        >>> import pandas as pd, pyarrow as pa
        >>> returns(pd.ArrowDtype(pa.int8())), returns(pd.ArrowDtype(pa.list_(pa.int8())))
        (True, False)
    """
    try:
        return arrow_type(str(dtype.pyarrow_dtype)) == dtype.pyarrow_dtype
    except ValueError:
        return False


def open_cells(cells: Any) -> Any:
    r"""Cells in the numpy and pandas types that columns support.

    Sparse cells become dense. Arrow cells become numpy or pandas cells. Times of the day become
    durations since midnight, periods become their first moments, and intervals become categories.
    All other cells, such as lists, stay as they are.

    Arguments:
        cells: A pandas series.

    Example:
        >>> import datetime, pandas as pd
        >>> open_cells(pd.Series([datetime.time(6), None])).tolist()
        [Timedelta('0 days 06:00:00'), NaT]
    """
    import pandas as pd

    dtype = cells.dtype

    if isinstance(dtype, pd.SparseDtype):
        opened = cells.sparse.to_dense()
    elif isinstance(dtype, pd.ArrowDtype):
        opened = _cells_of_arrow(cells)
    elif isinstance(dtype, pd.PeriodDtype):
        opened = cells.dt.to_timestamp()
    elif isinstance(dtype, pd.IntervalDtype):
        opened = cells.astype("category")
    elif dtype.kind == "O" and pd.api.types.infer_dtype(cells) in {"time", "timedelta"}:
        there = cells.astype(object).where(cells.notna(), None)
        spans = [_since_midnight(c) if isinstance(c, datetime.time) else c for c in there]
        opened = pd.Series(pd.to_timedelta(spans))
    else:
        return cells

    opened = opened.set_axis(cells.index)
    opened.name, opened.attrs = cells.name, cells.attrs

    return opened


def close(values: Any, name: str, categories: Any = None) -> Any:
    r"""Cells of the type with a given name.

    Arguments:
        values: A pandas series that a column returned: numbers, decimal numbers, dates,
            durations, booleans or text. Missing cells are NaN, NaT or `None`.
        name: The name of the type.
        categories: The categories that a categorical type declares, as an index or list.

    Example:
        >>> import pandas as pd
        >>> close(pd.Series([1.0, None]), "Int64").tolist()
        [1, <NA>]
    """
    import pandas as pd

    there = values.notna().to_numpy()

    if name.startswith(_ARROW):
        return pd.Series(pd.arrays.ArrowExtensionArray(_to_arrow(values, name, categories)))

    if name.startswith(_SCALARS):
        cells = np.full(len(values), None, object)
        cells[there] = [*np.asarray(values[there].tolist()).astype(dtype_of(name))]
        return pd.Series(cells, dtype=object)

    if name == _FLOATS:
        return _objects([float(v) if k else None for v, k in zip(values, there)])

    if name == "time":
        return _objects([_time(t) if k else None for t, k in zip(values, there)])

    if name == "timedelta":
        return _objects([t.to_pytimedelta() if k else None for t, k in zip(values, there)])

    dtype = dtype_of(name)

    if isinstance(dtype, pd.PeriodDtype):
        return values.dt.to_period(dtype.freq)

    if isinstance(dtype, pd.IntervalDtype):
        categorical = pd.Categorical(values, [*map(str, categories)])
        return pd.Series(pd.Categorical.from_codes(categorical.codes, categories)).astype(dtype)

    if isinstance(dtype, pd.SparseDtype):
        dense = close(values, str(dtype.subtype))
        return dense if dense.dtype != dtype.subtype else dense.astype(dtype)

    if pd.api.types.is_extension_array_dtype(dtype) and values.dtype.kind in "fO":
        return values.astype(object).where(there, None).astype(dtype)

    # numpy types of whole numbers and booleans cannot hold a missing cell
    lost = dtype.kind in "iub" and not there.all()
    return values if lost else values.astype(dtype)


def missing(cells: Any) -> NDArray:
    r"""Mask of missing cells: missing for pandas, or NaN in Arrow columns.

    Example:
        >>> import pandas as pd
        >>> missing(pd.Series([1.0, float("nan")], dtype="float64[pyarrow]")).tolist()
        [False, True]
    """
    return open_cells(cells).isna().to_numpy()


def _objects(values: list[Any]) -> Any:
    import pandas as pd

    cells = np.empty(len(values), object)
    cells[:] = values

    return pd.Series(cells, dtype=object)


def _since_midnight(time: datetime.time) -> datetime.timedelta:
    return datetime.timedelta(
        hours=time.hour, minutes=time.minute, seconds=time.second, microseconds=time.microsecond
    )


def _time(since: Any) -> datetime.time:
    return (datetime.datetime.min + since.to_pytimedelta()).time()


def _cells_of_arrow(cells: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    kind, types = cells.dtype.pyarrow_dtype, pa.types

    if types.is_floating(kind):
        return pd.Series(cells.to_numpy(dtype=kind.to_pandas_dtype(), na_value=np.nan))

    if types.is_integer(kind) or types.is_boolean(kind):
        return cells.astype(_NULLABLE[cells.dtype.kind])

    values = pa.array(cells.array)

    if types.is_time(kind):
        ticks = pa.int32() if types.is_time32(kind) else pa.int64()
        values = values.cast(ticks).cast(pa.int64()).cast(pa.duration(kind.unit))
    elif types.is_date(kind):
        values = values.cast(pa.timestamp("s" if types.is_date32(kind) else "ms"))
    elif types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view":
        return _objects(values.to_pylist())

    return values.to_pandas()


def _to_arrow(values: Any, name: str, categories: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    kind, types = arrow_type(name.removeprefix(_ARROW)), pa.types
    there = values.notna().to_numpy()

    if types.is_null(kind):
        return pa.nulls(len(values))

    if types.is_dictionary(kind):
        codes = pd.Categorical(values, categories).codes
        indices = pa.array(codes, mask=codes < 0).cast(kind.index_type)
        words = pa.array([*categories]).cast(kind.value_type)
        return pa.DictionaryArray.from_arrays(indices, words, ordered=kind.ordered)

    if types.is_floating(kind):
        return pa.array(values.to_numpy(dtype=kind.to_pandas_dtype(), na_value=0), mask=~there)

    if types.is_temporal(kind) and values.dtype.kind == "O":
        return pa.array(values.where(there, None).tolist(), kind)

    if types.is_time(kind):
        ticks = pa.array(values).cast(pa.duration(kind.unit), safe=False).cast(pa.int64())
        return (ticks.cast(pa.int32()) if types.is_time32(kind) else ticks).cast(kind)

    if types.is_temporal(kind):
        return pa.array(values).cast(kind, safe=False)

    if values.dtype.kind == "f":
        return pa.array(values.fillna(0).to_numpy(), mask=~there).cast(kind)

    return pa.array(values.astype(object).where(there, None).tolist(), kind)
