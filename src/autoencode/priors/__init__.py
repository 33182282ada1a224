r"""Priors :math:`p(z)` of the code.

- `base`: `Prior`, the interface
- `standard_normal`: the unit Gaussian
- `mixture`: a Gaussian mixture that is fitted to the codes after the training
- `reference`: the distribution that belongs to the space of the codes
- `vamp`: a mixture of posteriors of learned pseudo-inputs
- `maximization`, `selection`: its fit by expectation maximization; the choice of its size
"""

__all__ = ["Mixture", "Prior", "Reference", "StandardNormal", "VampPrior"]

from .base import Prior
from .mixture import Mixture
from .reference import Reference
from .standard_normal import StandardNormal
from .vamp import VampPrior
