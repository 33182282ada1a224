r"""Families of codes whose units depend on each other: posteriors, not likelihoods.

- `full_gaussian`: `FullGaussian`, normal distributions with a covariance
- `top_k`: `TopK` and `BatchTopK`, a number of active units for each example, or on average
- `jump_relu`: `JumpReLU`, a learned threshold for each unit
- `codebook`: tables of entries, learned by moving averages
- `vector_quantizers`: `VectorQuantizer`, the nearest entry; `ResidualQuantizer`, a sum of entries
- `scalar_quantizer`: `FiniteScalarQuantizer`, a fixed grid
"""

__all__ = [
    "BatchTopK",
    "FiniteScalarQuantizer",
    "FullGaussian",
    "JumpReLU",
    "QuantizedPoint",
    "ResidualQuantizer",
    "TopK",
    "VectorQuantizer",
]

from .codebook import QuantizedPoint
from .full_gaussian import FullGaussian
from .jump_relu import JumpReLU
from .scalar_quantizer import FiniteScalarQuantizer
from .top_k import BatchTopK, TopK
from .vector_quantizers import ResidualQuantizer, VectorQuantizer
