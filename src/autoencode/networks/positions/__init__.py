r"""Networks whose codes have positions, in images or in time, for examples of any size.

- `frequencies`: cosine transforms of squares of pixels and of frames
- `fully_convolutional`: residual convolutions whose code is a map
- `temporal`: dilated convolutions whose code has a position for each stretch of time
"""

__all__ = ["FullyConvolutional", "TemporalConvolutional"]

from .fully_convolutional import FullyConvolutional
from .temporal import TemporalConvolutional
