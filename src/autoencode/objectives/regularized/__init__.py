r"""Reconstruction with a penalty on codes or decoder.

- `code_norm`: `RAE`, the regularized autoencoder
- `sparse`: `Sparse`, codes most of whose units are off
- `isometric`: `Isometric`, a decoder that keeps angles and relative lengths
- `topological`: `Topological`, codes that keep the connectedness of the data
"""

__all__ = ["RAE", "Isometric", "Sparse", "Topological"]

from .code_norm import RAE
from .isometric import Isometric
from .sparse import Sparse
from .topological import Topological
