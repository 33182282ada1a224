r"""Pictures of spaces: codes, the manifold, and the data between codes.

- `codes`: codes as points, in two dimensions or projected to them
- `neighbor_graph`: a graph of neighbors over the codes
- `manifold`: two-dimensional data with tangent planes and their density
- `latent_grid`: examples decoded from a grid of codes
"""

__all__ = ["codes", "graph", "grid", "manifold"]

from .codes import codes
from .latent_grid import grid
from .manifold import manifold
from .neighbor_graph import graph
