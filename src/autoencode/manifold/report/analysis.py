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

MAX_NEIGHBORHOODS = 500  # examples whose neighbors are looked at
MAX_COMPARED = 1000  # examples that are compared with as many others
_MAX_PLANES = 300  # examples whose planes are looked at, and those of some neighbors
_EDGES_PER_EXAMPLE = 3  # of those neighbors
_MAX_NEIGHBORS = 64  # neighbors by which to estimate the dimension
_BATCH_SIZE = 4096  # encoded at once


class Encoded(NamedTuple):
    r"""Examples as a model sees them."""

    codec: Codec
    r"""The maps of the model."""

    X: Any
    r"""The examples."""

    x: Tensor
    r"""Their rows, of numbers with shape `(N, D)` or of symbols with shape `(N, L)`."""

    z: Tensor
    r"""Their codes, with shape `(N, d)`."""

    graph: NeighborGraph
    r"""The graph of the codes, whose number of neighbors holds for all."""


class TangentAnalysis(NamedTuple):
    r"""Tangent planes at some examples and at neighbors of theirs."""

    tangents: Tangents

    rows: NDArray
    r"""The examples that were drawn, and after them neighbors of each."""

    indices: NDArray
    r"""The arcs between these rows, each from both of its ends."""

    angles: NDArray
    r"""By how many degrees the planes turn along them."""

    error: Estimate
    large_angle_fraction: Estimate


class ColoredEdges(NamedTuple):
    r"""Arcs between the codes of some examples, to be drawn."""

    rows: NDArray
    indices: NDArray

    color: NDArray
    r"""A number for each arc."""

    name: str
    r"""What the numbers are."""

    about: str
    r"""What to say of them."""

    limits: tuple[float, float] | None = None


class Analysis(NamedTuple):
    r"""Measurements of examples and codes, by the kind of examples."""

    curves: dict[str, DimensionEstimate]
    r"""The dimension of the codes, and of data that are numbers."""

    n_duplicates: int
    r"""How many examples are copies of others."""

    n_neighborhoods: int
    r"""At how many examples the neighbors were looked at."""

    trustworthiness: Estimate
    continuity: Estimate
    edges: ColoredEdges

    planes: TangentAnalysis | None
    r"""Planes, where there are any."""


class Comparison(NamedTuple):
    r"""Some examples and new ones, judged by others."""

    n_known: int
    off: Estimate
    drift: Drift | None

    strangest: Any
    r"""The ten most unusual of the new examples, or else of the known ones."""


def dimension(x: Tensor, random_state: int) -> DimensionEstimate:
    r"""The intrinsic dimension, with its curve from 2, 4, 8 neighbors to 64.

    Arguments:
        x: The points, with shape `(N, D)`.
        random_state: Draws those at which it is estimated.

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
    r"""The estimate to report, of 16 neighbors: neither that of noise nor of curvature.

    Arguments:
        d: What :func:`dimension` returns.

    Example:
        >>> abs(at_reference_scale(dimension(torch.randn(500, 2), 0)).value - 2) < 0.3
        True
    """
    return Estimate(*(float(part[:4][-1]) for part in d.curve[1:]))


def analyze_continuous(encoded: Encoded, rng: np.random.RandomState, seed: int) -> Analysis:
    r"""Looks at examples that are numbers, and at their codes.

    Arguments:
        encoded: The examples.
        rng: Draws some of them.
        seed: Draws those of which there is an estimate.
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
            "The codes of some examples, with arcs to neighbors. Along bright arcs the manifold"
            " turns, and nothing should be interpolated.",
            limits=(0, 90),
        ),
        planes,
    )


def analyze_tokens(encoded: Encoded, rng: np.random.RandomState, seed: int) -> Analysis:
    r"""Looks at examples that are symbols, and at their codes.

    Arguments:
        encoded: The examples.
        rng: Draws some of them.
        seed: Draws those of which there is an estimate.
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
            "The codes of some examples, with arcs to the nearest of these. Along bright arcs,"
            " similar codes stand for texts that differ.",
        ),
        None,
    )


def analyze_tangents(
    tangents: Tangents, X: Any, x: Tensor, graph: NeighborGraph, rng: np.random.RandomState
) -> TangentAnalysis:
    r"""Compares planes with the ways to neighbors, and with the planes of neighbors.

    Arguments:
        tangents: What to fit.
        X: The examples.
        x: Their rows, with shape `(N, D)`.
        graph: The graph of their codes.
        rng: Draws examples and neighbors.

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

    # One neighbor in the data for each, and no copy: many examples say more than many neighbors
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

    # Arcs of the codes, each seen from both of its ends
    j = np.asarray(torch.as_tensor(graph.indices_).cpu())[drawn]
    j = np.take_along_axis(j, rng.rand(*j.shape).argsort(axis=1)[:, :_EDGES_PER_EXAMPLE], axis=1)
    a = j.shape[1]
    rows = np.concatenate([drawn, j.ravel()])
    there = M + np.arange(M * a).reshape(M, a)
    back = np.arange(M).repeat(a)[:, None].repeat(a, axis=1)
    indices = np.concatenate([there, back])
    angles = _array(
        tangents._principal_angles(select_rows(X, rows), indices)
    )  # of which the report tells

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
    r"""Learns what is usual from some examples, and judges others and new ones by it.

    Arguments:
        detector: What to fit.
        X: Known examples.
        X_new: New ones, or `None`.
        rng: Draws examples.

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
    r"""Codec between rows of scaled data, so that no column counts more for its unit."""
    return replace(
        codec,
        encode=lambda x: codec.encode(x * codec.unit),
        decode=lambda z: codec.decode(z) / codec.unit,
        to_rows=lambda X: codec.to_rows(X) / codec.unit,
        from_rows=lambda x: codec.from_rows(x * codec.unit),
        unit=1.0,
    )


def encode(codec: Codec, x: Tensor) -> Tensor:
    r"""The codes of rows, some at a time."""
    with codec.evaluating(), torch.no_grad():
        return torch.cat([codec.encode(part) for part in x.split(_BATCH_SIZE)])


def draw(rng: np.random.RandomState, N: int, n: int) -> NDArray:
    r"""Up to n of N rows, in their order."""
    return np.sort(rng.permutation(N)[:n])


def _array(values: Any) -> NDArray:
    return np.asarray(torch.as_tensor(values).cpu())


def _proportion(chosen: NDArray) -> Estimate:
    r"""A share, whose standard error is not zero where none or all were chosen."""
    n, p = len(chosen), (chosen.sum() + 1) / (len(chosen) + 2)
    return Estimate(float(chosen.mean()), math.sqrt(p * (1 - p) / n))


def _probability_less(new: NDArray, known: NDArray) -> Estimate:
    r"""The chance that a new value is less than a known one, and its standard error.

    References:
        | Comparing the Areas under Two or More Correlated Receiver Operating Characteristic
          Curves: A Nonparametric Approach (DeLong et al., 1988)
    """

    def below(a: NDArray, b: NDArray) -> NDArray:
        fewest, most = (np.searchsorted(np.sort(a), b, side) for side in ("left", "right"))
        return (fewest + most) / (2 * len(a))

    u, v = below(new, known), 1 - below(known, new)
    return Estimate(float(u.mean()), math.sqrt(u.var(ddof=1) / len(u) + v.var(ddof=1) / len(v)))
