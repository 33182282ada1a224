r"""Networks around others, which see other numbers or have other weights.

- `base`: the settings and codes of the other network
- `incomplete`: numbers of which some are missing
- `transformed`: counts, as logarithms or as a direction
- `spectral`: decoders whose weights have spectral norm one
"""

__all__ = ["Incomplete", "SpectralNorm", "TransformedInput"]

from .incomplete import Incomplete
from .spectral import SpectralNorm
from .transformed import TransformedInput
