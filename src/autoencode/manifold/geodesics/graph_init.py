r"""Ways over the graph of the training examples, from which the search for geodesics begins."""

__all__ = ["paths_over"]

from typing import Any

import torch
from scipy.sparse import csr_array, triu
from scipy.sparse.csgraph import dijkstra
from sklearn.exceptions import NotFittedError
from torch import Tensor

from ..arrays import like
from .curves import resample
from .riemannian_metrics import Metric

_HELD = 8  # as many times the features of the codes that are decoded at once are kept


def paths_over(graph: Any, metric: Metric, lines: Tensor, n_points: int, rows: int) -> Tensor:
    r"""The shortest paths over a graph of codes, as curves.

    Arcs are as long as the metric says. The ends of the lines become nodes, with arcs to their
    nearest neighbors in the graph. Where there is no path, the line remains.

    Arguments:
        graph: A fitted :class:`~autoencode.manifold.NeighborGraph` of codes.
        metric: Their metric.
        lines: The first and the last code of each path, with shape `(N, 2, d)`.
        n_points: The number of points of a curve.
        rows: How many codes are decoded at once.

    Returns:
        The curves, with shape `(N, n_points, d)`.

    Example:
        >>> from autoencode.manifold import NeighborGraph
        >>> angle = torch.linspace(0, 3.14, 50)
        >>> arc = torch.stack([angle.cos(), angle.sin()], dim=1)
        >>> plane = Metric(lambda z: z, lambda h, k: (h - k).square().sum(dim=-1))
        >>> curve = paths_over(NeighborGraph(2).fit(arc), plane, arc[None, [0, -1]], 9, 100)
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
    _, near = graph.kneighbors(like(graph.points_, ends))
    near = torch.as_tensor(near)

    edges = triu(graph.to_scipy(), format="coo")
    new = torch.arange(len(ends)).repeat_interleave(near.shape[1]) + len(nodes)
    i = torch.cat([torch.from_numpy(edges.row).long(), new])
    j = torch.cat([torch.from_numpy(edges.col).long(), near.flatten().long()])

    z = torch.cat([nodes, ends])
    w = _squared(metric, z, i, j, rows).double()
    w = w.clamp(min=torch.finfo(w.dtype).tiny).sqrt()  # zero would be no arc
    arcs = csr_array((w.cpu().numpy(), (i.numpy(), j.numpy())), shape=(len(z), len(z)))
    curves = []

    for n, line in enumerate(lines):
        first = len(nodes) + n
        path = _path(arcs, first, first + len(lines))
        curve = z[path][None] if path[0] == first else line[None]
        curves.append(resample(curve, n_points, metric.steps(curve).sqrt()))

    return torch.cat(curves)


def _squared(metric: Metric, z: Tensor, i: Tensor, j: Tensor, rows: int) -> Tensor:
    r"""The squared lengths of arcs, whose ends are decoded once if they all fit in memory."""
    size = len(i) if len(z) <= _HELD * rows else _HELD * rows // 2
    squares = []

    for a, b in zip(i.split(size), j.split(size)):
        nodes, ends = torch.cat([a, b]).unique(return_inverse=True)
        h = torch.cat([metric.features(z[part]) for part in nodes.split(rows)])
        pairs = zip(*(end.split(rows) for end in ends.split(len(a))))
        squares += [metric.squared(h[c], h[d]) for c, d in pairs]

    return torch.cat(squares)


def _path(arcs: csr_array, first: int, last: int) -> list[int]:
    r"""The nodes of the shortest path, or the last one alone if there is none."""
    _, before = dijkstra(arcs, directed=False, indices=first, return_predecessors=True)
    path = [last]

    while before[path[-1]] >= 0:
        path.append(before[path[-1]])

    return path[::-1]
