r"""Families of normal noise that invertible steps transform.

- `steps`: the interface of a step, the affine one, and the distribution of transformed noise
- `planar`: `PlanarFlow`, steps whose parameters are outputs of the encoder
- `masked`: steps whose parameters depend on the units before, by a masked network
- `splines`: monotonic splines of each unit
- `autoregressive`: `InverseAutoregressiveFlow` and `SplineFlow`
"""

__all__ = ["InverseAutoregressiveFlow", "PlanarFlow", "SplineFlow"]

from .autoregressive import InverseAutoregressiveFlow, SplineFlow
from .planar import PlanarFlow
