r"""Diagnosis of a trained model: findings in sentences, the most serious first.

- `diagnose`: all checks of a model and its data
- `finding`: `Finding` and `Diagnosis`, the results
- `subject`: the model with samples of its training data and of new data
- `training`: failures that the records of the training show
- `learning_rate`: a trial of another learning rate
- `codes`: codes that carry too little, or lie where the prior does not
- `detail`: detail of reconstructed images
- `tails`: tails of residuals
- `reconstructions`: reconstructions of training examples and of new ones
- `new_examples`: new examples, and the prior that they are drawn from
- `data`: columns and rows that mislead a model or its evaluation
"""

__all__ = ["Diagnosis", "Finding", "diagnose"]

from .diagnose import diagnose
from .finding import Diagnosis, Finding
