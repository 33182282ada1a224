r"""Tangent planes of a sample, compared with neighbors and with their planes."""

__all__ = ["analyze_tangents"]

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...common.estimates import estimate_mean
from ..arrays import select_rows
from ..neighbors.exact import knn
from ..neighbors.graph import NeighborGraph
from ..tangents.angles import MAX_SAFE_ANGLE
from ..tangents.tangents import Tangents
from .records import TangentAnalysis
from .rows import BATCH_SIZE, draw, to_array

_MAX_PLANES = 300
EDGES_PER_EXAMPLE = 3


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
    tangents.fit(select_rows(X, draw(rng, len(x), BATCH_SIZE)))
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
    j = np.take_along_axis(j, rng.rand(*j.shape).argsort(axis=1)[:, :EDGES_PER_EXAMPLE], axis=1)
    a = j.shape[1]
    rows = np.concatenate([drawn, j.ravel()])
    there = M + np.arange(M * a).reshape(M, a)
    back = np.arange(M).repeat(a)[:, None].repeat(a, axis=1)
    indices = np.concatenate([there, back])
    angles = to_array(
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
