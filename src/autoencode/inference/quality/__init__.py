r"""Quality of a trained model on held-out examples.

- `measures`: density, codes, reconstructions and new examples
- `sentences`: sentences about them
"""

__all__ = ["Evaluation", "measure_quality"]

from .measures import Evaluation, measure_quality
