r"""The training of a model, from the start to the last epoch.

- `trainer`: `Training`, the loop; `solver`: `Solver`, the interface of training methods
- `choices`: batch size, epochs and held-out examples where the user leaves them open
- `state/`: the training state that checkpoints store and `roll_back` restores
- `step`, `update`: the loss of one minibatch; the optimization step, eager or compiled
- `adamw`, `schedule`: the optimizer; learning rates and time budgets
- `buffers`: buffers that change within a step, restored where the step is skipped
- `replicas/`: copies of the model in several processes, which share each minibatch
- `checkpoints`, `monitors`: exact resume on disk; progress bar, TensorBoard and Ctrl-C
- `linear/`: the best linear models in closed form, and the start of a training at them
- `failures/`: visible failures of a finished training
"""

__all__ = ["EpochRecord", "LeastSquares", "Solver", "Training", "TrainingDefaults"]

from .linear.least_squares import LeastSquares
from .solver import Solver, TrainingDefaults
from .state import EpochRecord
from .trainer import Training
