r"""Families of distributions, and distributions that torch lacks.

- `base`: the abstract family, from raw network outputs to a distribution
- `gaussian`, `bernoulli`, `logistic`, `dirac`: families of independent elements
- `homoscedastic`, `gaussian_mixture`: faster forms of distributions of torch
- `censored`: normal scores of which intervals are observed as one value
- `observed`: numbers of which some are missing
- `mixed`: rows of numbers and categories with missing cells
- `autoregressive`: token sequences
- `laplace`: Laplace distributions
- `codes/`: codes with a covariance, sparse ones, and entries of a finite table
- `divergences`: the Kullback-Leibler divergence
"""

__all__ = [
    "RESOLUTION",
    "Autoregressive",
    "AutoregressiveDistribution",
    "BatchTopK",
    "Bernoulli",
    "Censored",
    "CensoredGaussian",
    "ContinuousBernoulli",
    "DeltaGaussian",
    "DiagonalGaussian",
    "Dirac",
    "DiscretizedLogistic",
    "Family",
    "FiniteScalarQuantizer",
    "FixedGaussian",
    "FullGaussian",
    "Gaussian",
    "GaussianMixture",
    "GumbelSoftmax",
    "Homoscedastic",
    "Intervals",
    "InverseAutoregressiveFlow",
    "JumpReLU",
    "Laplace",
    "Logistic256",
    "LookupFreeQuantizer",
    "MixedColumns",
    "MixedRow",
    "Observed",
    "ObservedNumbers",
    "PlanarFlow",
    "PointMass",
    "PowerSpherical",
    "ProductQuantizer",
    "QuantizedPoint",
    "ResidualQuantizer",
    "SharedGaussian",
    "SplineFlow",
    "StraightThroughBernoulli",
    "TopK",
    "VectorQuantizer",
    "WrappedNormal",
    "kl_divergence",
]

from .autoregressive import Autoregressive, AutoregressiveDistribution
from .base import RESOLUTION, Family
from .bernoulli import Bernoulli, ContinuousBernoulli
from .censored import Censored, CensoredGaussian, Intervals
from .codes import (
    BatchTopK,
    DeltaGaussian,
    FiniteScalarQuantizer,
    FullGaussian,
    GumbelSoftmax,
    InverseAutoregressiveFlow,
    JumpReLU,
    LookupFreeQuantizer,
    PlanarFlow,
    PowerSpherical,
    ProductQuantizer,
    QuantizedPoint,
    ResidualQuantizer,
    SplineFlow,
    StraightThroughBernoulli,
    TopK,
    VectorQuantizer,
    WrappedNormal,
)
from .dirac import Dirac, PointMass
from .divergences import kl_divergence
from .gaussian import DiagonalGaussian, FixedGaussian, Gaussian, SharedGaussian
from .gaussian_mixture import GaussianMixture
from .homoscedastic import Homoscedastic
from .laplace import Laplace
from .logistic import DiscretizedLogistic, Logistic256
from .mixed import MixedColumns, MixedRow
from .observed import Observed, ObservedNumbers
