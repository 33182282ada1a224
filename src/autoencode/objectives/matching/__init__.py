r"""Objectives that match the codes of all examples together to the prior.

- `mmd`: `WAE` and `InfoVAE`, by the maximum mean discrepancy
- `transport`: `SlicedWAE` and `SinkhornAE`, by distances of optimal transport
- `adversarial`: `AAE`, by a discriminator of codes
- `vae_gan`: `VAEGAN`, by a discriminator of examples
"""

__all__ = ["AAE", "VAEGAN", "WAE", "InfoVAE", "SinkhornAE", "SlicedWAE"]

from .adversarial import AAE
from .mmd import WAE, InfoVAE
from .transport import SinkhornAE, SlicedWAE
from .vae_gan import VAEGAN
