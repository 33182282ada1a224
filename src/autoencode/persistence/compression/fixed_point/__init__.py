r"""Arithmetic with the same results on every machine.

The order of additions in a matrix product depends on the processor, the number of threads and the
size of the batch, and so does its rounding error. Functions such as `exp` depend on the library of
the system. Bits-back coding breaks at the first differing bit: the reader must find the numbers of
the writer. Here, all results follow from the rules of IEEE 754 for single operations.

- `functions`: exponentials, logarithms and normal distributions from sums, products and quotients
- `sums`: sums and products of matrices that are exact, so that no order matters
- `operations`: `FixedPoint`, under which the networks of torch compute in this way
"""

__all__ = ["FixedPoint", "UnsupportedOperationError"]

from .operations import FixedPoint, UnsupportedOperationError
