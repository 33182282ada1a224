r"""Tables of all kinds of columns, from text and from Parquet, as data frames of pandas."""

__all__ = [
    "holds_frame",
    "is_frame",
    "is_frame_file",
    "is_numbers",
    "locate_cell",
    "locate_row",
    "names_of",
    "read_frame",
    "read_frames",
    "read_table",
    "table_files",
    "write_frame",
]

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ...common.failures import warn
from ..listing import check_source
from .delimited import needs_arrow, read_text
from .doubts import announce, doubts
from .formats import TEXTS, TableFormat, table_suffix
from .layouts import layout_of, opened_text, rows_of
from .libraries import to_pandas
from .parquet import column_names, open_parquet

_FEW = 100  # cells that say what type a column is written as
_LARGE = 2**28  # bytes of a file, beyond which only the first are looked at to tell what it is
_UNKNOWN: Mapping[str | int, str] = MappingProxyType({})


def is_frame(X: object) -> bool:
    r"""Tell whether something is a data frame, of pandas or of a library that converts to it.

    Example:
        >>> is_frame(np.ones((2, 2)))
        False
    """
    if isinstance(X, type) or not hasattr(X, "columns"):
        return False

    return any(hasattr(X, name) for name in ("iloc", "__arrow_c_stream__", "__dataframe__"))


def is_numbers(frame: Any) -> bool:
    r"""True if all cells of a frame or array are numbers or truth values, and none is missing.

    Example:
        >>> import pandas as pd
        >>> is_numbers(pd.DataFrame({"a": [1, 2]})), is_numbers(pd.DataFrame({"a": ["b", "c"]}))
        (True, False)
    """
    if not is_frame(frame):
        X = np.asarray(frame)
        return X.dtype.kind in "bui" or (X.dtype.kind == "f" and not np.isnan(X).any())

    frame = to_pandas(frame)
    kinds = {getattr(dtype, "kind", "O") for dtype in frame.dtypes}

    return kinds <= {*"buif"} and not any(
        _has_gaps(frame.iloc[:, j]) for j in range(frame.shape[1])
    )


def names_of(frame: Any) -> list[Any]:
    r"""The names of the columns of a frame.

    Raises:
        ValueError: If two have the same.

    Example:
        >>> import pandas as pd
        >>> names_of(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
        ['a', 'b']
    """
    of_arrow = not hasattr(frame, "iloc") and hasattr(frame, "column_names")
    names = [*(frame.column_names if of_arrow else frame.columns)]

    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise ValueError(f"expected columns with different names, got {twice} more than once.")

    return names


def is_frame_file(path: Path) -> bool:
    r"""Tell whether a file is a table of up to 256 MB, and what reads it as a frame is installed.

    Example:
        >>> is_frame_file(Path("digits.npy"))
        False
    """
    return _is_readable(path) and path.stat().st_size <= _LARGE


def holds_frame(path: Path, label: str | None = None, given: TableFormat | None = None) -> bool:
    r"""Tell whether a file is a table that is not all numbers: with text, dates or missing cells.

    Of text beyond 256 MB only the first 16 MB are looked at.

    Arguments:
        path: The file.
        label: A column that does not count.
        given: What is known of its format.

    Example:
        >>> holds_frame(Path("digits.npy"))
        False
    """
    if not _is_readable(path, given):
        return False

    import pyarrow as pa

    text = _is_text(path)

    try:
        if text:
            whole = path.stat().st_size <= _LARGE
            kinds: dict[str | int, str] = {} if label is None else {label: "text"}
            reading = read_text(path, given or TableFormat(), kinds, whole)
            table = _without(reading.table, reading.layout.row_names)
        else:
            table = _kinds(path) if path.suffix.lower() == ".parquet" else _read_other(path)
    except (OSError, ValueError, pa.ArrowException):
        return False  # the reader of numbers says why

    columns = [c for name, c in zip(table.column_names, table.columns) if name != label]
    numbers = all(_is_plain(c.type, text) and not c.null_count for c in columns)

    return table.num_rows > 0 and not numbers


