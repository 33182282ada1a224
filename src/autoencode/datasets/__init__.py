r"""Data sets for examples and benchmarks; nothing is downloaded.

- `images`: digits and clothes, from scikit-learn and from files at hand
- `recorded`: the membrane potential of a nerve cell, from matplotlib
- `synthetic`: drum sounds, and numbers in words
"""

__all__ = [
    "digits",
    "drums",
    "fashion_mnist",
    "idx",
    "membrane_potential",
    "mnist",
    "number_words",
]

from .images import digits, fashion_mnist, idx, mnist
from .recorded import membrane_potential
from .synthetic import drums, number_words
