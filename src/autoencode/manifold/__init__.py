r"""The geometry that an autoencoder has learned.

Its tangent planes, the graph of its neighbors, the density that the planes tile, and what can
be done with them: moving along the manifold, finding what is not on it, and saying where not to
trust it. Every class takes a fitted model, or a pair (encoder, decoder) of functions of tensors.
"""

__all__ = [
    "Codec",
    "DimensionEstimate",
    "DistancePreservation",
    "Drift",
    "Estimate",
    "Geodesics",
    "LabelSpreadingResult",
    "LocalDimension",
    "ManifoldParzen",
    "NeighborGraph",
    "OffManifoldDetector",
    "Parts",
    "Path",
    "Quality",
    "Report",
    "ScaleCurve",
    "TangentAugment",
    "Tangents",
    "as_codec",
    "continuity",
    "decoder_jacobian",
    "distance_preservation",
    "encoder_jacobian",
    "intrinsic_dimension",
    "knn",
    "local_dimension",
    "neighborhood_recall",
    "report",
    "score",
    "tangent_penalty",
    "trustworthiness",
    "walkback",
]

from .anomalies.detector import OffManifoldDetector, Parts
from .codec import Codec, as_codec
from .density.manifold_parzen import ManifoldParzen
from .dimension import DimensionEstimate, ScaleCurve, intrinsic_dimension
from .geodesics.geodesics import Geodesics
from .jacobians import decoder_jacobian, encoder_jacobian
from .neighbors.exact import knn
from .neighbors.graph import NeighborGraph, Path
from .neighbors.label_spreading import LabelSpreadingResult
from .preservation.neighborhoods import (
    DistancePreservation,
    Estimate,
    continuity,
    distance_preservation,
    neighborhood_recall,
    trustworthiness,
)
from .report.report import report
from .report.result import Drift, Report
from .score import LocalDimension, local_dimension, score, walkback
from .tangents.augmentation import TangentAugment, tangent_penalty
from .tangents.tangents import Quality, Tangents
