r"""Families of distributions, and distributions that torch lacks."""

__all__ = [
    "RESOLUTION",
    "Autoregressive",
    "Bernoulli",
    "Censored",
    "CensoredGaussian",
    "ContinuousBernoulli",
    "DiagonalGaussian",
    "Dirac",
    "DiscretizedLogistic",
    "Family",
    "FixedGaussian",
    "Gaussian",
    "GaussianMixture",
    "Homoscedastic",
    "Intervals",
    "Logistic256",
    "Mixed",
    "MixedCells",
    "PointMass",
    "Sequences",
    "SharedGaussian",
    "kl_divergence",
]

from .autoregressive import Autoregressive, Sequences
from .censored import Censored, CensoredGaussian, Intervals
from .dirac import Dirac, PointMass
from .divergences import kl_divergence
from .family import (
    RESOLUTION,
    Bernoulli,
    ContinuousBernoulli,
    DiagonalGaussian,
    Family,
    FixedGaussian,
    Gaussian,
    SharedGaussian,
)
from .gaussian_mixture import GaussianMixture
from .homoscedastic import Homoscedastic
from .logistic import DiscretizedLogistic, Logistic256
from .mixed import Mixed, MixedCells
