r"""Bounds of the evidence other than the plain ELBO.

- `importance_weighted`: `IWAE`, `CIWAE` and `PIWAE`, bounds from several codes per example
- `hamiltonian`: `HVAE`, whose codes follow Hamiltonian dynamics
- `capacity`: `CapacityELBO`, a rate that is held at a rising target
"""

__all__ = ["CIWAE", "HVAE", "IWAE", "PIWAE", "CapacityELBO"]

from .capacity import CapacityELBO
from .hamiltonian import HVAE
from .importance_weighted import CIWAE, IWAE, PIWAE
