r"""Records of the measurements of a report."""

__all__ = ["Analysis", "ColoredEdges", "Comparison", "Encoded", "TangentAnalysis"]

from typing import Any, NamedTuple

from numpy.typing import NDArray
from torch import Tensor

from ...common.estimates import Estimate
from ..codec import Codec
from ..dimension import DimensionEstimate
from ..neighbors.graph import NeighborGraph
from ..tangents.tangents import Tangents
from .result import Drift


class Encoded(NamedTuple):
    r"""Examples with their rows and codes."""

    codec: Codec
    r"""The codec of the model."""

    X: Any
    r"""The examples."""

    x: Tensor
    r"""Their rows, of numbers with shape `(N, D)` or of tokens with shape `(N, L)`."""

    z: Tensor
    r"""Their codes, with shape `(N, d)`."""

    graph: NeighborGraph
    r"""The graph of the codes. All measurements use its number of neighbors."""


class TangentAnalysis(NamedTuple):
    r"""Angles between the tangent planes at some examples and at their neighbors."""

    tangents: Tangents

    rows: NDArray
    r"""Indices of the drawn examples, followed by those of their neighbors."""

    indices: NDArray
    r"""Edges between these rows, each listed at both of its ends."""

    angles: NDArray
    r"""The angle between the planes at the ends of each edge, in degrees."""

    error: Estimate
    large_angle_fraction: Estimate


class ColoredEdges(NamedTuple):
    r"""Edges between the codes of some examples, with the numbers that color them."""

    rows: NDArray
    indices: NDArray

    color: NDArray
    r"""A number for each edge."""

    name: str
    r"""The label of the numbers."""

    about: str
    r"""The caption of the picture."""

    limits: tuple[float, float] | None = None


class Analysis(NamedTuple):
    r"""Measurements of examples and codes, by the kind of examples."""

    curves: dict[str, DimensionEstimate]
    r"""The dimension of the codes, and that of numeric data."""

    n_duplicates: int
    r"""The number of examples that are copies of others."""

    n_neighborhoods: int
    r"""The number of examples whose neighbors were compared."""

    trustworthiness: Estimate
    continuity: Estimate
    edges: ColoredEdges

    planes: TangentAnalysis | None
    r"""Angles between tangent planes; `None` for tokens."""


class Comparison(NamedTuple):
    r"""Anomaly scores of known and new examples, under a detector fitted to other examples."""

    n_known: int
    off: Estimate
    drift: Drift | None

    strangest: Any
    r"""The ten most unusual new examples, or known ones if there are no new ones."""
