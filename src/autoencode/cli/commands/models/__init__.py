r"""Commands about model files.

- `describe`: description of a model; the list of recipes
- `export`: a model as a file that runs without this library
"""

__all__ = ["export", "info", "recipes"]

from .describe import info, recipes
from .export import export
