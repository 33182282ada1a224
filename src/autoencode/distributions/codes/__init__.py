r"""Families of codes whose units depend on each other: posteriors, not likelihoods.

- `gaussians`: `FullGaussian`, normal distributions with a full covariance, and `DeltaGaussian`,
  with a minimum rate
- `top_k`: `TopK` and `BatchTopK`, a fixed number of active units for each example, or on average
- `power_spherical`: `PowerSpherical`, directions on the unit sphere
- `flows/`: normalizing flows: `PlanarFlow`, `RadialFlow`, `InverseAutoregressiveFlow` and
  `SplineFlow`
- `wrapped_normal`: `WrappedNormal`, points of hyperbolic space
- `gumbel_softmax`: `GumbelSoftmax`, categories
- `straight_through`: `StraightThroughBernoulli`, binary codes
- `jump_relu`: `JumpReLU`, a learned threshold for each unit
- `codebook`: tables of entries, learned by moving averages
- `grouping`: groups of units that are replaced by an entry of a codebook
- `vector_quantizers`: `VectorQuantizer`, the nearest entry; `ResidualQuantizer`, a sum of entries
- `product_quantizer`: `ProductQuantizer`, a codebook for each group of units
- `lookup_free`: `LookupFreeQuantizer`, signs
- `scalar_quantizer`: `FiniteScalarQuantizer`, a fixed grid
"""

__all__ = [
    "BatchTopK",
    "DeltaGaussian",
    "FiniteScalarQuantizer",
    "FullGaussian",
    "GumbelSoftmax",
    "InverseAutoregressiveFlow",
    "JumpReLU",
    "LookupFreeQuantizer",
    "PlanarFlow",
    "PowerSpherical",
    "ProductQuantizer",
    "QuantizedPoint",
    "RadialFlow",
    "ResidualQuantizer",
    "SplineFlow",
    "StraightThroughBernoulli",
    "TopK",
    "VectorQuantizer",
    "WrappedNormal",
]

from .codebook import QuantizedPoint
from .flows import InverseAutoregressiveFlow, PlanarFlow, RadialFlow, SplineFlow
from .gaussians import DeltaGaussian, FullGaussian
from .gumbel_softmax import GumbelSoftmax
from .jump_relu import JumpReLU
from .lookup_free import LookupFreeQuantizer
from .power_spherical import PowerSpherical
from .product_quantizer import ProductQuantizer
from .scalar_quantizer import FiniteScalarQuantizer
from .straight_through import StraightThroughBernoulli
from .top_k import BatchTopK, TopK
from .vector_quantizers import ResidualQuantizer, VectorQuantizer
from .wrapped_normal import WrappedNormal
