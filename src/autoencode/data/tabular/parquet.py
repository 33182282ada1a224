r"""Parquet files, opened with clear messages about errors."""

__all__ = ["check_unique", "column_names", "open_parquet"]

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..listing.sources import check_source, no_such

_UNNAMED = r"__index_level_\d+__"  # the name that pandas writes for an index without a name


@contextlib.contextmanager
def open_parquet(path: Path, buffer_bytes: int = 0) -> Iterator[Any]:
    r"""A Parquet file to read from, which needs `pyarrow`.

    Arguments:
        path: The file.
        buffer_bytes: The number of bytes of each column that are read together; by default all of
            a group of rows.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, its content is refused while it is read, or `pyarrow`
            is missing.
    """
    check_source(path)

    if not path.exists():
        raise no_such(path)

    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise ValueError(
            f"cannot read '{path}': .parquet files need pyarrow: pip install 'autoencode[tables]'"
        ) from None

    try:
        with contextlib.ExitStack() as stack:
            source = path if _is_text(path) else stack.enter_context(path.open("rb"))
            file = stack.enter_context(parquet.ParquetFile(source, buffer_size=buffer_bytes))
            check_unique(file.schema_arrow.names)
            yield file
    except (ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # an error of the disk, not of the content
            raise

        reason = " ".join(str(error).split())
        raise ValueError(f"cannot read '{path}': it is damaged or truncated ({reason}).") from None
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}") from None


def _is_text(path: Path) -> bool:
    r"""Tell whether a name is valid text, as Arrow needs it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False

    return True


def check_unique(names: Iterable[str]) -> None:
    r"""Refuses a table with columns of the same name.

    Arguments:
        names: The names of the columns.

    Raises:
        ValueError: If a name occurs more than once.

    Example:
        >>> check_unique(["a", "b", "a"])
        Traceback (most recent call last):
        ...
        ValueError: expected columns with different names, got ['a'] more than once.
    """
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise ValueError(f"expected columns with different names, got {twice} more than once.")


def column_names(file: Any) -> list[str]:
    r"""The columns of an open Parquet file, without index columns that have no name."""
    return [name for name in file.schema_arrow.names if not re.fullmatch(_UNNAMED, name)]
