r"""Comparison of models and classical methods on held-out data.

- `held_out`: `compare`, every method at every code size, fold by fold
- `trials`: the fits, within a budget of time, with their measures and failures
- `methods`: the methods that can be compared, by name or as objects
- `rows`: examples as rows of numbers, for methods that know no other kind of data
- `measures`: error, neighbors kept, and accuracy of a probe on held-out examples
- `intervals`: intervals of differences over folds that share training data
- `race`: the choice of what to try next when time is short
- `recommendation`: the method and the code size to use, in a sentence
- `result`: the table and the picture
"""

__all__ = ["Comparison", "Row", "compare"]

from .held_out import compare
from .result import Comparison, Row
