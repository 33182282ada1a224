r"""Families of distributions, and distributions that torch lacks."""

__all__ = [
    "Autoregressive",
    "Bernoulli",
    "ContinuousBernoulli",
    "Dirac",
    "DiscretizedLogistic",
    "Family",
    "FixedGaussian",
    "Gaussian",
    "Isotropic",
    "Logistic256",
    "Mixed",
    "MixedCells",
    "PointMass",
    "Sequences",
    "SharedGaussian",
    "kl_divergence",
]

from .dirac import Dirac, PointMass
from .divergences import kl_divergence
from .family import (
    Bernoulli,
    ContinuousBernoulli,
    Family,
    FixedGaussian,
    Gaussian,
    SharedGaussian,
)
from .images import DiscretizedLogistic, Logistic256
from .isotropic import Isotropic
from .mixed import Mixed, MixedCells
from .sequences import Autoregressive, Sequences
