r"""Guesses of the layout of arrays. An array with two plausible readings is refused.

- `layout`: the layout of an array as a kind of data
- `types`: arrays that do not hold real numbers
- `images`: photographs, windows of sensors, maps of labels and channels
- `waves`: lists of arrays that may be sounds, series or rows
- `likeness`: measures of how much an array looks like images
- `remedies`: settings that decide between two readings
"""

__all__ = ["check_layout", "check_rows", "check_type", "looks_channels_first"]

from .images import looks_channels_first
from .layout import check_layout
from .types import check_type
from .waves import check_rows
