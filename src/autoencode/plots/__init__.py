r"""Pictures of data, codes and training.

Each function returns a :class:`matplotlib.figure.Figure`, made without pyplot: nothing global
is touched and no screen is needed. A notebook shows it; `figure.savefig("codes.png")` writes it.
"""

__all__ = ["COLOURS", "codes", "grid", "history", "reconstructions", "samples"]

from .curves import history
from .examples import reconstructions, samples
from .grids import grid
from .maps import codes
from .style import COLOURS
