r"""The public reader of tables, with settings by name."""

__all__ = ["read_table"]

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..formats import TableFormat
from .reading import read_frame
from .several_files import read_frames
from .typed import check_effect


def read_table(
    path: str | Path | Sequence[str | Path],
    header: int | bool | str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    missing_values: Sequence[str] | None = None,
    index_column: str | bool | None = None,
    date_order: str | None = None,
    text_columns: Sequence[str] = (),
    encoding: str | None = None,
) -> Any:
    r"""Reads a table as a data frame, also from several files with the same columns.

    Settings that are left out are found in the file, and logged. If two readings are plausible,
    the file is refused, and the message names the setting that decides. A model that is fitted to
    the frame keeps the format, and reads later files in the same way.

    Arguments:
        path: A text file (`.csv`, `.tsv`, `.tab` or any other suffix) or a file of JSON lines
            (`.jsonl`, `.ndjson`), gzipped or not; a Parquet or Arrow file (`.parquet`,
            `.feather`, `.arrow`); or a sequence of such files.
        header: The number of lines that hold names: 0 or `"no"`, 1 or `"yes"`, or 2 for names with
            units below, which are joined.
        separator: The separator of cells: a character, `"tab"`, or `"spaces"` for runs of spaces
            and tabs.
        decimal: The decimal sign of numbers, `"."` or `","`.
        thousands: The sign that groups the digits of numbers, such as `","`.
        missing_values: The words for missing cells, in addition to empty cells; by default the
            usual words, such as NA.
        index_column: The name of the column that names the rows; `"yes"` for the first column;
            `"no"` if there is none.
        date_order: The order of day, month and year in dates, `"dmy"`, `"mdy"` or `"ymd"`.
        text_columns: Columns that are text whatever their cells look like, such as postal codes.
        encoding: The encoding of the file, such as `"latin-1"`.

    Returns:
        A pandas frame.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a table, can be read in several ways, or has types of its
            own, so that a setting for text has no effect.

    See Also:
        :class:`~autoencode.data.TableFormat`

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text("size;kind\n1,5;a\n?;b\n")
        >>> read_table(file, missing_values=["?"])
           size kind
        0   1.5    a
        1   NaN    b
    """
    given = TableFormat(
        header=header,
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        missing_values=missing_values,
        index_column=index_column,  # type: ignore[arg-type]
        date_order=date_order,
        text_columns=text_columns,
        encoding=encoding,
    ).checked()

    settings = [name for name, value in given.get_params().items() if value not in (None, ())]

    if not isinstance(path, (str, Path)):
        for one in path:
            check_effect(Path(one), settings)

        return read_frames([Path(one) for one in path], given=given)

    check_effect(Path(path), settings)

    return read_frame(Path(path), given=given)
