r"""Warnings about visible failures of a fit, each with the setting to change.

- `fit_warning`: `FitWarning`, and how it is issued
- `results`: texts about trained models: their losses, errors, codes and densities
- `examples`: texts about examples: outliers, long texts and sounds, and unused input
- `filters`: filters of warnings that threads can set and remove in any order

Functions of texts take a few numbers and return the text of a warning, or `None` if all is well.
The numbers are gathered in :mod:`autoencode.training.failures`.
"""

__all__ = [
    "FitWarning",
    "collapsed",
    "cut_off",
    "dominated",
    "filtered",
    "ignored",
    "length_limit",
    "long_outlier",
    "long_series",
    "long_sound",
    "no_better",
    "not_finite",
    "noted",
    "reduced",
    "still_falling",
    "too_wide",
    "uneven",
    "warn",
]

from .examples import (
    cut_off,
    dominated,
    length_limit,
    long_outlier,
    long_series,
    long_sound,
    reduced,
)
from .filters import filtered, ignored
from .fit_warning import FitWarning, noted, warn
from .results import collapsed, no_better, not_finite, still_falling, too_wide, uneven
