r"""Objectives whose codes have independent units.

- `total_correlation`: `BetaTCVAE`, the total correlation estimated within minibatches
- `factor`: `FactorVAE`, the total correlation estimated by a discriminator
- `pairs`: `AdaGVAE`, pairs of examples that share some factors
- `covariance`: `DIPVAE`, a penalty on the covariance of the codes
"""

__all__ = ["DIPVAE", "AdaGVAE", "BetaTCVAE", "FactorVAE"]

from .covariance import DIPVAE
from .factor import FactorVAE
from .pairs import AdaGVAE
from .total_correlation import BetaTCVAE
