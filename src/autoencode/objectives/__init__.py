r"""Training objectives: functions of (model, input, target) to one loss per example.

- `base`: the abstract objective, and the loss it returns
- `reconstruction`: plain and denoising autoencoders
- `contractive`: reconstruction with a Jacobian penalty
- `elbo`: the evidence lower bound
"""

__all__ = ["ELBO", "Contractive", "Loss", "Objective", "Reconstruction"]

from .base import Loss, Objective
from .contractive import Contractive
from .elbo import ELBO
from .reconstruction import Reconstruction
