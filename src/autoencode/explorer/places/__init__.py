r"""Places of codes on maps with two axes.

- `maps`: two units, principal components and UMAP as maps
- `codes`: codes of places, with the other units filled in
- `views`: points and densities in a part of a map
"""

__all__ = ["MAP", "Map", "map_of"]

from .maps import MAP, Map, map_of
