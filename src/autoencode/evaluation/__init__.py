r"""Measures of a trained model.

- `importance`: log-evidence, and codes with weights, by importance sampling
- `codes`: active units and mutual information of codes
- `sounds`: log-spectral distance and signal-to-noise ratio
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

from .codes import active_units, mutual_information, posterior_diagnostics
from .importance import log_evidence, weighted_codes
from .sounds import log_spectral_distance, signal_to_noise
