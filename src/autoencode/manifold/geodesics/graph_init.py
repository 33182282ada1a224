r"""Shortest paths in a graph of codes, from which the search for geodesics starts."""

__all__ = ["initial_paths"]

from typing import Any

import torch
from scipy.sparse import csr_array, triu
from scipy.sparse.csgraph import dijkstra
from sklearn.exceptions import NotFittedError
from torch import Tensor

from ..arrays import as_type_of
from .curves import resample
from .riemannian_metrics import RiemannianMetric

_CACHED_BATCHES = 8  # batches of decoded features kept in memory


def initial_paths(
    graph: Any, metric: RiemannianMetric, lines: Tensor, n_points: int, batch_size: int
) -> Tensor:
    r"""Shortest paths in a graph of codes, as curves.

    The metric gives the lengths of edges. The ends of the lines become nodes, with edges to their
    nearest neighbors in the graph. If there is no path, the straight line is kept.

    Arguments:
        graph: A fitted :class:`~autoencode.manifold.NeighborGraph` of codes.
        metric: The metric of codes.
        lines: The first and the last code of each path, with shape `(N, 2, d)`.
        n_points: The number of points of a curve.
        batch_size: The number of codes that are decoded at once.

    Returns:
        The curves, with shape `(N, n_points, d)`.

    Example:
        >>> from autoencode.manifold import NeighborGraph
        >>> angle = torch.linspace(0, 3.14, 50)
        >>> arc = torch.stack([angle.cos(), angle.sin()], dim=1)
        >>> plane = RiemannianMetric(lambda z: z, lambda h, k: (h - k).square().sum(dim=-1))
        >>> curve = initial_paths(NeighborGraph(2).fit(arc), plane, arc[None, [0, -1]], 9, 100)
        >>> (curve.norm(dim=2) > 0.99).all()
        tensor(True)
    """
    if not hasattr(graph, "points_"):
        raise NotFittedError("the graph is not fitted: NeighborGraph().fit(model.transform(X)).")

    nodes = torch.as_tensor(graph.points_).to(lines)

    if nodes.shape[1] != lines.shape[-1]:
        raise ValueError(
            f"expected a graph of codes of {lines.shape[-1]} numbers, got one of points with"
            f" {nodes.shape[1]}. Fit it to model.transform(X)."
        )

    ends = lines.transpose(0, 1).flatten(end_dim=1)
    _, near = graph.kneighbors(as_type_of(graph.points_, ends))
    near = torch.as_tensor(near)

    upper_triangle = triu(graph.to_scipy(), format="coo")
    new = torch.arange(len(ends)).repeat_interleave(near.shape[1]) + len(nodes)
    i = torch.cat([torch.from_numpy(upper_triangle.row).long(), new])
    j = torch.cat([torch.from_numpy(upper_triangle.col).long(), near.flatten().long()])

    z = torch.cat([nodes, ends])
    w = _squared_edge_lengths(metric, z, i, j, batch_size).double()
    w = w.clamp(min=torch.finfo(w.dtype).tiny).sqrt()  # sparse matrices drop zeros
    edges = csr_array((w.cpu().numpy(), (i.numpy(), j.numpy())), shape=(len(z), len(z)))
    curves = []

    for n, line in enumerate(lines):
        first = len(nodes) + n
        path = _path(edges, first, first + len(lines))
        curve = z[path][None] if path[0] == first else line[None]
        curves.append(resample(curve, n_points, metric.squared_lengths(curve).sqrt()))

    return torch.cat(curves)


def _squared_edge_lengths(
    metric: RiemannianMetric, z: Tensor, i: Tensor, j: Tensor, batch_size: int
) -> Tensor:
    r"""Returns squared lengths of edges. Each end is decoded once if all fit into memory."""
    size = len(i) if len(z) <= _CACHED_BATCHES * batch_size else _CACHED_BATCHES * batch_size // 2
    squares = []

    for a, b in zip(i.split(size), j.split(size)):
        nodes, ends = torch.cat([a, b]).unique(return_inverse=True)
        h = torch.cat([metric.features(z[part]) for part in nodes.split(batch_size)])
        pairs = zip(*(end.split(batch_size) for end in ends.split(len(a))))
        squares += [metric.squared_distance(h[c], h[d]) for c, d in pairs]

    return torch.cat(squares)


def _path(edges: csr_array, first: int, last: int) -> list[int]:
    r"""Returns the nodes of the shortest path, or only the last one if there is none."""
    _, before = dijkstra(edges, directed=False, indices=first, return_predecessors=True)
    path = [last]

    while before[path[-1]] >= 0:
        path.append(before[path[-1]])

    return path[::-1]
