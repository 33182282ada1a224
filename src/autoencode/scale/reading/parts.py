r"""Parts, the units of work: ranges of rows of an input, found before work begins."""

__all__ = ["Input", "Job", "Part", "list_inputs"]

import hashlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from numpy.lib import format as npy

from ...data import TableFormat, table_suffix
from ...data.tabular.delimited import read_text
from ...data.tabular.doubts import announce
from ...data.tabular.layouts import layout_of
from ...data.tabular.parquet import column_names, open_parquet
from ...inputs import fitted_format
from ..settings import Settings
from .columns import columns_for, file_kinds
from .lines import divide_lines, end_of_head
from .sources import Found, digest_of, is_hashed_whole, kind_of, state_of
from .unpacking import unpacked

_ROWS, _FILES = 2**18, 2**12  # in a part
_EXAMINED_BYTES = 2**20
_EIGHT_BITS = (
    "utf-8",
    "ascii",
    "cp",
    "latin",
    "iso8859",
    "iso-8859",
)  # encodings with line feeds of one byte


class Part(NamedTuple):
    r"""A range of rows of an input."""

    start: int
    stop: int | None
    r"""The rows, counted from zero; `None` if their number is not known before they are read."""

    begin: int = 0
    end: int | None = None
    r"""The place of the rows: groups of rows of a Parquet file, or bytes of a file of text."""


class Input(NamedTuple):
    r"""A file, or a group of files of media, as the manifest lists it."""

    name: str
    kind: str
    size: int
    changed: int
    digest: str
    rows: int | None
    parts: list[Part]
    about: dict[str, Any] | None = None
    r"""For tables in text, their format and the end of their head."""

    trouble: str | None = None
    r"""Why it cannot be read, if it cannot."""


_Division = tuple[list[Part], dict[str, Any] | None]


class Job(NamedTuple):
    r"""A part to be worked on."""

    place: str
    r"""The file of its output."""

    files: list[str]
    names: list[str]
    input: Input
    part: Part

    def __str__(self) -> str:
        rows = self.part

        if self.input.kind == "media" or rows.stop is None:
            return f"'{self.input.name}'"

        return f"'{self.input.name}', rows {rows.start:,} to {rows.stop - 1:,}"


def list_inputs(
    found: Found, model: Any, settings: Settings, known: Sequence[Input] = ()
) -> Iterator[tuple[list[Path], Input]]:
    r"""Yield the files of each input, and its entry in the manifest.

    Arguments:
        found: The files.
        model: The model that reads them.
        settings: The settings.
        known: Entries that were made before. Those of unchanged files are not made again.
    """
    kinds = {path: kind_of(path, model.modality_) for path in found.files}
    media = [path for path in found.files if kinds[path] == "media"]
    earlier = {entry.name: entry for entry in known}
    size = settings.part_rows or _FILES

    for path in found.files:
        if kinds[path] != "media":
            name = found.name(path)
            yield [path], _entry(path, name, kinds[path], model, settings, earlier.get(name))

    for i in range(0, len(media), size):
        group = media[i : i + size]
        names = [found.name(path) for path in group]
        yield group, _group(group, names)


def _entry(
    path: Path, name: str, kind: str, model: Any, settings: Settings, earlier: Input | None
) -> Input:
    state = state_of([path])

    if earlier is not None and (earlier.size, earlier.changed) == state:
        return earlier

    digest = digest_of(path)

    same = earlier is not None and (earlier.size, earlier.digest) == (state.size, digest)

    if earlier is not None and same and is_hashed_whole(state.size):
        return earlier._replace(changed=state.changed)

    try:
        parts, about = _DIVISIONS[kind](path, model, settings)
    except (ValueError, OSError, ArithmeticError, MemoryError) as error:
        reason = " ".join(str(error).split())
        reason = reason.removeprefix(f"cannot read '{path}': ").rstrip(".")
        return Input(name, kind, *state, digest, None, [], None, reason)

    stops = [part.stop for part in parts]
    rows = None if None in stops else max((stop for stop in stops if stop is not None), default=0)

    return Input(name, kind, *state, digest, rows, parts, about)


