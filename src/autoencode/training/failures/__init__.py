r"""Visible failures of a finished training: the measurements behind the warnings.

The measurements come from the records of the training and from a few hundred examples. The texts
of the warnings are in :mod:`autoencode.common.failures`.

- `search`: `find_failures`, all checks of a finished training
- `scores`: codes, losses and log-likelihoods of some examples
- `baselines`: one distribution for all examples, which a model should beat
- `far_examples`: examples that determine the scales or the loss
"""

__all__ = ["find_failures"]

from .search import find_failures
