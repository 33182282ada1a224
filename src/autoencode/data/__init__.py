r"""Where examples live: files in, minibatches out."""

__all__ = [
    "Batches",
    "Examples",
    "Files",
    "Names",
    "TableFormat",
    "as_files",
    "at_once",
    "cache_folder",
    "can_read_frame",
    "chunks",
    "collected",
    "found_format",
    "holds_frame",
    "is_frame",
    "is_image",
    "is_numbers",
    "is_stream",
    "names_of",
    "native",
    "on_disk",
    "place",
    "read_array",
    "read_frame",
    "read_frames",
    "read_images",
    "read_sounds",
    "read_stream",
    "read_table",
    "stored_by_row",
    "summarize",
    "table_files",
    "table_suffix",
    "telling_apart",
    "to_pandas",
    "write_frame",
]

from .arrays import read_array
from .batches import Batches, Examples, at_once
from .cache import cache_folder
from .disk_arrays import chunks, native, on_disk
from .listing import Files, Names, as_files
from .media.audio import read_sounds
from .media.images import is_image, read_images
from .streams import is_stream, read_stream, stored_by_row
from .tabular.doubts import found_format
from .tabular.formats import TableFormat, table_suffix
from .tabular.frames import (
    can_read_frame,
    holds_frame,
    is_frame,
    is_numbers,
    names_of,
    place,
    read_frame,
    read_frames,
    read_table,
    table_files,
    write_frame,
)
from .tabular.libraries import collected, to_pandas
from .tabular.summaries import summarize, telling_apart
