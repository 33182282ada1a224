r"""Measures of a trained model.

- `importance`: log-evidence, and codes with weights, by importance sampling
- `annealing`: log-evidence by annealed importance sampling
- `codes`: active units and mutual information of codes
- `factors`: agreement of units with known factors
- `generation`: distances between real and new examples
- `rankings`: recall and gain of recommendations
- `tables`: columns, pairs of columns and classifiers of real and new rows
- `sounds`: log-spectral distance and signal-to-noise ratio
"""

__all__ = [
    "Disentanglement",
    "Fidelity",
    "Usefulness",
    "active_units",
    "annealed_log_evidence",
    "classifier_test",
    "column_shapes",
    "copying",
    "disentanglement",
    "factor_vae_score",
    "fidelity",
    "frechet_distance",
    "kernel_distance",
    "log_evidence",
    "log_spectral_distance",
    "metadata_information",
    "mutual_information",
    "ndcg_at_k",
    "pair_trends",
    "posterior_diagnostics",
    "recall_at_k",
    "signal_to_noise",
    "training_on_new",
    "unit_information",
    "weighted_codes",
]

from .annealing import annealed_log_evidence
from .codes import active_units, mutual_information, posterior_diagnostics, unit_information
from .factors import (
    Disentanglement,
    disentanglement,
    factor_vae_score,
    metadata_information,
)
from .generation import Fidelity, copying, fidelity, frechet_distance, kernel_distance
from .importance import log_evidence, weighted_codes
from .rankings import ndcg_at_k, recall_at_k
from .sounds import log_spectral_distance, signal_to_noise
from .tables import Usefulness, classifier_test, column_shapes, pair_trends, training_on_new
