r"""A model and its examples, as the explorer sees them.

- `codes`: the codes of all examples, in memory or in a file
- `conditions`: labels and numbers that a conditional model is given
- `nearest`: the nearest examples of a code, and usual distances
- `columns`: labels and other values that color examples
- `units`: the units of the code in the order of their rates
- `session`: all of this, together
"""

__all__ = ["Session"]

from .session import Session
