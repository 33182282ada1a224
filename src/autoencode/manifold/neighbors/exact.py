r"""Exact nearest neighbors, in spite of rounding."""

__all__ = ["knn"]

import torch
from torch import Tensor

from ...common.batching import rows_per_batch
from ...common.progress import track
from .distance_blocks import DistanceBlocks

MAX_MAGNITUDE = 1e150  # squares of larger numbers overflow
SPARE_CANDIDATES = 5  # number of further candidates that show whether rounding hid a neighbor


def knn(
    points: Tensor,
    n_neighbors: int,
    queries: Tensor | None = None,
    self_indices: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    r"""The `n_neighbors` nearest points of each query, in Euclidean distance.

    .. math:: \| x - y \|^2 = \| x \|^2 - 2 x^\top y + \| y \|^2

    Products in single precision select a few more candidates than needed, whose distances are
    computed again from differences in double precision. If rounding may have hidden a neighbor,
    by a bound on the error of the products, the query is searched again in double precision, for
    all points within a threshold. The result is therefore exact, also for duplicates and for
    clusters far from each other. Equal distances are ordered by index.

    Arguments:
        points: The points, with shape `(N, D)`.
        n_neighbors: The number of neighbors.
        queries: The queries, with shape `(M, D)`. By default the points themselves. A point is
            not its own neighbor, but its duplicates are.
        self_indices: The index of each query among the points, with shape `(M,)`. A query is
            not its own neighbor. -1 stands for a query that is not one of the points.

    Returns:
        Distances in ascending order and indices, both with shape `(M, n_neighbors)`.

    Raises:
        ValueError: If there are fewer than `n_neighbors` points, or if shapes disagree.

    See Also:
        :class:`~autoencode.manifold.NeighborGraph`

    Example:
        >>> distances, indices = knn(torch.tensor([[0.0], [1.0], [3.0]]), n_neighbors=1)
        >>> distances.flatten(), indices.flatten()
        (tensor([1., 1., 2.]), tensor([1, 0, 1]))
    """
    if queries is None and isinstance(points, Tensor):
        queries, self_indices = points, torch.arange(len(points), device=points.device)

    _check(points, n_neighbors, queries, alone=self_indices is not None)
    points, queries = points.detach(), queries.detach()

    distances = points.new_empty(len(queries), n_neighbors, dtype=torch.float64)
    indices = torch.empty_like(distances, dtype=torch.long)
    unsafe = []

    blocks = DistanceBlocks(points, queries, torch.float32, self_indices)
    n = min(n_neighbors + SPARE_CANDIDATES, len(points) - (self_indices is not None))
    n_rows = max(1, min(blocks.n_rows, rows_per_batch(32 * n * points.shape[1])))

    parts = torch.arange(len(queries), device=points.device).split(n_rows)

    for rows in track(parts, len(queries), "neighborhoods"):
        largest, j = _candidates(blocks, rows, n)
        distances[rows], indices[rows] = _nearest(points, queries, rows, j, n_neighbors)

        if n < len(points) - (self_indices is not None):
            unsafe.append(rows[blocks.upper(rows, distances[rows, -1]) >= largest])

    rows = torch.cat([*unsafe, indices[:0, 0]])
    _refine_unsafe(points, queries, self_indices, rows, distances, indices)

    return distances.to(torch.promote_types(points.dtype, torch.float32)), indices


def radius_neighbors(
    blocks: DistanceBlocks,
    points: Tensor,
    queries: Tensor,
    rows: Tensor,
    radius: Tensor,
    groups: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Pairs of queries and points within a distance.

    Arguments:
        blocks: The distance blocks of these points and queries.
        points: The points, with shape `(N, D)`.
        queries: The queries, with shape `(M, D)`.
        rows: The indices of the queries to search, with shape `(R,)`; at most the rows of a block.
        radius: The distance for each of these queries, with shape `(R,)`.
        groups: A number for each point, if the queries are the points. Pairs with the same number
            are left out.

    Returns:
        Positions in `rows`, indices of points, and distances, of each pair.

    Example:
        >>> x = torch.tensor([[0.0], [1.0], [3.0]])
        >>> blocks = DistanceBlocks(x, x, torch.float64, self_indices=torch.arange(3))
        >>> radius_neighbors(blocks, x, x, torch.arange(3), torch.full((3,), 1.0))[:2]
        (tensor([0, 1]), tensor([1, 0]))
    """
    threshold = blocks.upper(rows, radius.double())[:, None]
    n = max(1, 2**22 // max(1, points.shape[1]))
    results = []

    for t in range(blocks.n_blocks):
        near = blocks.block(rows, t) <= threshold

        if groups is not None:
            others = groups[t * blocks.columns :][: blocks.columns]
            near[:, : len(others)] &= groups[rows, None] != others

        i, j = near.nonzero(as_tuple=True)
        j = j + t * blocks.columns

        for a, b in zip(i.split(n), j.split(n)):
            d = _distances(points, queries, rows[a], b)
            close = d <= radius[a]
            results.append((a[close], b[close], d[close]))

    i, j, d = (torch.cat(parts) for parts in zip(*results))
    return i, j, d


def _refine_unsafe(
    points: Tensor,
    queries: Tensor,
    self_indices: Tensor | None,
    rows: Tensor,
    distances: Tensor,
    indices: Tensor,
) -> None:
    r"""Searches within the distances that were found, and inserts neighbors that were missed."""
    k = distances.shape[1]
    identical = distances[rows, -1] == 0

    if identical.any():  # many duplicates would give too many pairs
        indices[rows[identical]] = _identical(points, queries, self_indices, rows[identical], k)

    rows = rows[~identical]

    if not len(rows):
        return

    blocks = DistanceBlocks(points, queries, torch.float64, self_indices)

    for part in rows.split(blocks.n_rows):
        radius = distances[part, -1] * (1 + 1e-12)  # tolerance for sums in another order
        i, j, d = radius_neighbors(blocks, points, queries, part, radius)

        for key in (2, 0):  # stable sorts: by row, then distance, then index
            order = (i, j, d)[key].argsort(stable=True)
            i, j, d = i[order], j[order], d[order]

        counts = i.bincount(minlength=len(part))
        first = (counts.cumsum(dim=0) - counts)[:, None] + torch.arange(k, device=i.device)
        distances[part], indices[part] = d[first], j[first]


def _identical(
    points: Tensor, queries: Tensor, self_indices: Tensor | None, rows: Tensor, k: int
) -> Tensor:
    r"""Returns the first k of the points that equal each query; there are at least k."""
    N = len(points)
    group = torch.cat([points, queries[rows]]).unique(dim=0, return_inverse=True)[1]
    members = group[:N].argsort(stable=True)
    counts = group[:N].bincount(minlength=len(points) + 1)
    first = (counts.cumsum(dim=0) - counts)[group[N:]]
    j = members[(first[:, None] + torch.arange(k + 1, device=rows.device)).clamp(max=N - 1)]

    if self_indices is None:
        return j[:, :k]

    left_out = j == self_indices[rows][:, None]
    left_out[~left_out.any(dim=1), -1] = True
    return j[~left_out].view(-1, k)


def _candidates(blocks: DistanceBlocks, rows: Tensor, n: int) -> tuple[Tensor, Tensor]:
    r"""Returns the points with the n smallest entries, and the largest of these entries."""
    results = []

    for t in range(blocks.n_blocks):
        entries, j = blocks.smallest(blocks.block(rows, t), n)
        results.append((entries, j + t * blocks.columns))

    entries, j = (torch.cat(parts, dim=1) for parts in zip(*results))
    entries, best = entries.topk(n, dim=1, largest=False, sorted=False)
    return entries.amax(dim=1), j.gather(1, best)


def _nearest(
    points: Tensor, queries: Tensor, rows: Tensor, candidates: Tensor, k: int
) -> tuple[Tensor, Tensor]:
    r"""Returns the k nearest of the candidates, in ascending order."""
    j = candidates.sort(dim=1).values
    d, order = _distances(points, queries, rows[:, None], j).sort(dim=1, stable=True)
    return d[:, :k], j.gather(1, order[:, :k])


def _distances(points: Tensor, queries: Tensor, i: Tensor, j: Tensor) -> Tensor:
    return (points[j].double() - queries[i].double()).norm(dim=-1)


def _check(points: Tensor, k: int, queries: Tensor, alone: bool) -> None:
    if not (isinstance(points, Tensor) and isinstance(queries, Tensor)):
        raise TypeError(
            f"expected points as a tensor, got {type(points).__name__}. For arrays and tables,"
            " use NeighborGraph(n_neighbors=...).fit(points).kneighbors()."
        )

    if points.ndim != 2 or queries.ndim != 2 or points.shape[1] != queries.shape[1]:
        raise ValueError(
            "expected points with shape (N, D) and queries with shape (M, D), got"
            f" {tuple(points.shape)} and {tuple(queries.shape)}."
        )

    if not 1 <= k <= len(points) - alone:
        raise ValueError(
            f"expected a number of neighbors from 1 to {len(points) - alone}, as there are"
            f" {len(points)} points{' and none is its own neighbor' * alone}, got {k}."
        )

    if not all((x.abs() < MAX_MAGNITUDE).all() for x in (points, queries)):
        raise ValueError(
            f"expected finite points and queries, got a NaN, an infinity or numbers beyond"
            f" {MAX_MAGNITUDE:.0e}."
        )
