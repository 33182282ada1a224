r"""Where examples live: files in, minibatches out."""

__all__ = ["Batches", "Examples", "read_array", "read_images"]

from .batches import Batches, Examples
from .folders import read_images
from .sources import read_array
