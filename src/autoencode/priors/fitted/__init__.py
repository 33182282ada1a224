r"""Priors that are fitted to the codes after the training, by means of statistics.

- `codes`: the codes that they are fitted to
- `mixture`: `Mixture` of Gaussians, with `maximization`, its fit, and `selection`, its choice
- `conditional_mixture`: `ConditionalMixture`, the same for each label of a conditional model
- `kernels`: `KernelDensity`, a small Gaussian at each code
"""

__all__ = ["ConditionalMixture", "KernelDensity", "Mixture"]

from .conditional_mixture import ConditionalMixture
from .kernels import KernelDensity
from .mixture import Mixture