def read_table(
    path: str | Path | Sequence[str | Path],
    header: int | bool | str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    missing: Sequence[str] | None = None,
    index: str | bool | None = None,
    dates: str | None = None,
    text: Sequence[str] = (),
    encoding: str | None = None,
) -> Any:
    r"""Reads a table, or several files with the same columns as one, to a data frame.

    What is left out is found in the file and logged. Where two readings are plausible, the file
    is refused, with the setting that decides. A model that is fitted to the frame keeps what was
    set and found, and reads later files in the same way.

    Arguments:
        path: A file of text (`.csv`, `.tsv`, `.tab`, or any other), of JSON lines (`.jsonl`,
            `.ndjson`), each of them gzipped or not, or of Parquet or Arrow (`.parquet`,
            `.feather`, `.arrow`); or a sequence of such files.
        header: As for :class:`~autoencode.data.TableFormat`, as are the others.
        separator: See there.
        decimal: See there.
        thousands: See there.
        missing: See there.
        index: See there.
        dates: See there.
        text: See there.
        encoding: See there.

    Returns:
        A data frame of pandas.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no table, or may be read in several ways.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("size;kind\n1,5;a\n?;b\n")
        >>> read_table(file, missing=["?"])
           size kind
        0   1.5    a
        1   NaN    b
    """
    given = TableFormat(
        *(header, separator, decimal, thousands, missing, index),  # type: ignore[arg-type]
        *(dates, text, encoding),
    ).checked()

    if not isinstance(path, (str, Path)):
        return read_frames([Path(one) for one in path], given=given)

    return read_frame(Path(path), given=given)


def read_frame(
    path: Path,
    kinds: Mapping[str | int, str] = _UNKNOWN,
    given: TableFormat | None = None,
) -> Any:
    r"""Reads a table of any columns, which needs `pandas` and `pyarrow`.

    Columns of text are whole numbers, numbers, truth values, dates or times if all their cells
    are; cells without anything, or with one of the usual words for it, are missing. Times of the
    day without a date are categories, and so are columns with a whole number such as `007`.

    Arguments:
        path: A file as for :func:`read_table`.
        kinds: Of which kind columns are, if that is known: `"text"`, `"number"`, `"float"`,
            `"date"` or `"truth"`.
        given: What is known of the format of text.

    Returns:
        A data frame of pandas.

    Raises:
        ValueError: If it is no such table, naming the file and the line.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("width,kind\n1,a\n,b\n")
        >>> read_frame(file)["width"].isna().tolist()
        [False, True]
    """
    check_source(path)

    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder '{path}'.")

    if path.suffix.lower() == ".parquet":
        with open_parquet(path) as file:
            table = file.read()
            frame = _kept_whole(table, _as_noted(table))
            index = [name for name in frame.index.names if name in column_names(file)]
            frame = frame.reset_index(index) if index else frame

        return _from(path, _in_own_types(table, frame.reset_index(drop=True)))

    if not _is_text(path):
        return _from(path, _pandas(_read_other(path)))

    needs_arrow(path)
    reading = read_text(path, given or TableFormat(), kinds)
    frame = _pandas(reading.table)
    announce(path, reading)

    if not kinds:
        for said in doubts(path, reading):
            warn(said)

    if (rows := reading.layout.row_names) is not None:
        frame = frame.set_index(rows)

    frame.attrs["format"] = reading.format.document()

    return _from(path, frame)


def table_files(X: object) -> list[Path]:
    r"""The files of tables that a sequence or a folder consists of, and none if it has others.

    Example:
        >>> len(table_files(["a", "b"])), len(table_files([Path("a.csv"), Path("b.csv.gz")]))
        (0, 2)
    """
    if isinstance(X, (str, Path)):
        inside = sorted(Path(X).iterdir()) if Path(X).is_dir() else []
        files = [file for file in inside if file.name[0] not in "._"]
    elif isinstance(X, (list, tuple)) and all(isinstance(x, (str, Path)) for x in X):
        files = [Path(x) for x in X if isinstance(x, Path) or _exists(x)]
        files = files if len(files) == len(X) else []
    else:
        return []

    return files if all(table_suffix(file) for file in files) else []


