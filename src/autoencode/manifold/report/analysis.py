r"""Measurements of a report on a manifold, on a random sample of examples."""

__all__ = [
    "Analysis",
    "ColoredEdges",
    "Comparison",
    "Encoded",
    "TangentAnalysis",
    "analyze_continuous",
    "analyze_tangents",
    "analyze_tokens",
    "at_reference_scale",
    "compare_with_new",
    "dimension",
]

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ..anomalies.detector import OffManifoldDetector
from ..arrays import as_examples, select_rows
from ..codec import Codec
from ..dimension import DimensionEstimate, intrinsic_dimension
from ..neighbors.exact import knn
from ..neighbors.graph import NeighborGraph
from ..preservation.neighborhoods import continuity, trustworthiness
from ..preservation.texts import pairwise_edit_distances, rank_preservation
from ..tangents.angles import MAX_SAFE_ANGLE
from ..tangents.tangents import Tangents
from .result import Drift

MAX_NEIGHBORHOODS = 500
MAX_COMPARED = 1000
_MAX_PLANES = 300
_EDGES_PER_EXAMPLE = 3
_MAX_NEIGHBORS = 64  # for the dimension at the largest scale
_BATCH_SIZE = 4096


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


def dimension(x: Tensor, random_state: int) -> DimensionEstimate:
    r"""Intrinsic dimension, with a curve from 2 to 64 neighbors.

    Arguments:
        x: The points, with shape `(N, D)`.
        random_state: The seed of the sample at which it is estimated.

    Example:
        >>> len(dimension(torch.randn(20, 3), 0).curve.values)
        4
    """
    n = len(x.unique(dim=0))
    k = max(2, 2 ** int(math.log2(max(1, min(_MAX_NEIGHBORS, n - 1)))))
    return intrinsic_dimension(
        x, "gride", k, n_samples=MAX_NEIGHBORHOODS, random_state=random_state
    )


def at_reference_scale(d: DimensionEstimate) -> Estimate:
    r"""Estimate from 16 neighbors: few enough for little curvature, enough for little noise.

    Arguments:
        d: The result of :func:`dimension`.

    Example:
        >>> abs(at_reference_scale(dimension(torch.randn(500, 2), 0)).value - 2) < 0.3
        True
    """
    return Estimate(*(float(part[:4][-1]) for part in d.curve[1:]))


def analyze_continuous(encoded: Encoded, rng: np.random.RandomState, seed: int) -> Analysis:
    r"""Measures numeric examples and their codes.

    Arguments:
        encoded: The examples.
        rng: The generator for samples of examples.
        seed: The seed of the sample for estimates of the dimension.
    """
    codec, X, x, z, graph = encoded
    k = graph.n_neighbors
    near: dict[str, Any] = {
        "n_neighbors": k,
        "n_samples": min(len(x), MAX_NEIGHBORHOODS),
        "random_state": seed,
    }
    curves = {"data": dimension(x, seed), "codes": dimension(z, seed)}
    planes = analyze_tangents(Tangents(codec, n_neighbors=k), X, x, graph, rng)

    return Analysis(
        curves,
        curves["data"].n_duplicates,
        near["n_samples"],
        trustworthiness(x, z, **near),
        continuity(x, z, **near),
        ColoredEdges(
            planes.rows,
            planes.indices,
            planes.angles,
            "degrees between the planes at both ends",
            "The codes of some examples, with edges to neighbors. Along bright edges the manifold"
            " turns sharply: do not interpolate there.",
            limits=(0, 90),
        ),
        planes,
    )


