r"""Priors :math:`p(z)` of the code.

- `base`: `Prior`, the interface
- `standard_normal`: the unit Gaussian
- `reference`: the natural distribution of codes on a sphere and other spaces
- `fitted`: mixtures and kernels, fitted to the codes after the training
- `learned`: mixtures of posteriors, learned with the model
- `best`: the choice among priors by held-out codes
- `neural`: flows, mixtures, a transformer and a prior over time, trained by gradient descent
"""

__all__ = [
    "AutoregressivePrior",
    "BestPrior",
    "ConditionalMixture",
    "ExemplarPrior",
    "FlowPrior",
    "KernelDensity",
    "LearnedMixture",
    "Mixture",
    "Prior",
    "Reference",
    "StandardNormal",
    "TransformerPrior",
    "TwoStagePrior",
    "VampPrior",
]

from .base import Prior
from .best import BestPrior
from .fitted import ConditionalMixture, KernelDensity, Mixture
from .learned import ExemplarPrior, VampPrior
from .neural import (
    AutoregressivePrior,
    FlowPrior,
    LearnedMixture,
    TransformerPrior,
    TwoStagePrior,
)
from .reference import Reference
from .standard_normal import StandardNormal