def read_frames(
    paths: Sequence[Path],
    kinds: Mapping[str | int, str] = _UNKNOWN,
    given: TableFormat | None = None,
) -> Any:
    r"""Reads several files with the same columns, in whatever order, as one table.

    Arguments:
        paths: The files.
        kinds: As for :func:`read_frame`; by default what suits the cells of all files.
        given: What is known of their format.

    Raises:
        ValueError: If one is no table, or has other columns than the first.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "1.csv").write_text("a,b\n1,x\n")
        >>> _ = (folder / "2.csv").write_text("b,a\ny,0.5\n")
        >>> read_frames(table_files(folder))
             a  b
        0  1.0  x
        1  0.5  y
    """
    import pandas as pd

    if not paths:
        raise ValueError("expected at least one file, got none.")

    given = (given or TableFormat()).checked()
    frames = [read_frame(path, kinds, given) for path in paths]
    first = [*frames[0].columns]

    for path, frame in zip(paths, frames):
        if {*frame.columns} != {*first}:
            gone = [name for name in first if name not in frame.columns]
            new = [name for name in frame.columns if name not in first]
            what = [f"{gone} are missing"] * bool(gone) + [f"{new} are new"] * bool(new)
            raise ValueError(
                f"expected the columns of '{paths[0]}' in '{path}': {' and '.join(what)}."
            )

    # What looks like numbers in one file may be text in another
    found = {n: kind for n in first if (kind := _common([f[n] for f in frames])) is not None}
    kinds = found | dict(kinds)
    formats = [TableFormat.of(f.attrs.get("format")) for f in frames]

    for name in ("decimal", "dates"):
        said = next((v for f in formats if (v := getattr(f, name)) is not None), None)
        setattr(given, name, getattr(given, name) or said)

    units = {name: unit for f in formats for name, unit in f.units.items()}
    given.units = units

    for path, other in zip(paths, formats):
        if any(other.units.get(name, unit) != unit for name, unit in units.items()):
            raise ValueError(f"expected the units of '{paths[0]}' in '{path}', {units}.")

    frames = [read_frame(path, kinds, given)[first] for path in paths]
    whole = pd.concat(frames, ignore_index=frames[0].index.name is None)
    whole.attrs = {"format": frames[0].attrs.get("format")}

    return whole


def locate_cell(cells: Any, i: int) -> str:
    r"""Location of a row of a table, with file and line if it comes from one.

    Arguments:
        cells: A column of a data frame of pandas, as :func:`read_frame` returns them.
        i: The number of the row, counted from 0.

    Example:
        >>> import pandas as pd
        >>> locate_cell(pd.Series([1, 2]), 1)
        'row 1'
        >>> locate_cell(pd.Series([1, 2], index=["a", "b"]), 1)
        "row 1 (index 'b')"
    """
    if "file" not in cells.attrs:
        label = cells.index[i]
        known = isinstance(label, (int, np.integer)) and label == i
        return f"row {i}" if known else f"row {i} (index {str(label)!r})"

    return locate_row(Path(cells.attrs["file"]), i, cells.attrs.get("format"))


def locate_row(path: Path, i: int, document: Mapping[str, Any] | None) -> str:
    r"""Location of a row in the file of a table, by its line if that is text.

    Arguments:
        path: The file.
        i: The number of the row, counted from 0.
        document: Its format, as a document.

    Example:
        >>> locate_row(Path("digits.parquet"), 1, None)
        "row 2 of 'digits.parquet'"
    """
    if not _is_text(path) or not path.exists():
        return f"row {i + 1} of '{path}'"

    layout = layout_of(path, TableFormat.of(document))

    with opened_text(path, layout.encoding) as text:
        rows = (
            line
            for line, row in rows_of(text, layout.separator, layout.escaped)
            if line > layout.skip and (len(row) == len(layout.names) or row[0][:1] != "#")
        )
        line = next(islice(rows, i, None))

    return f"line {line} of '{path}'"


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


def _has_gaps(cells: Any) -> bool:
    return bool(
        cells.isna().any()
        or (cells.dtype.kind == "f" and np.isnan(cells.to_numpy(float, na_value=np.nan)).any())
    )


def _is_readable(path: Path, given: TableFormat | None = None) -> bool:
    r"""Tell whether a file is a table, and what reads it as a frame is installed."""
    known = table_suffix(path) is not None or given is not None
    return known and path.is_file() and all(map(find_spec, ("pandas", "pyarrow")))


def _is_text(path: Path) -> bool:
    r"""Tell whether a file is a table in text, as far as its name says."""
    suffix = table_suffix(path)
    return suffix is None or suffix in TEXTS


def _read_other(path: Path) -> Any:
    r"""Returns a table of Arrow from a file of JSON lines, or of Arrow."""
    needs_arrow(path)

    import pyarrow as pa
    from pyarrow import feather, json, types

    try:
        if table_suffix(path) in (".feather", ".arrow"):
            return feather.read_table(path, memory_map=False)

        size = path.stat().st_size * (40 if path.suffix.lower() == ".gz" else 1)
        options = json.ReadOptions(block_size=max(2**20, min(size + 1, 2**31 - 1)))
        table = json.read_json(path, options)
    except (pa.ArrowException, OSError, EOFError) as error:
        if isinstance(error, OSError) and error.errno:
            raise

        said = " ".join(str(error).split())
        raise ValueError(
            f"cannot read '{path}': it is damaged or no such file ({said})."
        ) from None

    if nested := [field.name for field in table.schema if types.is_nested(field.type)]:
        raise ValueError(
            f"cannot read '{path}': expected a number, word or truth value in each cell, got"
            f" several in the columns {nested}. Bring them to columns of their own."
        )

    return table


