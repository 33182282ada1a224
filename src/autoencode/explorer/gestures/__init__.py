r"""Answers to what a user does on the page.

- `entries`: examples of the data with names and labels, and small pictures of many
- `coloring`: scores and labels that color the map
- `opening`: the description of the session
- `mapping`: points, densities and colors of a map
- `decoding`: examples of codes, grids of them
"""

__all__ = ["ENDPOINTS"]

from . import decoding, entries, mapping, opening

ENDPOINTS = (
    *opening.ENDPOINTS,
    *mapping.ENDPOINTS,
    *entries.ENDPOINTS,
    *decoding.ENDPOINTS,
)
