r"""Texts from a column of a table."""

__all__ = ["read_column"]

from pathlib import Path

from ...listing.sources import check_source, no_such
from ...tabular.delimited import read_text
from ...tabular.doubts import announce
from ...tabular.formats import TableFormat, table_suffix
from ...tabular.frames.reading import read_frame
from ...tabular.layouts import layout_of
from ...tabular.parquet import open_parquet
from .detection import JSON_LINES_SUFFIXES
from .lines import Lines, lines_of


def read_column(path: Path, name: str | None = None, given: TableFormat | None = None) -> Lines:
    r"""Reads the texts of a column of a table.

    Separator, encoding and quotes of text files are found, as for
    :func:`~autoencode.data.read_table`. All cells are text, whatever they look like. Only the
    words of `missing_values`, if given, stand for missing cells. The first line holds the names.

    Arguments:
        path: A `.csv`, `.tsv`, `.parquet`, `.feather` or `.jsonl` file.
        name: The name of the column; by default the only one.
        given: The known settings of the format of text.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or no such table, naming the line, or has no such column.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> _ = file.write_text('id,text\n1,"one, two"\n2,three\n')
        >>> read_column(file, "text")
        ['one, two', 'three']
    """
    suffix = table_suffix(path)

    if suffix is None or suffix in JSON_LINES_SUFFIXES:
        return lines_of(path, name)

    check_source(path)

    if not path.exists():
        raise no_such(path)

    if suffix == ".parquet":
        return _parquet_column(path, name)

    if suffix in (".feather", ".arrow"):
        frame = read_frame(path)
        return Lines(frame[frame.columns[_index([*frame.columns], name)]].tolist(), path)

    return _csv_column(path, name, given or TableFormat())


def _csv_column(path: Path, name: str | None, given: TableFormat) -> Lines:
    given = given.checked()
    given.header = 1 if given.header is None else given.header
    if given.missing_values is None:
        given.missing_values = []  # any word may be a text

    try:
        names = [column for column in layout_of(path, given).names if column]
        column = names[_index(names, name)]
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}") from None

    reading = read_text(path, given, dict.fromkeys(names, "text"))
    announce(path, reading)
    cells = reading.table.column(column)
    texts = cells.to_pylist() if given.missing_values else cells.fill_null("").to_pylist()

    return Lines(texts, path, given=reading.format)


def _parquet_column(path: Path, name: str | None) -> Lines:
    with open_parquet(path) as file:
        columns = file.schema_arrow.names
        name = columns[_index(columns, name)]
        return Lines(file.read([name]).column(name).to_pylist(), path)


def _index(columns: list[str], name: str | None) -> int:
    if name is None and len(columns) != 1:
        raise ValueError(
            f"expected the column that holds the texts, out of {columns}: Texts(column='...'),"
            " on the command line --modality Texts --modality.column NAME."
        )

    if name is not None and name not in columns:
        raise ValueError(f"it has no column '{name}'; it has {columns}.")

    return 0 if name is None else columns.index(name)
