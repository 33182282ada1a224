r"""Where examples live: files in, minibatches out."""

__all__ = ["Batches", "Examples", "chunks", "native", "on_disk", "read_array", "read_images"]

from .batches import Batches, Examples
from .files import chunks, native, on_disk
from .folders import read_images
from .sources import read_array
