r"""Warnings about visible failures of a fit, each with the setting to change.

- `fit_warning`: `FitWarning`, and how it is issued
- `results`: texts about trained models: their losses, errors, codes and densities
- `examples`: texts about examples: outliers, long texts and sounds, and unused input

Each function takes a few numbers and returns the text of a warning, or `None` if all is well. The
numbers are gathered in :mod:`autoencode.training.failures`.
"""

__all__ = [
    "FitWarning",
    "collapsed",
    "cut_off",
    "dominated",
    "length_limit",
    "long_outlier",
    "long_sound",
    "no_better",
    "not_finite",
    "reduced",
    "still_falling",
    "too_wide",
    "uneven",
    "warn",
]

from .examples import cut_off, dominated, length_limit, long_outlier, long_sound, reduced
from .fit_warning import FitWarning, warn
from .results import collapsed, no_better, not_finite, still_falling, too_wide, uneven
