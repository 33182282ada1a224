r"""Measurements of a report on a manifold, on a random sample of examples."""

__all__ = ["analyze_continuous", "analyze_tokens", "at_reference_scale", "dimension"]

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...common.estimates import Estimate
from ..dimension import DimensionEstimate, intrinsic_dimension
from ..neighbors.exact import knn
from ..preservation.neighborhoods import continuity, trustworthiness
from ..preservation.texts import pairwise_edit_distances, rank_preservation
from ..tangents.tangents import Tangents
from .planes import EDGES_PER_EXAMPLE, analyze_tangents
from .records import Analysis, ColoredEdges, Encoded
from .rows import to_array

MAX_NEIGHBORHOODS = 500
_MAX_NEIGHBORS = 64  # for the dimension at the largest scale


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
        some, EDGES_PER_EXAMPLE, some, self_indices=torch.arange(len(some)).to(z.device)
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
            to_array(indices),
            to_array(D.gather(1, indices.to(D.device))),
            "bytes to insert, delete or replace",
            "The codes of some examples, with edges to the nearest of these. Along bright edges,"
            " similar codes represent different texts.",
        ),
        None,
    )
