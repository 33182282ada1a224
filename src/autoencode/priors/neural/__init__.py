r"""Priors with parameters that follow the gradient, learned with the model or after it.

- `ascent`: the fit to codes after the training
- `flow`: `FlowPrior`, noise that invertible steps transform
- `transformer`: `TransformerPrior`, indices of quantized codes, each given those before it
- `two_stage`: `TwoStagePrior`, a second variational autoencoder of the codes
- `next_codes`, `autoregressive`: `AutoregressivePrior`, codes over time, each given earlier ones
- `mixture_density`: `LearnedMixture`, Gaussians that may depend on the condition
"""

__all__ = [
    "AutoregressivePrior",
    "FlowPrior",
    "LearnedMixture",
    "TransformerPrior",
    "TwoStagePrior",
]

from .autoregressive import AutoregressivePrior
from .flow import FlowPrior
from .mixture_density import LearnedMixture
from .transformer import TransformerPrior
from .two_stage import TwoStagePrior
