r"""Measures of a trained model.

- `measures`: log-evidence by importance sampling, active units and mutual information of codes,
  and distances between sounds
"""

__all__ = [
    "active_units",
    "log_evidence",
    "log_spectral_distance",
    "mutual_information",
    "posterior_diagnostics",
    "signal_to_noise",
    "weighted_codes",
]

from .measures import (
    active_units,
    log_evidence,
    log_spectral_distance,
    mutual_information,
    posterior_diagnostics,
    signal_to_noise,
    weighted_codes,
)
