r"""Data: files in, minibatches out.

- `media`, `tabular`: readers of images, sounds, texts and tables; `arrays`: `.npy`, IDX and others
- `listing`: several files as one source; files that expand
- `labels`, `joining`: labels of files, and pairs of files, by name
- `streams`: examples that come one by one
- `disk_arrays`, `cache`, `resumable`: data larger than memory, prepared once
- `sparse_rows`: sparse matrices, of which the rows of a minibatch become dense
- `batches`: minibatches
- `encodings`, `remedies`: encodings of text; advice about files that cannot be read
"""

__all__ = [
    "Batches",
    "Examples",
    "Files",
    "Names",
    "TableFormat",
    "as_files",
    "cache_folder",
    "chunks",
    "collect_lazy",
    "found_format",
    "holds_frame",
    "identifier_warnings",
    "inference_batch_size",
    "is_frame",
    "is_frame_file",
    "is_image",
    "is_numbers",
    "is_stream",
    "line_end",
    "locate_cell",
    "names_of",
    "on_disk",
    "one_parse",
    "read_array",
    "read_frame",
    "read_frames",
    "read_images",
    "read_sounds",
    "read_stream",
    "read_table",
    "spelling_warnings",
    "stored_by_row",
    "summarize",
    "table_files",
    "table_suffix",
    "to_pandas",
    "write_frame",
]

from .arrays import read_array
from .batches import Batches, Examples, inference_batch_size
from .cache import cache_folder
from .disk_arrays import chunks, on_disk
from .listing.lists import as_files
from .listing.names import Names
from .listing.sources import Files
from .media.audio.folders import read_sounds
from .media.images import is_image, read_images
from .streams import is_stream, read_stream, stored_by_row
from .tabular.delimited import one_parse
from .tabular.doubts import found_format
from .tabular.formats import TableFormat, table_suffix
from .tabular.frames.detection import holds_frame, is_frame_file
from .tabular.frames.kinds import is_frame, is_numbers, names_of
from .tabular.frames.locations import locate_cell
from .tabular.frames.reading import read_frame
from .tabular.frames.several_files import read_frames, table_files
from .tabular.frames.tables import read_table
from .tabular.frames.writing import line_end, write_frame
from .tabular.libraries import collect_lazy, to_pandas
from .tabular.summaries import identifier_warnings, spelling_warnings, summarize
