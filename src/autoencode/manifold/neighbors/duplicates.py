r"""Duplicates: groups of points that are closer to each other than a threshold."""

__all__ = ["find_duplicates", "groups_within"]

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .distance_blocks import DistanceBlocks
from .exact import radius_neighbors
from .graph import NeighborGraph


def find_duplicates(graph: NeighborGraph, threshold: float = 0.0) -> list[np.ndarray]:
    r"""Groups of points within a distance of each other.

    Steps of at most the threshold connect the points of a group. All such groups are found, for
    any number of duplicates of a point. Approximate search may miss some neighbors, and with
    them some duplicates.

    Arguments:
        graph: A fitted graph.
        threshold: The distance, at least zero.

    Returns:
        The indices of each group of two or more points, in ascending order.

    See Also:
        :class:`~autoencode.manifold.NeighborGraph`, :func:`~autoencode.manifold.select_landmarks`

    Example:
        >>> graph = NeighborGraph(n_neighbors=1).fit([[0.0], [5.0], [0.1], [0.2]])
        >>> find_duplicates(graph, threshold=0.15)
        [array([0, 2, 3])]
    """
    check_is_fitted(graph)

    if not threshold >= 0:
        raise ValueError(f"expected threshold >= 0, got {threshold}.")

    return groups_within(graph.points_, *graph.neighbor_tensors(), threshold)


def groups_within(
    points: Tensor, indices: Tensor, distances: Tensor, threshold: float
) -> list[np.ndarray]:
    r"""Connected components of at least two points, with edges up to a length.

    The given neighbors suffice, except for points whose neighbors are all within the threshold,
    because these may have further neighbors within it. They are compared with all points of other
    groups. Each pair that is found merges two groups, so that fewer comparisons remain.

    Arguments:
        points: The points, with shape `(N, D)`.
        indices: The neighbors of each point, with shape `(N, k)`.
        distances: The distances to them in ascending order, with shape `(N, k)`.
        threshold: The distance.

    Returns:
        The indices of the points of each group, in ascending order.

    Example:
        >>> from autoencode.manifold.neighbors.exact import knn
        >>> points = torch.tensor([[0.0], [5.0], [0.1], [9.0], [0.2]])
        >>> distances, indices = knn(points, n_neighbors=1)
        >>> groups_within(points, indices, distances, threshold=0.15)
        [array([0, 2, 4])]
    """
    i, at = (distances <= threshold).nonzero(as_tuple=True)
    groups = _merge(torch.arange(len(points), device=points.device), i, indices[i, at])
    crowded = (distances[:, -1] <= threshold).nonzero().flatten()

    if len(crowded):
        self_indices = torch.arange(len(points), device=points.device)
        blocks = DistanceBlocks(points, points, torch.float64, self_indices)

        for rows in crowded.split(blocks.n_rows):
            radius = torch.full(rows.shape, threshold, dtype=torch.float64, device=rows.device)
            i, j, _ = radius_neighbors(blocks, points, points, rows, radius, groups)
            groups = _merge(groups, rows[i], j) if len(i) else groups

    members = groups.cpu().numpy().argsort(kind="stable")
    counts = groups.bincount().cpu().numpy()
    duplicates = [g for g in np.split(members, counts.cumsum()[:-1]) if len(g) > 1]
    return sorted(duplicates, key=lambda g: g[0])


def _merge(groups: Tensor, i: Tensor, j: Tensor) -> Tensor:
    r"""The group of each point, after pairs of points have merged their groups."""
    n = int(groups.max()) + 1
    a, b = groups[i].cpu().numpy(), groups[j].cpu().numpy()
    joined = csr_array((np.ones(len(a), dtype=bool), (a, b)), shape=(n, n))
    new = connected_components(joined, directed=False)[1]
    return torch.as_tensor(new, dtype=torch.long, device=groups.device)[groups]
