r"""Several processes that train one model together.

- `group`: `Processes`, those of this training, and what they agree on
- `shares`: `Share`, the rows of a minibatch that belong to a process
- `permutations`: `Permutation`, an order that each process computes where it needs it
- `draws`: `Draws`, the noise of a whole minibatch, of which each process keeps its rows
- `spreading`: networks that compute the rows of a process and return those of all
"""

__all__ = [
    "Draws",
    "Permutation",
    "Processes",
    "Share",
    "all_rows",
    "join",
    "only_first",
    "own_rows",
    "present",
    "spread",
]

from .draws import Draws
from .group import Processes, join, only_first, present
from .permutations import Permutation
from .shares import Share
from .spreading import all_rows, own_rows, spread
