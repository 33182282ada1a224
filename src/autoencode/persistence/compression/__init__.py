r"""Lossless compression of examples by a trained model: bits-back coding.

The writer takes the bits that choose a code :math:`z \sim q(z \mid x)` from those already written,
adds the example under :math:`p(x \mid z)`, and the code under :math:`p(z)`. The file grows by

.. math:: \log q(z \mid x) - \log p(x \mid z) - \log p(z),

whose mean is minus the evidence lower bound. The reader does the reverse, and gives the bits back.

References:
    | Keeping Neural Networks Simple by Minimizing the Description Length of the Weights (Hinton &
      van Camp, 1993)
    | https://doi.org/10.1145/168304.168306

    | Practical Lossless Compression with Latent Variables using Bits Back Coding (Townsend et al.,
      2019)
    | https://arxiv.org/abs/1901.04866

- `fixed_point/`: arithmetic with the same results on every machine
- `stack`, `digits`: bits on a stack; whole numbers on it
- `lattices`, `likelihoods`: cells of numbers, and their probabilities
- `codes`: codes under posterior and prior
- `contents/`: examples as symbols on the stack
- `forms/`: arrays, texts and frames, and what symbols cannot express
- `codec`: a model that writes and reads blocks of examples
- `layout`: the bytes of a file
- `sections`, `files`: examples with a stack of their own, and files of many of them
"""

__all__ = ["Codec", "Summary", "check_installed", "read_parts", "write_parts"]

from .codec import Codec
from .files import Summary, read_parts, write_parts
from .stack import check_installed
