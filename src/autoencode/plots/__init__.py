r"""Pictures of data, codes, manifolds and training.

Each function returns a :class:`matplotlib.figure.Figure`. Figures are made without pyplot: no
global state changes, and no screen is needed. A notebook shows the figure;
`figure.savefig("codes.png")` writes it.

`spaces/` draws codes, graphs, manifolds and grids of codes; `reconstructions`,
`latent_traversals` and `manifold_traversals` draw examples; `history`, `dimension` and
`comparison` draw curves; `series` draws anomalies of series, and what comes after their end.
`mosaic` lays out images, `tables` draws rows of a table, `style` holds colors and axes, and
`checks` checks arguments.
"""

__all__ = [
    "COLORS",
    "codes",
    "comparison",
    "dimension",
    "forecast",
    "geodesics",
    "graph",
    "grid",
    "history",
    "intervals",
    "manifold",
    "reconstructions",
    "samples",
    "tangents",
    "traversals",
]

from .comparison import comparison
from .dimension import dimension
from .history import history
from .latent_traversals import traversals
from .manifold_traversals import geodesics, tangents
from .reconstructions import reconstructions, samples
from .series import forecast, intervals
from .spaces import codes, graph, grid, manifold
from .style import COLORS
