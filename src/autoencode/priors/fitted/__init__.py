r"""Priors that are fitted to the codes after the training, by means of statistics.

- `codes`: the codes that they are fitted to
- `mixture`: `Mixture` of Gaussians, with `maximization`, its fit, and `selection`, its choice
- `kernels`: `KernelDensity`, a small Gaussian at each code
"""

__all__ = ["KernelDensity", "Mixture"]

from .kernels import KernelDensity
from .mixture import Mixture