def analyze_tokens(encoded: Encoded, rng: np.random.RandomState, seed: int) -> Analysis:
    r"""Measures token sequences and their codes.

    Arguments:
        encoded: The examples.
        rng: The generator for samples of examples.
        seed: The seed of the sample for estimates of the dimension.
    """
    codec, _, x, z, graph = encoded
    k, N = graph.n_neighbors, len(x)
    rows = rng.permutation(N)[:MAX_NEIGHBORHOODS]
    D = pairwise_edit_distances(
        codec.to_bytes(x[torch.as_tensor(rows).to(x.device)]), least=2 * k + 1
    )
    rows = rows[: len(D)]
    some = z[torch.as_tensor(rows).to(z.device)]
    indices = knn(
        some, _EDGES_PER_EXAMPLE, some, self_indices=torch.arange(len(some)).to(z.device)
    )[1]
    trust, torn = rank_preservation(D, some, k, N)

    return Analysis(
        {"codes": dimension(z, seed)},
        N - len(x.unique(dim=0)),
        len(D),
        trust,
        torn,
        ColoredEdges(
            rows,
            _array(indices),
            _array(D.gather(1, indices.to(D.device))),
            "bytes to insert, delete or replace",
            "The codes of some examples, with edges to the nearest of these. Along bright edges,"
            " similar codes represent different texts.",
        ),
        None,
    )


def analyze_tangents(
    tangents: Tangents, X: Any, x: Tensor, graph: NeighborGraph, rng: np.random.RandomState
) -> TangentAnalysis:
    r"""Compares planes with the offsets to neighbors, and with the planes of neighbors.

    Arguments:
        tangents: The tangent planes, before `fit`.
        X: The examples.
        x: Their rows, with shape `(N, D)`.
        graph: The graph of their codes.
        rng: The generator for samples of examples and neighbors.

    Raises:
        ValueError: If all neighbors are copies.

    Example:
        >>> x = torch.randn(50, 2) @ torch.eye(2, 5)
        >>> graph, rng = NeighborGraph(n_neighbors=5).fit(x), np.random.RandomState(0)
        >>> planes = analyze_tangents(Tangents(source="neighbors"), x, x, graph, rng)
        >>> abs(planes.error.value) < 1e-5, planes.large_angle_fraction.value
        (True, 0.0)
    """
    M = min(len(x), _MAX_PLANES)
    tangents.fit(select_rows(X, draw(rng, len(x), _BATCH_SIZE)))
    drawn = draw(rng, len(x), M)

    # One neighbor for each example: more examples reduce the error more than more neighbors
    self_indices = torch.as_tensor(drawn).to(x.device)
    distances, near = knn(x, tangents.n_neighbors, x[self_indices], self_indices=self_indices)

    if not distances.any():
        raise ValueError(
            "expected examples that differ from their neighbors, but all of these are copies."
            " Remove copies first."
        )

    chance = torch.from_numpy(rng.rand(*near.shape)).to(x.device)
    chosen = (chance * (distances > 0)).argmax(dim=1, keepdim=True)
    offsets = x[near.gather(1, chosen)[:, 0]] - x[self_indices]
    along = torch.as_tensor(tangents.project(select_rows(X, drawn), offsets)).to(x)
    errors = (offsets - along).square().sum(dim=1) / offsets.square().sum(dim=1)

    # Each edge is listed at both of its ends, like neighbors
    j = np.asarray(torch.as_tensor(graph.indices_).cpu())[drawn]
    j = np.take_along_axis(j, rng.rand(*j.shape).argsort(axis=1)[:, :_EDGES_PER_EXAMPLE], axis=1)
    a = j.shape[1]
    rows = np.concatenate([drawn, j.ravel()])
    there = M + np.arange(M * a).reshape(M, a)
    back = np.arange(M).repeat(a)[:, None].repeat(a, axis=1)
    indices = np.concatenate([there, back])
    angles = _array(
        tangents._principal_angles(select_rows(X, rows), indices)
    )  # the report states the number of duplicates

    shares = (angles[:M] > MAX_SAFE_ANGLE).mean(axis=1)
    return TangentAnalysis(
        tangents,
        rows,
        indices,
        angles,
        estimate_mean(errors[errors.isfinite()]),
        estimate_mean(torch.from_numpy(shares)),
    )


