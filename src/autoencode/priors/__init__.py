r"""Priors :math:`p(z)` of the code.

- `base`: `Prior`, the interface
- `standard_normal`: the unit Gaussian
- `reference`: the distribution that belongs to the space of the codes
- `fitted`: mixtures and kernels, fitted to the codes after the training
- `learned`: mixtures of posteriors, learned with the model
- `neural`: flows, mixtures and a transformer, which follow the gradient
"""

__all__ = [
    "FlowPrior",
    "KernelDensity",
    "LearnedMixture",
    "Mixture",
    "Prior",
    "Reference",
    "StandardNormal",
    "TransformerPrior",
    "VampPrior",
]

from .base import Prior
from .fitted import KernelDensity, Mixture
from .learned import VampPrior
from .neural import FlowPrior, LearnedMixture, TransformerPrior
from .reference import Reference
from .standard_normal import StandardNormal
