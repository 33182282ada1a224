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

from .batches import Batches, Examples, at_once
from .cache import cache_folder
from .doubts import found_format
from .files import chunks, native, on_disk
from .folders import is_image, read_images
from .formats import TableFormat, table_suffix
from .frames import (
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
from .libraries import collected, to_pandas
from .listing import Files, Names, as_files
from .sounds import read_sounds
from .sources import read_array
from .streams import is_stream, read_stream, stored_by_row
from .summaries import summarize, telling_apart