def compare_with_new(
    detector: OffManifoldDetector, X: Any, X_new: Any, rng: np.random.RandomState
) -> Comparison:
    r"""Fits a detector to some examples, and scores other known examples and new ones.

    Arguments:
        detector: The detector, before `fit`.
        X: Known examples.
        X_new: New examples, or `None`.
        rng: The generator for samples of examples.

    Example:
        >>> X = np.random.default_rng(0).normal(size=(200, 3)) * [1, 1, 0.1]
        >>> rng = np.random.RandomState(0)
        >>> comparison = compare_with_new(OffManifoldDetector(), X, X + [0, 0, 1], rng)
        >>> comparison.off.value < 0.1 < comparison.drift.off_manifold.value
        True
    """
    learned, known = np.array_split(rng.permutation(len(X))[: 2 * MAX_COMPARED], 2)
    detector.fit(select_rows(X, np.sort(learned)))
    judged = select_rows(X, np.sort(known))
    on, off = map(_array, detector.decompose(judged))
    off_fraction, drift = _proportion(on + off < detector.offset_), None

    if X_new is not None:
        X_new = as_examples(X_new)

        if len(X_new) < 2:
            raise ValueError(f"expected at least two new examples to compare, got {len(X_new)}.")

        judged = select_rows(X_new, draw(rng, len(X_new), MAX_COMPARED))
        new_on, new_off = map(_array, detector.decompose(judged))
        unusual = _proportion(new_on + new_off < detector.offset_)
        drift = Drift(
            len(new_on), unusual, _probability_less(new_off, off), _probability_less(new_on, on)
        )
        on, off = new_on, new_off

    strangest = (on + off).argsort(kind="stable")[:10]
    return Comparison(len(known), off_fraction, drift, select_rows(judged, strangest))


def in_model_units(codec: Codec) -> Codec:
    r"""Codec of scaled rows, so that the unit of a column does not change its weight."""
    return replace(
        codec,
        encode=lambda x: codec.encode(x * codec.unit),
        decode=lambda z: codec.decode(z) / codec.unit,
        to_rows=lambda X: codec.to_rows(X) / codec.unit,
        from_rows=lambda x: codec.from_rows(x * codec.unit),
        unit=1.0,
    )


def encode(codec: Codec, x: Tensor) -> Tensor:
    r"""Codes of rows, computed in batches."""
    with codec.evaluating(), torch.no_grad():
        return torch.cat([codec.encode(part) for part in x.split(_BATCH_SIZE)])


def draw(rng: np.random.RandomState, N: int, n: int) -> NDArray:
    r"""Indices of up to n of N rows, drawn at random, in ascending order."""
    return np.sort(rng.permutation(N)[:n])


def _array(values: Any) -> NDArray:
    return np.asarray(torch.as_tensor(values).cpu())


def _proportion(chosen: NDArray) -> Estimate:
    r"""Returns a fraction, with a positive standard error even if none or all were chosen."""
    n, p = len(chosen), (chosen.sum() + 1) / (len(chosen) + 2)
    return Estimate(float(chosen.mean()), math.sqrt(p * (1 - p) / n))


def _probability_less(new: NDArray, known: NDArray) -> Estimate:
    r"""Returns the probability that a new value is less than a known one.

    References:
        | Comparing the Areas under Two or More Correlated Receiver Operating Characteristic
          Curves: A Nonparametric Approach (DeLong et al., 1988)
    """

    def below(a: NDArray, b: NDArray) -> NDArray:
        fewest, most = (np.searchsorted(np.sort(a), b, side) for side in ("left", "right"))
        return (fewest + most) / (2 * len(a))

    u, v = below(new, known), 1 - below(known, new)
    return Estimate(float(u.mean()), math.sqrt(u.var(ddof=1) / len(u) + v.var(ddof=1) / len(v)))
