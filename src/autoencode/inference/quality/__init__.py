r"""Quality of a trained model on held-out examples.

- `evaluation`: `Evaluation`, the result
- `task`: what is measured, and the result of one part
- `terms`: the terms of the loss
- `density`, `codes`, `reconstructions`, `columns`, `new_examples`, `new_rows`, `imputed`: parts
- `measures`: all parts
- `sentences`: sentences about them
"""

__all__ = ["Evaluation", "Task", "measure_quality", "measure_terms"]

from .evaluation import Evaluation
from .measures import measure_quality
from .task import Task
from .terms import measure_terms
