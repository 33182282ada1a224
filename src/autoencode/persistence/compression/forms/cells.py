r"""Single cells of frames as JSON: the exceptions of columns."""

__all__ = ["differing", "packed_cells", "with_cells"]

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import pack_json, unpack_json


def differing(a: Any, b: Any) -> NDArray[np.intp]:
    r"""The rows in which two columns of pandas differ, to the bit.

    Arguments:
        a: A column.
        b: Another one of the same length.

    Example:
        >>> import pandas as pd
        >>> differing(pd.Series([1.0, float("nan"), 3.0]), pd.Series([1.0, float("nan"), 4.0]))
        array([2])
    """
    if a.dtype == b.dtype and a.dtype.kind in "iuf" and isinstance(a.dtype, np.dtype):
        x, y = (np.ascontiguousarray(v.to_numpy()) for v in (a, b))
        size = x.dtype.itemsize
        bits = [v.view(np.uint8).reshape(-1, size) for v in (x, y)]
        return np.flatnonzero((bits[0] != bits[1]).any(axis=1))

    pairs = zip(a.astype(object), b.astype(object))
    return np.array([i for i, (x, y) in enumerate(pairs) if not _same(x, y)], int)


def packed_cells(columns: dict[int, tuple[NDArray, Any]]) -> bytes:
    r"""Returns cells as bytes.

    Arguments:
        columns: The rows and the cells of columns, by their position.

    Raises:
        ValueError: If a cell is neither a number, text, a date nor missing.

    Example:
        >>> packed_cells({})
        b''
    """
    document = {
        str(j): [rows.tolist(), [_stored(cell) for cell in cells.astype(object)]]
        for j, (rows, cells) in columns.items()
        if len(rows)
    }
    return pack_json(document) if document else b""


def with_cells(columns: list[Any], packed: bytes) -> list[Any]:
    r"""Returns columns with other cells.

    Arguments:
        columns: Series of pandas.
        packed: The cells, as :func:`packed_cells` returned them.

    Raises:
        ValueError: If they are damaged.
    """
    import pandas as pd

    found = [*columns]

    for name, (rows, cells) in (unpack_json(packed) if packed else {}).items():
        j = int(name)
        dtype, objects = found[j].dtype, found[j].astype(object)
        values = objects.to_numpy(copy=True)
        new = np.empty(len(cells), object)
        new[:] = [_restored(cell) for cell in cells]

        if min([0, *rows]) < 0 or not all(type(i) is int for i in rows):
            raise ValueError("its exceptions are damaged")

        values[rows] = new
        column = pd.Series(values, dtype=object)
        found[j] = column if str(dtype) == "object" else column.astype(dtype)

    return found


def _same(x: Any, y: Any) -> bool:
    import pandas as pd

    if x is y:
        return True

    if type(x) is not type(y):
        return False

    if isinstance(x, (str, bool, int, Decimal)):
        return bool(x == y) and str(x) == str(y)

    return bool(x == y) or bool(pd.isna(x) and pd.isna(y))


def _stored(cell: Any) -> Any:
    import pandas as pd

    if cell is None or cell is pd.NA or cell is pd.NaT:
        return ["none" if cell is None else "NA" if cell is pd.NA else "NaT"]

    if isinstance(cell, np.generic):
        return [cell.dtype.str, cell.tobytes().hex()]

    if isinstance(cell, bool) or type(cell) in (int, str):
        return cell if abs(len(str(cell))) < 19 or isinstance(cell, str) else ["int", str(cell)]

    if isinstance(cell, float):
        return ["float", cell.hex()]

    if isinstance(cell, Decimal):
        return ["decimal", str(cell)]

    if isinstance(cell, (pd.Timestamp, pd.Timedelta)):
        zone = None if isinstance(cell, pd.Timedelta) or cell.tz is None else str(cell.tz)
        return [type(cell).__name__, cell.as_unit("ns").value, cell.unit, zone]

    if isinstance(cell, (datetime.datetime, datetime.date, datetime.time)):
        return [type(cell).__name__, cell.isoformat()]

    raise ValueError(
        f"expected cells of numbers, text or dates, got {cell!r}, of which no compressed file can"
        " be made. Convert the column, or leave it out."
    )


def _restored(cell: Any) -> Any:
    import pandas as pd

    match cell:
        case str() | bool() | int():
            return cell
        case ["none"]:
            return None
        case ["NA"]:
            return pd.NA
        case ["NaT"]:
            return pd.NaT
        case ["int", str() as digits] if len(digits) < 400:
            return int(digits)
        case ["float", str() as digits]:
            return float.fromhex(digits)
        case ["decimal", str() as digits]:
            return Decimal(digits)
        case ["Timestamp", int() as value, str() as unit, zone]:
            at = pd.Timestamp(value, tz=zone) if zone is None else _zoned(value, zone)
            return at.as_unit(unit)
        case ["Timedelta", int() as value, str() as unit, _]:
            return pd.Timedelta(value).as_unit(unit)
        case ["date" | "datetime" | "time" as kind, str() as text]:
            return getattr(datetime, kind).fromisoformat(text)
        case [str() as dtype, str() as bits] if np.dtype(dtype).kind in "biufmM":
            return np.frombuffer(bytes.fromhex(bits), dtype)[0]

    raise ValueError("its exceptions are damaged")


def _zoned(value: int, zone: str) -> Any:
    import pandas as pd

    return pd.Timestamp(value, tz="UTC").tz_convert(zone)
