r"""Training state that can be saved and restored.

- `records`: `EpochRecord`, the losses and other measurements of an epoch
- `train_state`: `TrainState`: steps, epochs, rolling back, and the state dictionary
- `documents`, `generators`: checks of checkpoints; the state of random generators
- `divergence`: causes of a loss that does not stay finite
"""

__all__ = ["EpochRecord", "TrainState"]

from .records import EpochRecord
from .train_state import TrainState
