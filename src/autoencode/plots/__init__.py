r"""Pictures of data, codes, manifolds and training.

Each function returns a :class:`matplotlib.figure.Figure`, made without pyplot: nothing global
is touched and no screen is needed. A notebook shows it; `figure.savefig("codes.png")` writes it.
"""

__all__ = [
    "COLOURS",
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

from .curves import history
from .examples import reconstructions, samples
from .graphs import graph
from .grids import grid
from .maps import codes
from .planes import manifold
from .scales import dimension
from .strips import geodesics, tangents
from .style import COLOURS
