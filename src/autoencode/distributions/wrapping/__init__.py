r"""Families around another family.

- `family`: the abstract family, with the properties of the inner one
- `observed`: examples with missing numbers
"""

__all__ = ["Observed", "ObservedNumbers", "WrappingFamily"]

from .family import WrappingFamily
from .observed import Observed, ObservedNumbers
