r"""Normalizing flows: families of normal noise, transformed by invertible steps.

- `steps`: the interface of a step, the affine step, and the distribution of transformed noise;
  the abstract flow whose steps are outputs of the encoder
- `planar`: `PlanarFlow`, steps whose parameters are outputs of the encoder
- `radial`: `RadialFlow`, steps towards a center or away from it
- `masked`: steps whose parameters a masked network computes from the preceding units
- `splines`: monotonic splines of each unit
- `autoregressive`: `InverseAutoregressiveFlow` and `SplineFlow`
"""

__all__ = ["InverseAutoregressiveFlow", "PlanarFlow", "RadialFlow", "SplineFlow"]

from .autoregressive import InverseAutoregressiveFlow, SplineFlow
from .planar import PlanarFlow
from .radial import RadialFlow
