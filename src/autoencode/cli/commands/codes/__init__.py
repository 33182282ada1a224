r"""Commands that encode examples.

- `transform`: codes
- `compress`: compressed files, from which examples come back unchanged
"""

__all__ = ["compress", "decompress", "transform"]

from .compress import compress, decompress
from .transform import transform
