r"""Pictures of data, codes, manifolds and training.

Each function returns a :class:`matplotlib.figure.Figure`, made without pyplot: nothing global
is touched and no screen is needed. A notebook shows it; `figure.savefig("codes.png")` writes it.
"""

__all__ = [
    "COLORS",
    "codes",
    "dimension",
    "geodesics",
    "graph",
    "grid",
    "history",
    "manifold",
    "reconstructions",
    "samples",
    "tangents",
]

from .codes import codes
from .dimension import dimension
from .history import history
from .latent_grid import grid
from .manifold import manifold
from .neighbor_graph import graph
from .reconstructions import reconstructions, samples
from .style import COLORS
from .traversals import geodesics, tangents
