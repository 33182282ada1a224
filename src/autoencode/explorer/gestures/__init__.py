r"""Answers to what a user does on the page.

- `coloring`: scores and labels that color the map
- `entries`: examples of the data with names and labels, and small pictures of many
- `opening`: the description of the session
- `mapping`: points, densities and colors of a map
- `decoding`: examples of codes, and grids of them
- `files`: walks and selections as files
- `walks`: examples between two others
- `choosing`, `comparing`: selections; their traits, and differences between two
- `lookup`: files and texts of the user, encoded, placed and scored
- `diagnosing`: loss curves, findings, and samples beside real examples
"""

__all__ = ["ENDPOINTS"]

from . import (
    choosing,
    comparing,
    decoding,
    diagnosing,
    entries,
    lookup,
    mapping,
    opening,
    walks,
)

ENDPOINTS = (
    *opening.ENDPOINTS,
    *mapping.ENDPOINTS,
    *entries.ENDPOINTS,
    *decoding.ENDPOINTS,
    *walks.ENDPOINTS,
    *choosing.ENDPOINTS,
    *comparing.ENDPOINTS,
    *lookup.ENDPOINTS,
    *diagnosing.ENDPOINTS,
)
