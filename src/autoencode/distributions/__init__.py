r"""Families of distributions, and distributions that torch lacks.

- `base`: the abstract family, from raw network outputs to a distribution
- `gaussian`, `dirac`: the most common families of independent elements
- `elementwise/`: binary values, fractions, gray levels, angles, numbers with outliers
- `counts/`: counts, with totals of examples as size factors
- `homoscedastic`, `gaussian_mixture`: faster versions of torch's distributions
- `censored`: normal scores that are known only up to an interval
- `wrapping/`: families around another one, such as for examples with missing numbers
- `mixed`: rows of numbers and categories with missing cells
- `autoregressive`: token sequences
- `codes/`: posteriors whose units depend on each other: flows, sparse, quantized and others
- `divergences`: the Kullback-Leibler divergence; `log_gamma`: differences of log-gamma functions
"""

__all__ = [
    "RESOLUTION",
    "Autoregressive",
    "AutoregressiveDistribution",
    "BatchTopK",
    "Bernoulli",
    "Beta",
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
    "MixtureOfLogistics",
    "Multinomial",
    "NegativeBinomial",
    "Observed",
    "ObservedNumbers",
    "PlanarFlow",
    "PointMass",
    "Poisson",
    "PowerSpherical",
    "ProductQuantizer",
    "QuantizedPoint",
    "RadialFlow",
    "ResidualQuantizer",
    "SharedGaussian",
    "SizeFactor",
    "Sized",
    "SplineFlow",
    "StraightThroughBernoulli",
    "StudentT",
    "TopK",
    "VectorQuantizer",
    "VonMises",
    "WeightedMixtures",
    "WrappedNormal",
    "ZeroInflated",
    "kl_divergence",
]

from .autoregressive import Autoregressive, AutoregressiveDistribution
from .base import RESOLUTION, Family
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
    RadialFlow,
    ResidualQuantizer,
    SplineFlow,
    StraightThroughBernoulli,
    TopK,
    VectorQuantizer,
    WrappedNormal,
)
from .counts import Multinomial, NegativeBinomial, Poisson, Sized, SizeFactor, ZeroInflated
from .dirac import Dirac, PointMass
from .divergences import kl_divergence
from .elementwise import (
    Bernoulli,
    Beta,
    ContinuousBernoulli,
    DiscretizedLogistic,
    Laplace,
    Logistic256,
    MixtureOfLogistics,
    StudentT,
    VonMises,
)
from .gaussian import DiagonalGaussian, FixedGaussian, Gaussian, SharedGaussian
from .gaussian_mixture import GaussianMixture, WeightedMixtures
from .homoscedastic import Homoscedastic
from .mixed import MixedColumns, MixedRow
from .wrapping import Observed, ObservedNumbers
