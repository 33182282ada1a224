r"""Detection of tables by file name, and the reader of JSON lines and Arrow files."""

__all__ = ["is_readable", "is_text_table", "read_structured"]

import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...listing.packed import unpack
from ..delimited import needs_arrow
from ..formats import TEXTS, TableFormat, table_suffix


def is_readable(path: Path, given: TableFormat | None = None) -> bool:
    r"""Tell whether a file is a table that can be read as a frame.

    The packages `pandas` and `pyarrow` must be installed.

    Arguments:
        path: The file.
        given: The known settings of its format.

    Example:
        >>> is_readable(Path("digits.npy"))
        False
    """
    known = table_suffix(path) is not None or given is not None
    return known and path.is_file() and all(map(find_spec, ("pandas", "pyarrow")))


def is_text_table(path: Path) -> bool:
    r"""Tell whether the name of a file is that of a table in text.

    Example:
        >>> is_text_table(Path("a.csv.gz")), is_text_table(Path("a.parquet"))
        (True, False)
    """
    suffix = table_suffix(path)
    return suffix is None or suffix in TEXTS


def read_structured(path: Path) -> Any:
    r"""Read a file of JSON lines, or an Arrow file, as an Arrow table.

    Arguments:
        path: The file.

    Raises:
        ValueError: If the file is damaged, or has several values in a cell.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.jsonl"
        >>> _ = file.write_text('{"a": 1}\n{"a": 2}\n')
        >>> read_structured(file)["a"].to_pylist()
        [1, 2]
    """
    needs_arrow(path)

    import pyarrow as pa
    from pyarrow import feather, json, types

    try:
        if table_suffix(path) in (".feather", ".arrow"):
            return _checked(feather.read_table(path, memory_map=False))

        packed = path.suffix.lower() == ".gz"

        if packed:
            unpack(path)  # raises if the content is far larger than the file

        size = path.stat().st_size * (40 if packed else 1)
        options = json.ReadOptions(block_size=max(2**20, min(size + 1, 2**31 - 1)))
        table = _checked(_with_zones(json.read_json(path, options), path, options))
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:
            raise

        reason = " ".join(str(error).split())
        raise ValueError(
            f"cannot read '{path}': it is damaged, or has another format ({reason})."
        ) from None

    if nested := [field.name for field in table.schema if types.is_nested(field.type)]:
        raise ValueError(
            f"cannot read '{path}': expected a number, word or boolean in each cell, got"
            f" several in the columns {nested}. Give each value its own column."
        )

    return table


def _checked(table: Any) -> Any:
    r"""Returns a table whose names and cells can be read."""
    table.validate(full=True)
    _ = [*table.column_names]  # decodes the names, which raises if they are no text

    return table


def _with_zones(table: Any, path: Path, options: Any) -> Any:
    r"""Returns columns of JSON with the time zones of their dates, which Arrow leaves out."""
    import pyarrow as pa
    from pyarrow import compute, json, types

    dates = [field.name for field in table.schema if types.is_timestamp(field.type)]

    if not dates:
        return table

    words = json.ParseOptions(explicit_schema=pa.schema([(name, pa.string()) for name in dates]))
    written = json.read_json(path, options, words)

    for name in dates:
        zoned = compute.ends_with(written.column(name), "Z")

        if compute.all(zoned).as_py():
            column = compute.assume_timezone(table.column(name), "UTC")
            table = table.set_column(table.column_names.index(name), name, column)
        elif compute.any(zoned).as_py():  # some times have no zone
            table = table.set_column(table.column_names.index(name), name, written.column(name))

    return table
