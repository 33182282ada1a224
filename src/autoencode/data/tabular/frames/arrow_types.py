r"""Conversion of Arrow tables to pandas frames, with the types of their cells."""

__all__ = ["frame_of_cells", "frame_of_parquet"]

from collections.abc import Sequence
from typing import Any

from ....common.failures import warn

_EXAMINED_CELLS = 100  # number of cells that decide the type in which a column is written


def frame_of_cells(table: Any) -> Any:
    r"""Data frame of an Arrow table. Whole numbers stay whole next to missing cells.

    Arguments:
        table: The table.

    Example:
        >>> import pyarrow as pa
        >>> str(frame_of_cells(pa.table({"n": [1, None]}))["n"].dtype)
        'Int64'
    """
    import pandas as pd
    import pyarrow as pa

    table, cells = _without_nanoseconds(table), {}

    for name, column in zip(table.column_names, table.columns):
        own = isinstance(column.type, pa.BaseExtensionType)  # with a type of pandas, as periods
        mapper = _nullable if column.null_count and not own else None
        cells[name] = column.to_pandas(types_mapper=mapper, date_as_object=False)

    return pd.DataFrame(cells)


def frame_of_parquet(table: Any, names: Sequence[str]) -> Any:
    r"""Data frame of a Parquet file, with the types that pandas has stored in its metadata.

    Arguments:
        table: The Arrow table.
        names: The columns of the file, without an index that only counts the rows.

    Example:
        >>> import pyarrow as pa
        >>> str(frame_of_parquet(pa.table({"n": [1, None]}), ["n"])["n"].dtype)
        'Int64'
    """
    table = _without_nanoseconds(table)
    frame = _keep_whole(table, _as_noted(table))
    index = [name for name in frame.index.names if name in names]
    frame = frame.reset_index(index) if index else frame

    return _in_own_types(table, frame.reset_index(drop=True))


def _without_nanoseconds(table: Any) -> Any:
    r"""Returns times of the day rounded down to microseconds, as times in Python are."""
    import pyarrow as pa

    for i, field in enumerate(table.schema):
        if field.type == pa.time64("ns"):
            times = table.column(i).cast(pa.time64("us"), safe=False).cast(field.type)

            if not times.equals(table.column(i)):
                warn(f"the times of column {field.name!r} are rounded down to microseconds.")
                table = table.set_column(i, field.name, times)

    return table


def _keep_whole(table: Any, frame: Any) -> Any:
    r"""Returns a frame that keeps whole numbers and booleans next to missing cells."""
    from pyarrow import types

    for name, column in zip(table.column_names, table.columns):
        whole = types.is_integer(column.type) or types.is_boolean(column.type)

        if whole and column.null_count and name in frame.columns:
            if frame[name].dtype.kind in "fO":
                cells = column.to_pandas(types_mapper=_nullable)
                frame[name] = cells.set_axis(frame.index)

    return frame


def _as_noted(table: Any) -> Any:
    r"""Returns a data frame, with the types of the metadata if pandas can read them."""
    try:
        return table.to_pandas()
    except TypeError:  # it cannot read its metadata of dictionaries, for example
        return table.to_pandas(ignore_metadata=True)


def _in_own_types(table: Any, frame: Any) -> Any:
    r"""Returns a frame with Arrow types for columns that pandas would write in another type.

    Examples are decimal numbers, whose precision pandas derives from the cells, dictionaries with
    wide indices, and times of the day in seconds.
    """
    import pandas as pd
    import pyarrow as pa

    for name in [name for name in table.column_names if name in frame.columns]:
        cells, column = frame[name], table.column(name)

        try:
            again = pa.Array.from_pandas(cells.dropna().iloc[:_EXAMINED_CELLS]).type
        except (pa.ArrowException, TypeError, ValueError):  # the modality refuses such cells
            continue

        other = pa.types.is_decimal(column.type) or _unlike(again, column.type)

        if other and not pa.types.is_nested(column.type):
            frame[name] = pd.Series(pd.arrays.ArrowExtensionArray(column), index=frame.index)

    return frame


def _unlike(a: Any, b: Any) -> bool:
    r"""Returns whether Arrow types differ in more than the storage of texts."""
    from pyarrow import types

    if types.is_dictionary(a) and types.is_dictionary(b):
        same = a.index_type == b.index_type and a.ordered == b.ordered
        return not same or _unlike(a.value_type, b.value_type)

    texts = (types.is_string, types.is_large_string, types.is_string_view)
    return a != b and not all(any(is_text(t) for is_text in texts) for t in (a, b))


def _nullable(kind: Any) -> Any:
    import pandas as pd
    from pyarrow import types

    if types.is_integer(kind):
        return pd.api.types.pandas_dtype(str(kind).replace("int", "Int").replace("u", "U"))

    return pd.BooleanDtype() if types.is_boolean(kind) else None
