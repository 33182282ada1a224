r"""Quality of a trained model on held-out examples.

- `measures`: density, codes, reconstructions and new examples
- `sentences`: sentences about them
"""

__all__ = ["Evaluation", "Examples", "measure_quality"]

from .measures import Evaluation, Examples, measure_quality
