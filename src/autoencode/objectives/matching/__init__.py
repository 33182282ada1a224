r"""Objectives that match the codes of all examples together to the prior.

- `mmd`: `WAE` and `InfoVAE`, by the maximum mean discrepancy
- `transport`: `SlicedWAE` and `SinkhornAE`, by distances of optimal transport
- `adversarial`: `AAE`, by a discriminator
"""

__all__ = ["AAE", "WAE", "InfoVAE", "SinkhornAE", "SlicedWAE"]

from .adversarial import AAE
from .mmd import WAE, InfoVAE
from .transport import SinkhornAE, SlicedWAE