def _group(files: list[Path], names: list[str]) -> Input:
    state = state_of(files)
    digest = hashlib.blake2b(digest_size=16)

    for path, name in zip(files, names):
        digest.update(repr((name, *state_of([path]))).encode("utf-8", "surrogateescape"))

    name = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    part = Part(0, len(files))

    return Input(name, "media", *state, digest.hexdigest(), len(files), [part])


def _groups_of_rows(path: Path, model: Any, settings: Settings) -> _Division:
    with open_parquet(path) as file:
        about = file.metadata
        counts = [about.row_group(i).num_rows for i in range(about.num_row_groups)]
        columns_for(model, settings, column_names(file), file.schema_arrow)

    most = settings.part_rows or _ROWS
    parts: list[Part] = []
    start = begin = rows = 0

    for i, count in enumerate([*counts, most + 1]):
        if rows and rows + count > most:
            parts.append(Part(start, start + rows, begin, i))
            start, begin, rows = start + rows, i, 0

        rows += count

    return parts, None


def _rows_of_array(path: Path, model: Any, settings: Settings) -> _Division:
    if settings.id_column or settings.label_column:
        raise ValueError("a .npy file has no columns with names, such as those of ids and labels.")

    with path.open("rb") as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
        size = path.stat().st_size - file.tell()

    if dtype.hasobject:
        raise ValueError("it holds objects of Python, which are not read, as they could run code.")

    if size != dtype.itemsize * math.prod(shape):
        raise ValueError(
            f"it is truncated or damaged: its header announces an array of shape {shape}, and"
            f" {size:,} bytes follow."
        )

    if len(shape) < 2:
        raise ValueError(f"expected examples of shape (N, D) or more, got shape {shape}.")

    return _even(shape[0], settings), None


def _even(n: int, settings: Settings) -> list[Part]:
    most = settings.part_rows or _ROWS
    return [Part(i, min(i + most, n)) for i in range(0, n, most)]


def _ranges_of_lines(path: Path, model: Any, settings: Settings) -> _Division:
    suffix = table_suffix(path)
    is_table = suffix is not None and suffix not in (".jsonl", ".ndjson")
    most = settings.part_rows or _ROWS
    given = TableFormat()

    with unpacked(path) as plain:
        if plain.stat().st_size == 0:
            return [], None

        if is_table:
            known = fitted_format(model.modality_) or TableFormat()
            given = (TableFormat.of(settings.table) if settings.table else known).checked()
            layout = layout_of(plain, given)

        with plain.open("rb") as file:
            start = file.read(_EXAMINED_BYTES)
            head = end_of_head(file, layout.skip) if is_table else 0
            blank = suffix is None  # an empty line is a text, and no row of a table
            ranges = [*divide_lines(file, head, None, most, is_table, blank)]

        returns_alone = b"\r" in start and b"\n" not in start  # as on old Macs

        if not is_table or not (ranges or returns_alone):
            about = None
        else:
            columns_for(model, settings, [name for name in layout.names if name])
            reading = read_text(plain, given, file_kinds(model, settings), whole=False)
            about = {"format": reading.format.document(), "head": head}

            announce(path, reading)

            returns_alone |= layout.escaped or not layout.encoding.startswith(_EIGHT_BITS)

        if returns_alone:  # line breaks cannot be told apart
            return [Part(0, None, 0, None)], about

    if path.suffix.lower() == ".gz" and ranges:  # unpacked once, so that it is one part
        ranges = [ranges[0]._replace(stop=ranges[-1].stop, end=ranges[-1].end)]

    return [Part(*one) for one in ranges], about


def _whole(path: Path, model: Any, settings: Settings) -> _Division:
    if settings.id_column or settings.label_column:
        raise ValueError(
            "it is not divided into rows, so that it has no ids and labels: write it as .parquet."
        )

    return [Part(0, None)], None


_DIVISIONS = {
    "parquet": _groups_of_rows,
    "array": _rows_of_array,
    "text": _ranges_of_lines,
    "whole": _whole,
}
