r"""The resolved choices of a fit, and the model that they describe.

- `blueprint`: `Blueprint`, one frozen value that holds every choice and builds the model
- `choices`: choices that follow from others, if the user leaves them open
- `code_size`: the size of the code, if the user leaves it open
- `arguments`: type checks of the estimator's arguments
- `checks`: checks of arguments against each other and against the data
- `resumption`: the checkpoint from which a training is resumed
"""

__all__ = ["Blueprint"]

from .blueprint import Blueprint
