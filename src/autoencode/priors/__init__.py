r"""Priors :math:`p(z)` of the code. Each name here is one file."""

__all__ = ["Mixture", "Prior", "StandardNormal", "VampPrior"]

from .base import Prior
from .mixture import Mixture
from .standard_normal import StandardNormal
from .vamp import VampPrior
