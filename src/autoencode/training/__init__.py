r"""The training of a model, from the start to the last epoch.

- `trainer`: `Training`, the loop; `Solver`, its interface; `EpochRecord`, a record of one epoch
- `state`: the training state that checkpoints store and `roll_back` restores
- `step`, `update`: the loss of one minibatch; the optimization step, eager or compiled
- `adamw`, `schedule`: the optimizer; learning rates and time budgets
- `buffers`: buffers that change within a step, restored where the step is skipped
- `checkpoints`, `monitors`: exact resume on disk; progress bar, TensorBoard and Ctrl-C
- `factor_analysis`, `linear_start`: the best linear model, and the start of a training at it
- `least_squares`: linear autoencoders in closed form
- `diagnosis`: visible failures of a finished training
"""

__all__ = ["EpochRecord", "LeastSquares", "Solver", "Training", "TrainingDefaults"]

from .least_squares import LeastSquares
from .trainer import EpochRecord, Solver, Training, TrainingDefaults
