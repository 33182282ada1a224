r"""Overlapping windows of long recordings and series, and whole recordings from windows.

- `cutting`: `Windows`, and `cut`, which makes them
- `stored`: windows in a file or in the cache, for data larger than memory
- `labels`: numbers and labels of windows
- `joining`: `join` and `pool`, back to whole recordings
"""

__all__ = [
    "Windows",
    "counts_of",
    "cut",
    "fade",
    "follow",
    "join",
    "overlap_of",
    "pool",
    "prepared",
    "spooled",
    "starts",
]

from .cutting import Windows, cut, starts
from .joining import fade, join, pool
from .labels import counts_of, follow, overlap_of
from .stored import prepared, spooled
