r"""Training state that can be saved and restored.

- `records`: `EpochRecord`, the losses and other measurements of an epoch
- `train_state`: `TrainState`: steps, epochs, rolling back, and the state dictionary
- `documents`, `generators`: checks of checkpoints; the state of random generators
- `resume_settings`: what must be the same for an exact continuation
- `divergence`: causes of a loss that does not stay finite
"""

__all__ = ["EpochRecord", "TrainState"]

from .records import EpochRecord
from .train_state import TrainState
