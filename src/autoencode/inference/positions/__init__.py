r"""Codes with positions, of examples of any size.

- `maps`: codes that are maps, and errors of pixels, of images of any size
- `over_time`: codes over time, and new series and sounds of any length
"""

__all__ = ["maps", "over_time"]

from . import maps, over_time
