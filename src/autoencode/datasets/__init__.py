r"""Data sets for examples and benchmarks; nothing is downloaded.

- `images`: digits and clothes, from scikit-learn and from files at hand
- `synthetic`: drum sounds, and numbers in words
"""

__all__ = ["digits", "drums", "fashion_mnist", "idx", "mnist", "number_words"]

from .images import digits, fashion_mnist, idx, mnist
from .synthetic import drums, number_words
