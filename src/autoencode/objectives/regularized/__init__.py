r"""Reconstruction with a penalty on codes or decoder, or from quantized codes.

- `code_norm`: `RAE`, the regularized autoencoder
- `sparse`: `Sparse`, codes with few active units
- `sparse_coding`: `SparseCoding`, sparse codes with an auxiliary loss for dead units
- `isometric`: `Isometric`, a decoder that keeps angles and relative lengths
- `quantized`: `VQ`, codes that are entries of a codebook
- `topological`: `Topological`, codes that keep the connectedness of the data
"""

__all__ = ["RAE", "VQ", "Isometric", "Sparse", "SparseCoding", "Topological"]

from .code_norm import RAE
from .isometric import Isometric
from .quantized import VQ
from .sparse import Sparse
from .sparse_coding import SparseCoding
from .topological import Topological
