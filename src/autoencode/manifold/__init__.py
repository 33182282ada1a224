r"""The geometry that an autoencoder has learned.

Its tangent planes, the graph of its neighbours, the density that the planes tile, and what can
be done with them: moving along the manifold, finding what is not on it, and saying where not to
trust it. Every class takes a fitted model, or a pair (encoder, decoder) of functions of tensors.
"""

__all__ = [
    "Curve",
    "Dimension",
    "Drift",
    "Estimate",
    "Geodesics",
    "LocalDimension",
    "ManifoldParzen",
    "Maps",
    "NeighborGraph",
    "OffManifoldDetector",
    "Parts",
    "Path",
    "Quality",
    "Report",
    "Shepard",
    "SpreadLabels",
    "TangentAugment",
    "Tangents",
    "continuity",
    "decoder_jacobian",
    "encoder_jacobian",
    "intrinsic_dimension",
    "knn",
    "local_dimension",
    "maps_of",
    "neighborhood_recall",
    "report",
    "score",
    "shepard",
    "tangent_penalty",
    "trustworthiness",
    "walkback",
]

from .anomalies import OffManifoldDetector, Parts
from .augmentation import TangentAugment, tangent_penalty
from .denoisers import LocalDimension, local_dimension, score, walkback
from .density import ManifoldParzen
from .dimension import Curve, Dimension, intrinsic_dimension
from .findings import Drift, Report
from .geodesics import Geodesics
from .jacobians import decoder_jacobian, encoder_jacobian
from .maps import Maps, maps_of
from .metrics import (
    Estimate,
    Shepard,
    continuity,
    neighborhood_recall,
    shepard,
    trustworthiness,
)
from .neighbors import NeighborGraph, Path
from .report import report
from .search import knn
from .spreading import SpreadLabels
from .tangents import Quality, Tangents
