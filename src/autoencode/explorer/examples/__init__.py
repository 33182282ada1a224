r"""Examples as the page shows them.

- `pictures`: pictures as files in text
- `waves`: waveforms as files in text, with their outlines
- `shown`: examples of every kind of data as JSON
- `atlas`: many small pictures in one
"""

__all__ = ["EXAMPLE", "atlas", "describe_kind", "kind_of", "shown"]

from .atlas import atlas
from .shown import EXAMPLE, describe_kind, kind_of, shown
