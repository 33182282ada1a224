r"""Priors whose components are posteriors of examples, learned with the model.

- `vamp`: a mixture of posteriors of learned pseudo-inputs
"""

__all__ = ["VampPrior"]

from .vamp import VampPrior
