r"""Training of copies of a model in several processes.

- `group`: `Processes`, those of this training, and what they agree on
- `shares`: `Share`, the rows of a minibatch that belong to a process
- `draws`: `Draws`, the noise of a whole minibatch, of which each process keeps its rows
- `spreading`: networks that compute the rows of a process and return those of all
- `replica`: `Replica`, the loss of a minibatch whose work is divided among processes
- `update`: `SpreadUpdate`, an optimization step with the gradients of all processes
- `pulse`: `Pulse`, the time and the interrupts that all processes know of
- `memory`: whether the machine has memory for its copies of the model
"""

__all__ = [
    "Processes",
    "Pulse",
    "Replica",
    "SpreadUpdate",
    "check_memory",
    "join",
    "only_first",
    "present",
]

from .group import Processes, join, only_first, present
from .memory import check_memory
from .pulse import Pulse
from .replica import Replica
from .update import SpreadUpdate
