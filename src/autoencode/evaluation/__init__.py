r"""Measures of a trained model.

- `measures`: evidence, rate and distortion; information and activity of codes; distances
  between sounds; errors of examples
"""

__all__ = [
    "active_units",
    "information",
    "log_evidence",
    "log_spectral_distance",
    "mutual_information",
    "signal_to_noise",
    "weighted_codes",
]

from .measures import (
    active_units,
    information,
    log_evidence,
    log_spectral_distance,
    mutual_information,
    signal_to_noise,
    weighted_codes,
)
