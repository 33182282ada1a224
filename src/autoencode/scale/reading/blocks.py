r"""Examples of a part, read in blocks that fit in memory."""

__all__ = ["Block", "read_blocks"]

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...common.batching import data_limits, limit_data
from ...data import Files, TableFormat, chunks, read_frame, table_suffix
from ...data.listing.sources import list_files
from ...data.tabular.delimited import read_text
from ...data.tabular.frames.arrow_types import frame_of_cells, frame_of_parquet
from ...data.tabular.parquet import column_names, open_parquet
from ...modalities.capabilities import NonNumeric
from ...modalities.capabilities.files import read_files
from ..settings import Settings
from .columns import columns_for, file_kinds, matrix_of
from .lines import divide_lines
from .parts import Job
from .unpacking import unpacked

_MAX_ROWS, _FILES_AT_ONCE = 2**16, 256


class Block(NamedTuple):
    r"""Examples, with labels, ids and the names of their files, where there are any."""

    X: Any
    y: Any = None
    ids: Any = None
    names: list[str] | None = None
    left_out: Mapping[str, str] = MappingProxyType({})
    r"""Files that could not be read, with the reasons."""


def read_blocks(job: Job, model: Any, settings: Settings) -> Iterator[Block]:
    r"""Yield the examples of a part in order.

    Arguments:
        job: The part.
        model: The model.
        settings: The settings of the run.

    Raises:
        ValueError: If the input is damaged, or the model does not take its examples.
        OSError: If it cannot be read.
    """
    return _READERS[job.input.kind](job, model, settings)


def _parquet(job: Job, model: Any, settings: Settings) -> Iterator[Block]:
    import pyarrow as pa

    part, path = job.part, Path(job.files[0])
    as_frame = isinstance(model.modality_, NonNumeric)

    with open_parquet(path, buffer_bytes=2**16) as file:
        columns = columns_for(model, settings, column_names(file), file.schema_arrow)
        groups = range(part.begin, part.end or 0)
        n_bytes = sum(file.metadata.row_group(i).total_byte_size for i in groups)
        size = _rows_per_block((part.stop or 0) - part.start, n_bytes, len(columns.features))
        done = part.start

        for batch in file.iter_batches(size, [*groups], columns.all()):
            features = [batch.column(name) for name in columns.features]

            if as_frame:
                table = pa.Table.from_batches([batch]).select(columns.features)
                X = frame_of_parquet(table, columns.features)
            else:
                X = matrix_of(features, columns.features, done)

            y = None if columns.label is None else batch.column(columns.label).to_pylist()
            yield Block(
                X,
                None if y is None else np.array(y, object if None in y else None),
                None if columns.id is None else batch.column(columns.id),
            )
            done += len(batch)


def _rows_per_block(rows: int, n_bytes: int, n_columns: int) -> int:
    limits = data_limits()
    by_bytes = limits.block_bytes // max(1, n_bytes // max(1, rows))
    by_cells = 2 * limits.block_numbers // max(1, n_columns)
    return max(1, min(_MAX_ROWS, by_bytes, by_cells))


def _array(job: Job, model: Any, settings: Settings) -> Iterator[Block]:
    X = np.load(job.files[0], mmap_mode="r", allow_pickle=False)

    for rows in chunks(X[job.part.start : job.part.stop]):
        yield Block(rows)


def _text(job: Job, model: Any, settings: Settings) -> Iterator[Block]:
    part, about = job.part, job.input.about or {}
    given = TableFormat.of(about["format"]) if about else None
    suffix = table_suffix(Path(job.files[0]))
    suffix = ".txt" if suffix is None else suffix
    quoted = given is not None

    with unpacked(Path(job.files[0])) as path, tempfile.TemporaryDirectory() as folder:
        block = Path(folder, f"block{suffix}")
        n_bytes = (path.stat().st_size if part.end is None else part.end) - part.begin

        with path.open("rb") as file:
            head = file.read(about.get("head", 0))

            if part.stop is None:  # in an encoding whose line breaks cannot be told apart
                yield _lines_of(path, given, model, settings, 0)
                return

            rows = _rows_per_block(part.stop - part.start, 4 * n_bytes, 1)

            for lines in divide_lines(file, part.begin, part.end, rows, quoted, suffix == ".txt"):
                place = file.tell()
                file.seek(lines.begin)
                block.write_bytes(head + file.read(lines.end - lines.begin))
                file.seek(place)

                found = _lines_of(block, given, model, settings, lines.start + part.start)

                if len(found.X) != lines.stop - lines.start:
                    raise ValueError(
                        f"expected {lines.stop - lines.start:,} rows from byte {lines.begin:,} to"
                        f" {lines.end:,}, got {len(found.X):,}: remove lines of comments and empty"
                        " rows, or write it as .parquet."
                    )

                yield found


def _lines_of(
    path: Path, given: TableFormat | None, model: Any, settings: Settings, before: int
) -> Block:
    r"""Returns the examples of a file, before which there were a number of rows."""
    if table_suffix(path) is None:
        return Block(read_files(model.modality_, path)[0])

    kinds = file_kinds(model, settings)

    if given is None:  # lines of JSON
        frame = read_frame(path, kinds)
    else:
        reading = read_text(path, given, kinds)
        frame, names = frame_of_cells(reading.table), reading.layout.row_names

        if names is not None and names != settings.id_column:
            frame = frame.drop(columns=names)

    columns = columns_for(model, settings, [str(name) for name in frame.columns])
    y = ids = None

    if columns.label is not None:
        cells = frame[columns.label].astype(object)
        y = cells.where(cells.notna(), None).to_numpy()

    if columns.id is not None:
        ids = frame[columns.id]

    X = frame[columns.features]
    return Block(X if isinstance(model.modality_, NonNumeric) else _numbers(X, before), y, ids)


def _numbers(frame: Any, before: int) -> NDArray:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    return matrix_of([c.combine_chunks() for c in table.columns], table.column_names, before)


def _media(job: Job, model: Any, settings: Settings) -> Iterator[Block]:
    for i in range(0, len(job.files), _FILES_AT_ONCE):
        files, names = (x[i : i + _FILES_AT_ONCE] for x in (job.files, job.names))
        yield from _readable(files, names, model, settings.pool_windows)


def _readable(files: list[str], names: list[str], model: Any, whole: bool) -> Iterator[Block]:
    r"""Yields the examples of files; where none of several can be read, of each half alone."""
    paths = Files(map(Path, files))

    try:
        with limit_data(resident_bytes=2**40):  # no cache of what is read once
            X, _, read = read_files(model.modality_, paths, whole)[:3]
    except ValueError as error:
        if len(files) == 1:
            yield Block(None, left_out={names[0]: " ".join(str(error).split())})
            return

        half = len(files) // 2
        yield from _readable(files[:half], names[:half], model, whole)
        yield from _readable(files[half:], names[half:], model, whole)
        return

    placed = dict(zip(list_files(paths).names, names))
    left_out = {placed[name]: why for name, why in getattr(read, "left_out", {}).items()}
    yield Block(X, names=[names[row] for row in read.rows], left_out=left_out)


def _whole(job: Job, model: Any, settings: Settings) -> Iterator[Block]:
    yield Block(Path(job.files[0]))


_READERS = {"parquet": _parquet, "array": _array, "text": _text, "media": _media, "whole": _whole}
