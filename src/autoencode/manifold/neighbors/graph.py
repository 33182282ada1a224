r"""The graph of nearest neighbors and its shortest paths."""

__all__ = ["NeighborGraph", "Path"]

import copy
import logging
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from ...common.estimates import Estimate
from ...common.seeding import Seed, check_random_state
from ...data import collect_lazy
from ..arrays import as_examples, as_type_of, check_no_missing
from ..numeric_rows import as_table_rows
from . import edges, inverted_file
from .exact import knn

log = logging.getLogger(__name__)

MAX_EXACT_SEARCH = 100_000  # points; faiss searches larger sets if it is installed
MAX_NORMAL_FRACTION = 0.5  # the sine of 30 degrees


class Path(NamedTuple):
    r"""A shortest path in the graph.

    See Also:
        :class:`~autoencode.manifold.NeighborGraph`

    Example:
        >>> graph = NeighborGraph(n_neighbors=1).fit([[0.0], [1.0], [2.5]])
        >>> graph.shortest_path(0, 2)
        Path(indices=array([0, 1, 2]), length=2.5)
    """

    indices: np.ndarray
    r"""The points on the path, from the first to the last."""

    length: float
    r"""The sum of the distances along the path."""


class NeighborGraph(BaseEstimator):
    r"""Graph that connects each point to its `k` nearest neighbors.

    The graph of the codes is a map of the training examples. Distances are Euclidean. Up to
    100,000 points, the search is exact. Above, it is approximate if faiss is installed: the
    search covers as many points as the target recall requires, and the recall is measured.

    Edges have no direction. A `mutual` graph keeps an edge only if both ends are neighbors of
    each other, which isolates outliers.

    References:
        | A Global Geometric Framework for Nonlinear Dimensionality Reduction
          (Tenenbaum et al., 2000)
        | https://doi.org/10.1126/science.290.5500.2319

    Arguments:
        n_neighbors: The number of neighbors `k`, less than the number of points.
        target_recall: The fraction of the true neighbors that approximate search has to find.
        mutual: Whether to keep mutual edges only.
        random_state: Seeds the sample that measures the recall.

    Attributes:
        indices_: The neighbors of each point, nearest first, with shape `(N, k)`.
        distances_: The distances to them, with shape `(N, k)`.
        edge_mask_: Whether each of these edges is part of the graph, with shape `(N, k)`.
        recall_: The fraction of the true neighbors that were found, as an
            :class:`~autoencode.manifold.Estimate`; 1 for exact search.
        n_connected_components_: The number of connected components.
        component_labels_: The number of the component of each point, with shape `(N,)`.

    See Also:
        :func:`~autoencode.manifold.knn`, :func:`~autoencode.plots.graph`

    Example:
        >>> Z = np.random.default_rng(0).normal(size=(100, 2))
        >>> graph = NeighborGraph(n_neighbors=5).fit(Z)
        >>> graph.indices_.shape, graph.recall_.value
        ((100, 5), 1.0)
    """

    def __init__(
        self,
        n_neighbors: int = 15,
        target_recall: float = 0.99,
        mutual: bool = False,
        random_state: Seed = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.target_recall = target_recall
        self.mutual = mutual
        self.random_state = random_state

    def fit(self, Z: ArrayLike | Tensor, y: Any = None, tangents: Any = None) -> "NeighborGraph":
        r"""Finds the neighbors of all points.

        Arguments:
            Z: The points, with shape `(N, D)`, or a table with mixed columns; see
                :class:`~autoencode.manifold.numeric_rows.TableRows`.
            y: Ignored.
            tangents: A fitted :class:`~autoencode.manifold.Tangents` of these points, or a
                basis of the plane at each point, with shape `(N, d, D)`. If given, edges that
                leave the planes are removed, as by :meth:`prune_by_tangents`.

        Returns:
            The graph itself.

        Raises:
            ValueError: If there are too few points for `n_neighbors`, or some are not finite.
        """
        if not 0 < self.target_recall <= 1:
            raise ValueError(f"expected target_recall in (0, 1], got {self.target_recall}.")

        points, k = self._read(Z, reset=True), self.n_neighbors
        self.index_ = None
        recall = Estimate(1.0, 0.0)

        if len(points) > MAX_EXACT_SEARCH and inverted_file.available():
            rng = check_random_state(self.random_state)
            self.index_ = inverted_file.InvertedFileIndex(points, k, self.target_recall, rng)
            recall = self.index_.recall
        elif len(points) > MAX_EXACT_SEARCH:
            log.info(
                "The search among %d points is exact. With faiss it would be faster:"
                ' pip install "autoencode[knn]".',
                len(points),
            )

        distances, indices = self.index_.knn(k) if self.index_ else knn(points, k)
        self.points_ = points
        self.distances_, self.indices_ = as_type_of(Z, distances), as_type_of(Z, indices)
        self.recall_ = recall

        mask = np.ones(indices.shape, dtype=bool)
        self._set_edges(edges.is_reciprocal(indices.cpu().numpy(), mask) if self.mutual else mask)

        if tangents is None:
            return self

        basis = tangents.basis(Z)[0] if hasattr(tangents, "basis") else tangents
        return self._set_edges(self.edge_mask_ & self._within_planes(basis, MAX_NORMAL_FRACTION))

    def kneighbors(
        self, Z: ArrayLike | Tensor | None = None, n_neighbors: int | None = None
    ) -> tuple[Any, Any]:
        r"""Finds the fitted points that are nearest to queries.

        Arguments:
            Z: The queries, with shape `(M, D)`. By default the fitted points, each of which is
                not its own neighbor.
            n_neighbors: The number of neighbors; by default that of the graph.

        Returns:
            Distances in ascending order and indices, both with shape `(M, k)`.

        Example:
            >>> graph = NeighborGraph(n_neighbors=2).fit(np.arange(5.0)[:, None])
            >>> graph.kneighbors(np.array([[0.9]]))[1]
            array([[1, 0]])
        """
        check_is_fitted(self)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        queries = None if Z is None else self._read(Z, reset=False).to(self.points_)
        neighbors = self.index_.knn(k, queries) if self.index_ else knn(self.points_, k, queries)
        distances, indices = (
            as_type_of(self.indices_ if Z is None else Z, part) for part in neighbors
        )
        return distances, indices

    def to_scipy(self) -> csr_array:
        r"""The symmetric matrix of edge lengths.

        A length of zero is stored as the smallest normal number, about 2e-308. Sparse matrices
        drop zeros, and the difference does not change any sum of distances.

        Returns:
            The matrix, with shape `(N, N)`.

        Example:
            >>> NeighborGraph(n_neighbors=1).fit([[0.0], [0.0], [3.0]]).to_scipy().nnz
            4
        """
        check_is_fitted(self)
        return self.graph_.copy()

    def prune_by_tangents(
        self, basis: ArrayLike | Tensor, threshold: float = MAX_NORMAL_FRACTION
    ) -> "NeighborGraph":
        r"""Removes edges that leave the tangent planes, which are often shortcuts.

        .. math:: \frac{\| (I - P_i)(x_j - x_i) \|}{\| x_j - x_i \|} \leq \tau

        The left side is the sine of the angle between edge and plane. An edge is removed if it
        leaves the plane at either of the ends from which it was found.

        Arguments:
            basis: An orthonormal basis of the plane at each point, with shape `(N, d, D)`.
            threshold: The largest normal fraction :math:`\tau` of an edge.

        Returns:
            A copy of the graph with fewer edges.

        Raises:
            ValueError: If the shape of `basis` does not match the points.

        Example:
            >>> circle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
            >>> Z = np.stack([np.cos(circle), np.sin(circle)], axis=1)
            >>> tangent = np.stack([-Z[:, 1], Z[:, 0]], axis=1)[:, None]
            >>> graph = NeighborGraph(n_neighbors=4).fit(Z)
            >>> graph.prune_by_tangents(tangent, threshold=0.05).to_scipy().nnz
            200
        """
        check_is_fitted(self)
        filtered = copy.copy(self)
        return filtered._set_edges(self.edge_mask_ & self._within_planes(basis, threshold))

    def shortest_path(self, i: int, j: int) -> Path:
        r"""Finds the shortest path between two points.

        Arguments:
            i: The index of the first point.
            j: The index of the last point.

        Returns:
            The points on the path, and its length.

        Raises:
            ValueError: If the points are not connected.

        Example:
            >>> graph = NeighborGraph(n_neighbors=1).fit([[0.0], [1.0], [2.5], [3.0]])
            >>> graph.shortest_path(0, 1)
            Path(indices=array([0, 1]), length=1.0)
        """
        check_is_fitted(self)
        i, j = self._indices([i, j])

        if self.component_labels_[i] != self.component_labels_[j]:
            raise ValueError(
                f"there is no path from {i} to {j}: the graph has {self.n_connected_components_}"
                " connected components, see component_labels_. Increase n_neighbors."
            )

        lengths, before = dijkstra(self.graph_, indices=i, return_predecessors=True)
        path = [j]

        while path[-1] != i:
            path.append(before[path[-1]])

        return Path(np.array(path[::-1], dtype=np.int64), float(lengths[j]))

    def shortest_path_lengths(self, sources: ArrayLike) -> np.ndarray:
        r"""Computes the lengths of the shortest paths from some points to all points.

        Arguments:
            sources: The indices of the first points, with shape `(S,)`.

        Returns:
            The lengths, with shape `(S, N)`; infinite between components.

        Example:
            >>> graph = NeighborGraph(n_neighbors=1).fit([[0.0], [1.0], [5.0], [6.0]])
            >>> graph.shortest_path_lengths([0])
            array([[ 0.,  1., inf, inf]])
        """
        check_is_fitted(self)
        return dijkstra(self.graph_, indices=self._indices(sources))

    def neighbor_tensors(self) -> tuple[Tensor, Tensor]:
        r"""The indices and distances of the neighbors as tensors."""
        return torch.as_tensor(self.indices_), torch.as_tensor(self.distances_)

    def _read(self, Z: ArrayLike | Tensor, reset: bool) -> Tensor:
        Z = collect_lazy(Z)

        if reset:
            self._table = as_table_rows(Z)

        if self._table is not None:
            return self._table.to_rows(Z)

        if not isinstance(Z, Tensor):
            Z = as_examples(Z)
            check_no_missing(Z)
            Z = Z.reshape(len(Z), -1) if isinstance(Z, np.ndarray) and Z.ndim > 2 else Z
            numbers = {"dtype": [np.float64, np.float32], "ensure_min_samples": 1 + reset}
            Z = validate_data(self, Z, reset=reset, **numbers)
            return torch.as_tensor(np.require(Z, requirements="W"))

        if Z.ndim < 2 or (not reset and Z[0].numel() != self.points_.shape[1]):
            raise ValueError(f"expected points with shape (N, D), got {tuple(Z.shape)}.")

        return Z.detach().flatten(start_dim=1).to(torch.promote_types(Z.dtype, torch.float32))

    def _indices(self, i: ArrayLike) -> np.ndarray:
        i, N = np.asarray(i), len(self.points_)

        if i.dtype.kind not in "iu" or (i < -N).any() or (i >= N).any():
            raise ValueError(f"expected indices of {N} points, got {i.tolist()}.")

        return i % N

    def _set_edges(self, mask: np.ndarray) -> "NeighborGraph":
        indices, distances = (part.cpu().numpy() for part in self.neighbor_tensors())
        self.edge_mask_ = mask
        self.graph_ = edges.symmetric_adjacency(indices, distances, mask)
        self.n_connected_components_, self.component_labels_ = connected_components(
            self.graph_, directed=False
        )
        return self

    def _within_planes(self, basis: ArrayLike | Tensor, threshold: float) -> np.ndarray:
        basis = torch.as_tensor(basis).to(self.points_)
        (N, D), indices = self.points_.shape, self.neighbor_tensors()[0]

        if basis.ndim != 3 or basis.shape[0] != N or basis.shape[2] != D:
            raise ValueError(
                f"expected a basis with shape ({N}, d, {D}), got {tuple(basis.shape)}."
            )

        leaves = edges.normal_fraction(self.points_, indices, basis).cpu().numpy() > threshold
        return ~leaves & ~edges.is_reciprocal(indices.cpu().numpy(), leaves)
