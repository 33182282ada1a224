r"""Groups of points that are closer to each other than a threshold."""

__all__ = ["groups_within"]

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from .distance_blocks import Tiles
from .exact import pairs_within


def groups_within(
    points: Tensor, indices: Tensor, distances: Tensor, threshold: float
) -> list[np.ndarray]:
    r"""The components of more than one point, where points within a distance are connected.

    The neighbors in the graph settle this, but for points all of whose neighbors are within
    the threshold: these may have more. They are compared with all points of other groups,
    which become fewer with each pair that is found.

    Arguments:
        points: The points, with shape `(N, D)`.
        indices: The neighbors of each, with shape `(N, k)`.
        distances: Their distances in ascending order, with shape `(N, k)`.
        threshold: The distance.

    Returns:
        The indices of the points of each group, in ascending order.

    Example:
        >>> from autoencode.manifold.neighbors.exact import knn
        >>> points = torch.tensor([[0.0], [5.0], [0.1], [9.0], [0.2]])
        >>> distances, indices = knn(points, k=1)
        >>> groups_within(points, indices, distances, threshold=0.15)
        [array([0, 2, 4])]
    """
    i, at = (distances <= threshold).nonzero(as_tuple=True)
    groups = _merge(torch.arange(len(points), device=points.device), i, indices[i, at])
    crowded = (distances[:, -1] <= threshold).nonzero().flatten()

    if len(crowded):
        own = torch.arange(len(points), device=points.device)
        tiles = Tiles(points, points, torch.float64, own)

        for rows in crowded.split(tiles.n_rows):
            radius = torch.full(rows.shape, threshold, dtype=torch.float64, device=rows.device)
            i, j, _ = pairs_within(tiles, points, points, rows, radius, groups)
            groups = _merge(groups, rows[i], j) if len(i) else groups

    members = groups.cpu().numpy().argsort(kind="stable")
    counts = groups.bincount().cpu().numpy()
    found = [g for g in np.split(members, counts.cumsum()[:-1]) if len(g) > 1]
    return sorted(found, key=lambda g: g[0])


def _merge(groups: Tensor, i: Tensor, j: Tensor) -> Tensor:
    r"""The number of each point's group, when pairs of points join theirs."""
    n = int(groups.max()) + 1
    a, b = groups[i].cpu().numpy(), groups[j].cpu().numpy()
    joined = csr_array((np.ones(len(a), dtype=bool), (a, b)), shape=(n, n))
    new = connected_components(joined, directed=False)[1]
    return torch.as_tensor(new, dtype=torch.long, device=groups.device)[groups]
