r"""Priors whose components are posteriors of examples, learned with the model.

- `inputs`: the abstract prior that encodes inputs of its own
- `exemplar`: Gaussians around the codes of training examples
- `vamp`: a mixture of posteriors of learned pseudo-inputs
"""

__all__ = ["ExemplarPrior", "VampPrior"]

from .exemplar import ExemplarPrior
from .vamp import VampPrior
