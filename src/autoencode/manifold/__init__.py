r"""Geometry of the manifold that an autoencoder has learned.

- `codec`, `jacobians`: encoder and decoder as functions of matrices, and their derivatives
- `dimension`, `score`, `preservation`: intrinsic dimension, Stein score, quality of codes
- `arrays`: conversion of users' arrays and frames to batches and rows, and back
- `incomplete_rows`, `numeric_rows`: codes of rows with missing cells; mixed tables as numbers
- `tangents`: tangent planes, and their use as data augmentation
- `neighbors`: the graph of nearest neighbors, duplicates, landmarks, label spreading
- `geodesics`: shortest paths on the surface of the decoder
- `density`, `anomalies`: densities that follow the tangent planes, off-manifold detection, and
  anomalous intervals of series
- `reporting`: a page of figures about a model

Every class takes a fitted model, or a pair (encoder, decoder) of functions of tensors.
"""

__all__ = [
    "Codec",
    "DimensionEstimate",
    "DistancePreservation",
    "Drift",
    "Estimate",
    "Geodesics",
    "Interval",
    "LabelSpreadingResult",
    "ManifoldParzen",
    "NeighborGraph",
    "OffManifoldDetector",
    "Path",
    "Report",
    "ScaleCurve",
    "ScoreParts",
    "SeriesDetector",
    "TangentAugment",
    "Tangents",
    "as_codec",
    "continuity",
    "decoder_jacobian",
    "distance_preservation",
    "encoder_jacobian",
    "find_duplicates",
    "intrinsic_dimension",
    "knn",
    "label_spreading",
    "local_dimension",
    "neighborhood_recall",
    "report",
    "select_landmarks",
    "stein_score",
    "tangent_penalty",
    "trustworthiness",
    "walkback",
]

from ..common.estimates import Estimate
from .anomalies.detector import OffManifoldDetector, ScoreParts
from .anomalies.intervals import Interval
from .anomalies.series import SeriesDetector
from .codec import Codec, as_codec
from .density.manifold_parzen import ManifoldParzen
from .dimension import DimensionEstimate, ScaleCurve, intrinsic_dimension
from .geodesics.geodesics import Geodesics
from .jacobians import decoder_jacobian, encoder_jacobian
from .neighbors.duplicates import find_duplicates
from .neighbors.exact import knn
from .neighbors.graph import NeighborGraph, Path
from .neighbors.label_spreading import LabelSpreadingResult, label_spreading
from .neighbors.landmarks import select_landmarks
from .preservation.neighborhoods import (
    DistancePreservation,
    continuity,
    distance_preservation,
    neighborhood_recall,
    trustworthiness,
)
from .reporting.report import report
from .reporting.result import Drift, Report
from .score import local_dimension, stein_score, walkback
from .tangents.augmentation import TangentAugment, tangent_penalty
from .tangents.tangents import Tangents
