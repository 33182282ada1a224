r"""Priors :math:`p(z)` of the code.

- `base`: `Prior`, the interface
- `standard_normal`: the unit Gaussian
- `reference`: the natural distribution of codes on a sphere and other spaces
- `fitted`: mixtures and kernels, fitted to the codes after the training
- `learned`: mixtures of posteriors, learned with the model
- `neural`: flows, mixtures and a transformer, trained by gradient descent
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
