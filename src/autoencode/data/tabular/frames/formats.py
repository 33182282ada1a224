r"""Detection of tables by file name, and the reader of JSON lines and Arrow files."""

__all__ = ["is_readable", "is_text_table", "read_structured"]

import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..delimited import needs_arrow
from ..formats import TEXTS, TableFormat, table_suffix
from ..parquet import check_unique
from .json_lines import read_json_lines


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


def read_structured(path: Path, given: TableFormat | None = None) -> Any:
    r"""Read a file of JSON lines, or an Arrow file, as an Arrow table.

    Arguments:
        path: The file.
        given: The known settings of its format, of which JSON lines take the encoding.

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
    from pyarrow import feather

    try:
        if table_suffix(path) in (".feather", ".arrow"):
            return _checked(feather.read_table(path, memory_map=False))

        return read_json_lines(path, None if given is None else given.encoding)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:
            raise

        reason = " ".join(str(error).split())
        raise ValueError(
            f"cannot read '{path}': it is damaged, or has another format ({reason})."
        ) from None


def _checked(table: Any) -> Any:
    r"""Returns a table whose names and cells can be read."""
    table.validate(full=True)
    _ = [*table.column_names]  # decodes the names, which raises if they are no text
    check_unique(table.column_names)

    return table