def _exists(name: str) -> bool:
    r"""Tell whether a text is the name of a table that is there."""
    return len(name) < 4096 and table_suffix(Path(name)) is not None and Path(name).is_file()


def _common(columns: Sequence[Any]) -> str | None:
    r"""Returns of which kind the columns of several files are, that have the same name."""
    kinds = {_kind(cells) for cells in columns} - {None}

    if kinds == {"number", "float"}:
        return "float"

    return "text" if len(kinds) > 1 else next(iter(kinds), None)


def _kind(cells: Any) -> str | None:
    if cells.isna().all():
        return None

    return {"i": "number", "u": "number", "f": "float", "M": "date", "b": "truth"}.get(
        cells.dtype.kind, "text"
    )


def _without(table: Any, index: str | None) -> Any:
    return table if index is None else table.drop_columns([index])


def _kept_whole(table: Any, frame: Any) -> Any:
    r"""Returns a frame where whole numbers and truth values stay so beside missing cells."""
    from pyarrow import types

    for name, column in zip(table.column_names, table.columns):
        whole = types.is_integer(column.type) or types.is_boolean(column.type)

        if whole and column.null_count and name in frame.columns:
            if frame[name].dtype.kind in "fO":
                cells = column.to_pandas(types_mapper=_nullable)
                frame[name] = cells.set_axis(frame.index)

    return frame


def _as_noted(table: Any) -> Any:
    r"""Returns a data frame, with the types that pandas has noted if it can read its notes."""
    try:
        return table.to_pandas()
    except TypeError:  # of dictionaries, for one
        return table.to_pandas(ignore_metadata=True)


def _in_own_types(table: Any, frame: Any) -> Any:
    r"""Returns a frame with the types of Arrow where those of pandas would be written as others.

    Such are decimal numbers, whose precision is found in the cells, dictionaries of wide indices
    and times of the day in seconds.
    """
    import pandas as pd
    import pyarrow as pa

    for name in [name for name in table.column_names if name in frame.columns]:
        cells, column = frame[name], table.column(name)

        try:
            again = pa.Array.from_pandas(cells.dropna().iloc[:_FEW]).type
        except (pa.ArrowException, TypeError, ValueError):  # as modalities say
            continue

        other = pa.types.is_decimal(column.type) or _unlike(again, column.type)

        if other and not pa.types.is_nested(column.type):
            frame[name] = pd.Series(pd.arrays.ArrowExtensionArray(column), index=frame.index)

    return frame


def _unlike(a: Any, b: Any) -> bool:
    r"""Returns whether types of Arrow differ in more than how texts are stored."""
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


def _pandas(table: Any) -> Any:
    r"""Returns a table of Arrow as a data frame: whole numbers stay so beside missing cells."""
    import pandas as pd
    from pyarrow import string, types

    cells = {}

    for name, column in zip(table.column_names, table.columns):
        column = column.cast(string()) if types.is_time(column.type) else column
        mapper = _nullable if column.null_count else None
        cells[name] = column.to_pandas(types_mapper=mapper, date_as_object=False)

    return pd.DataFrame(cells)


def _from(path: Path, frame: Any) -> Any:
    r"""Returns a data frame that knows its file."""
    frame.attrs["file"] = str(path)
    return frame


def _kinds(path: Path) -> Any:
    r"""Returns enough rows of a Parquet file to tell its columns: one, or all if some are null."""
    from pyarrow import Table

    with open_parquet(path) as file:
        if _has_nulls(file):
            table = file.read()
        else:
            batch = next(file.iter_batches(batch_size=1))
            table = Table.from_batches([batch], file.schema_arrow)

        return table.select(column_names(file))


def _has_nulls(file: Any) -> bool:
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    columns = [group.column(k) for group in groups for k in range(group.num_columns)]

    return any(c.statistics is None or c.statistics.null_count != 0 for c in columns)


def _is_plain(kind: Any, text: bool) -> bool:
    r"""Tell whether a type of Arrow is one that the readers of numbers know."""
    from pyarrow import types

    numbers = types.is_integer(kind) or types.is_floating(kind)
    return numbers or (types.is_boolean(kind) and not text)
