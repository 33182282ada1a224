r"""Families of counts, with totals of examples as size factors.

- `poisson`, `negative_binomial`: counts of independent elements
- `zero_inflated`: more zeros than another family has
- `sizes`: totals of examples as factors of the means
- `multinomial`: counts of one example given their total
"""

__all__ = [
    "Multinomial",
    "NegativeBinomial",
    "Poisson",
    "SizeFactor",
    "Sized",
    "ZeroInflated",
]

from .multinomial import Multinomial
from .negative_binomial import NegativeBinomial
from .poisson import Poisson
from .sizes import Sized, SizeFactor
from .zero_inflated import ZeroInflated
