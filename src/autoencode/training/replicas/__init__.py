r"""Training of copies of a model in several processes.

- `replica`: `Replica`, the loss of a minibatch whose work is divided among processes
- `update`: `SpreadUpdate`, an optimization step with the gradients of all processes
- `pulse`: `Pulse`, the time and the interrupts that all processes know of
- `memory`: whether the machine has memory for its copies of the model
"""

__all__ = ["Pulse", "Replica", "SpreadUpdate", "check_memory"]

from .memory import check_memory
from .pulse import Pulse
from .replica import Replica
from .update import SpreadUpdate
