r"""Networks whose encoder sees other numbers than the likelihood scores.

- `incomplete`: numbers of which some are missing
- `transformed`: counts, as logarithms or as a direction
"""

__all__ = ["Incomplete", "TransformedInput"]

from .incomplete import Incomplete
from .transformed import TransformedInput
