r"""Data frames written to files."""

__all__ = ["write_frame"]

from pathlib import Path
from typing import Any


def write_frame(path: Path, frame: Any, kind: str) -> None:
    r"""Writes a data frame.

    Arguments:
        path: The file.
        frame: A data frame of pandas.
        kind: `".csv"` or `".parquet"`.

    Example:
        >>> import pandas as pd, tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> write_frame(file, pd.DataFrame({"a": [1], "b": ["c"]}), ".csv")
        >>> file.read_text()
        'a,b\n1,c\n'
    """
    named = frame.index.name is not None  # rows that had names in their file

    if kind == ".csv":
        label = "" if frame.index.name == "index" else frame.index.name
        frame.to_csv(path, index=named, index_label=label, lineterminator="\n")
    else:
        frame = frame.reset_index() if named else frame.copy(deep=False)
        frame.attrs = {}  # of this machine
        _write_parquet(path, frame)


def _write_parquet(path: Path, frame: Any) -> None:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_pandas(frame, preserve_index=False)
    wrapped = any(
        isinstance(dtype, pd.ArrowDtype) and pa.types.is_dictionary(dtype.pyarrow_dtype)
        for dtype in frame.dtypes
    )

    if wrapped:  # which pandas notes in a way that it cannot read
        table = table.replace_schema_metadata(None)

    parquet.write_table(table, path)
