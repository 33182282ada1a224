r"""Reader of JSON lines: records with a number, word or boolean in each field."""

__all__ = ["read_json_lines"]

import logging
from pathlib import Path
from typing import Any

from ...encodings import detect_encoding
from ...listing.packed import unpack

log = logging.getLogger(__name__)

_EXACT = 2**53  # floats hold all whole numbers up to here


def read_json_lines(path: Path, encoding: str | None = None) -> Any:
    r"""Read a file of JSON lines, gzipped or not, as an Arrow table.

    Arguments:
        path: The file.
        encoding: Its encoding; by default UTF-8, or what its bytes allow, which is logged.

    Raises:
        ValueError: If it is in an unknown encoding, or has several values in a cell.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.jsonl"
        >>> _ = file.write_bytes('{"a": "é"}'.encode("utf-16"))
        >>> read_json_lines(file).to_pydict()
        {'a': ['é']}
    """
    import pyarrow as pa
    from pyarrow import json, types

    data = _in_utf8(path, encoding)
    options = json.ReadOptions(block_size=max(2**20, min(len(data) + 1, 2**31 - 1)))

    def read(schema: Any = None) -> Any:
        parsing = json.ParseOptions(explicit_schema=schema)
        return json.read_json(pa.BufferReader(data), options, parsing)

    try:
        table = read()
    except pa.ArrowInvalid as error:
        reason = str(error)

        if " changed from " in reason:
            raise ValueError(
                f"cannot read '{path}': a field has cells of several kinds ({reason}). Write all"
                " of them as text, or one record with the same fields in each line."
            ) from None

        raise

    table = _with_wide_integers(_with_zones(table, read), read)

    if nested := [field.name for field in table.schema if types.is_nested(field.type)]:
        raise ValueError(
            f"cannot read '{path}': expected a number, word or boolean in each cell, got"
            f" several in the columns {nested}. Give each value its own column."
        )

    table.validate(full=True)

    return table


def _in_utf8(path: Path, encoding: str | None) -> bytes:
    r"""Returns the content of a file in UTF-8."""
    data = path.read_bytes()
    data = unpack(path) if data[:2] == b"\x1f\x8b" else data
    name = encoding or detect_encoding(data)

    if name is None:
        raise ValueError(
            f"cannot read '{path}': it is not UTF-8, and could be in several encodings: set the"
            " encoding, such as encoding='cp1252' (command line: --encoding), or save it as UTF-8."
        )

    if name == "utf-8":
        return data

    if encoding is None and not name.startswith("utf"):
        log.info("reads '%s': text in %s.", path, name)

    try:
        return data.decode(name).encode()
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot read '{path}': it is not in {name}: {error}.") from None


def _with_wide_integers(table: Any, read: Any) -> Any:
    r"""Returns columns with whole numbers that Arrow takes for floats, as wide integers."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import types

    for i, name in enumerate(table.column_names):
        if not types.is_floating(table.column(i).type):
            continue

        v = table.column(i).drop_null().to_numpy()

        if not (np.isfinite(v).all() and (np.abs(v) > _EXACT).any() and (v == np.rint(v)).all()):
            continue

        for kind in (pa.uint64(), pa.decimal128(38, 0)):
            try:
                cells = read(pa.schema([(name, kind)])).column(name)
            except pa.ArrowInvalid:  # the file writes floats, such as 1e300
                continue

            table = table.set_column(i, name, cells)
            break

    return table


def _with_zones(table: Any, read: Any) -> Any:
    r"""Returns columns of JSON with the time zones of their dates, which Arrow leaves out."""
    import pyarrow as pa
    from pyarrow import compute, types

    dates = [field.name for field in table.schema if types.is_timestamp(field.type)]

    if not dates:
        return table

    written = read(pa.schema([(name, pa.string()) for name in dates]))

    for name in dates:
        zoned = compute.ends_with(written.column(name), "Z")

        if compute.all(zoned).as_py():
            column = compute.assume_timezone(table.column(name), "UTC")
            table = table.set_column(table.column_names.index(name), name, column)
        elif compute.any(zoned).as_py():  # some times have no zone
            table = table.set_column(table.column_names.index(name), name, written.column(name))

    return table
