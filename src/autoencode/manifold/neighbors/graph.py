r"""The graph of nearest neighbors, and what to do with it."""

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
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from ...data import collect_lazy
from ..arrays import check_known, examples, like
from ..numeric_rows import rows_of
from . import edges, inverted_file, landmarks
from .duplicates import groups_within
from .exact import knn
from .label_spreading import LabelSpreadingResult, spread_labels

log = logging.getLogger(__name__)

EXACT = 100_000  # points up to which search is exact in any case
SHORT_CUT = 0.5  # the share of an arc that is normal at 30 degrees from the plane


class Path(NamedTuple):
    r"""A shortest path in the graph.

    Example:
        >>> Path(np.array([0, 3, 1]), 2.5).length
        2.5
    """

    indices: np.ndarray
    r"""The points on the way, from the first to the last."""

    length: float
    r"""The sum of the distances on the way."""


class NeighborGraph(BaseEstimator):
    r"""The graph that connects each point to its `k` nearest neighbors.

    Of codes, it is a map of the training examples. Distances are Euclidean. Up to 100,000
    points the search is exact; above, it is approximate where faiss is installed, as
    thoroughly as the target recall needs, and the recall is measured.

    Arcs are followed both ways. A `mutual` graph keeps only those between points that are
    neighbors of each other, which leaves outliers alone.

    References:
        | A Global Geometric Framework for Nonlinear Dimensionality Reduction
          (Tenenbaum et al., 2000)
        | https://doi.org/10.1126/science.290.5500.2319

    Arguments:
        n_neighbors: The number of neighbors `k`, fewer than there are points.
        target_recall: The share of the true neighbors to find, at least, where search is
            approximate.
        mutual: Whether to keep mutual arcs only.
        random_state: Draws the sample by which recall is measured.

    Attributes:
        indices_: The neighbors of each point, nearest first, with shape `(N, k)`.
        distances_: Their distances, with shape `(N, k)`.
        kept_: Which of these arcs are part of the graph, with shape `(N, k)`.
        recall_: The share of the true neighbors that were found; 1 for exact search.
        recall_se_: Its standard error.
        n_components_: The number of parts without a path between them.
        components_: The number of each point's part, with shape `(N,)`.

    Example:
        >>> Z = np.random.default_rng(0).normal(size=(100, 2))
        >>> graph = NeighborGraph(n_neighbors=5).fit(Z)
        >>> graph.indices_.shape, graph.recall_
        ((100, 5), 1.0)
    """

    def __init__(
        self,
        n_neighbors: int = 15,
        target_recall: float = 0.99,
        mutual: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.target_recall = target_recall
        self.mutual = mutual
        self.random_state = random_state

    def fit(self, Z: ArrayLike | Tensor, y: Any = None, tangents: Any = None) -> "NeighborGraph":
        r"""Finds the neighbors.

        Arguments:
            Z: The points, with shape `(N, D)`; or a table of mixed columns, see
                :class:`~autoencode.manifold.numeric_rows.TableRows`.
            y: Ignored.
            tangents: A fitted :class:`~autoencode.manifold.Tangents` of these points, or a
                basis of the plane at each, with shape `(N, d, D)`. If given, arcs that leave
                the planes are left out, as by :meth:`prune_by_tangents`.

        Returns:
            The graph itself.

        Raises:
            ValueError: If there are no more points than neighbors, or not all are finite.
        """
        if not 0 < self.target_recall <= 1:
            raise ValueError(f"expected target_recall in (0, 1], got {self.target_recall}.")

        points, k = self._read(Z, reset=True), self.n_neighbors
        self.index_ = None
        recall = inverted_file.Recall(1.0, 0.0)

        if len(points) > EXACT and inverted_file.available():
            rng = check_random_state(self.random_state)
            self.index_ = inverted_file.Approximate(points, k, self.target_recall, rng)
            recall = self.index_.recall
        elif len(points) > EXACT:
            log.info(
                "searching %d points exactly; faiss would be faster:"
                ' pip install "autoencode[knn]".',
                len(points),
            )

        distances, indices = self.index_.knn(k) if self.index_ else knn(points, k)
        self.points_ = points
        self.distances_, self.indices_ = like(Z, distances), like(Z, indices)
        self.recall_, self.recall_se_ = recall

        kept = np.ones(indices.shape, dtype=bool)
        self._keep(edges.reversed_in(indices.cpu().numpy(), kept) if self.mutual else kept)

        if tangents is None:
            return self

        basis = tangents.basis(Z)[0] if hasattr(tangents, "basis") else tangents
        return self._keep(self.kept_ & self._in_planes(basis, SHORT_CUT))

    def kneighbors(
        self, Z: ArrayLike | Tensor | None = None, n_neighbors: int | None = None
    ) -> tuple[Any, Any]:
        r"""The nearest of the fitted points.

        Arguments:
            Z: Whose neighbors, with shape `(M, D)`. By default the fitted points themselves,
                each without itself.
            n_neighbors: How many. By default as many as in the graph.

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
        found = self.index_.knn(k, queries) if self.index_ else knn(self.points_, k, queries)
        distances, indices = (like(self.indices_ if Z is None else Z, part) for part in found)
        return distances, indices

    def to_scipy(self) -> csr_array:
        r"""The symmetric matrix of the distances along arcs.

        Distances of zero are stored as the smallest normal number, about 2e-308: sparse
        arithmetic loses arcs of zero, and no sum of distances notices the difference.

        Returns:
            The matrix, with shape `(N, N)`.

        Example:
            >>> NeighborGraph(n_neighbors=1).fit([[0.0], [0.0], [3.0]]).to_scipy().nnz
            4
        """
        check_is_fitted(self)
        return self.graph_.copy()

    def prune_by_tangents(
        self, basis: ArrayLike | Tensor, threshold: float = SHORT_CUT
    ) -> "NeighborGraph":
        r"""The graph without arcs that leave the tangent planes, which are often short-cuts.

        .. math:: \frac{\| (I - P_i)(x_j - x_i) \|}{\| x_j - x_i \|} \leq \tau

        This is the sine of the angle between arc and plane. An arc is left out if it leaves
        the plane at either end from which it was found.

        Arguments:
            basis: An orthonormal basis of the plane at each point, with shape `(N, d, D)`.
            threshold: The largest share :math:`\tau` of an arc that may be normal.

        Returns:
            A copy of the graph with fewer arcs.

        Raises:
            ValueError: If there is not one basis of as many dimensions for each point.

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
        return filtered._keep(self.kept_ & self._in_planes(basis, threshold))

    def duplicates(self, threshold: float = 0.0) -> list[np.ndarray]:
        r"""Groups of points within a distance of each other.

        Points of a group are connected by steps of at most the threshold. All such groups are
        found, however many duplicates a point has; where search is approximate, but for
        neighbors that it missed.

        Arguments:
            threshold: The distance, at least zero.

        Returns:
            The indices of each group of two or more, in ascending order.

        Example:
            >>> NeighborGraph(n_neighbors=1).fit([[0.0], [5.0], [0.1], [0.2]]).duplicates(0.15)
            [array([0, 2, 3])]
        """
        check_is_fitted(self)

        if not threshold >= 0:
            raise ValueError(f"expected threshold >= 0, got {threshold}.")

        return groups_within(self.points_, *self._neighbors(), threshold)

    def geodesic(self, i: int, j: int) -> Path:
        r"""The shortest path between two points.

        Arguments:
            i: The first point.
            j: The last point.

        Returns:
            The points on the way, and its length.

        Raises:
            ValueError: If there is no path.

        Example:
            >>> NeighborGraph(n_neighbors=1).fit([[0.0], [1.0], [2.5], [3.0]]).geodesic(0, 1)
            Path(indices=array([0, 1]), length=1.0)
        """
        check_is_fitted(self)
        i, j = self._indices([i, j])

        if self.components_[i] != self.components_[j]:
            raise ValueError(
                f"there is no path from {i} to {j}: the graph has {self.n_components_} parts."
                " Use more neighbors, or look at components_."
            )

        lengths, before = dijkstra(self.graph_, indices=i, return_predecessors=True)
        path = [j]

        while path[-1] != i:
            path.append(before[path[-1]])

        return Path(np.array(path[::-1], dtype=np.int64), float(lengths[j]))

    def geodesics(self, sources: ArrayLike) -> np.ndarray:
        r"""The lengths of the shortest paths from some points to all.

        Arguments:
            sources: The indices of the points, with shape `(S,)`.

        Returns:
            The lengths, with shape `(S, N)`; infinite where there is no path.

        Example:
            >>> NeighborGraph(n_neighbors=1).fit([[0.0], [1.0], [5.0], [6.0]]).geodesics([0])
            array([[ 0.,  1., inf, inf]])
        """
        check_is_fitted(self)
        return dijkstra(self.graph_, indices=self._indices(sources))

    def label_spreading(self, y: ArrayLike, alpha: float = 0.9) -> LabelSpreadingResult:
        r"""Labels all points from a few, along the arcs.

        Arcs weigh :math:`\exp(-d_{ij}^2 / \sigma_i \sigma_j)`, where :math:`\sigma_i` is the
        distance from :math:`i` to its last neighbor. With few labels and a graph to be
        trusted, an `alpha` of 0.99 carries them farther.

        References:
            | Self-Tuning Spectral Clustering (Zelnik-Manor & Perona, 2004)

        Arguments:
            y: The labels, with shape `(N,)`. Unknown ones are -1, `None` or NaN.
            alpha: The weight :math:`0 < \alpha < 1` of the neighbors against one's own label.

        Returns:
            Labels, probabilities, classes, and which points were reached.

        Example:
            >>> Z = np.concatenate([np.arange(5.0), np.arange(10.0, 15.0)])[:, None]
            >>> y = ["low", *4 * [None], *4 * [None], "high"]
            >>> NeighborGraph(n_neighbors=2).fit(Z).label_spreading(y).labels[[4, 5]]
            array(['low', 'high'], dtype=object)
        """
        check_is_fitted(self)
        scale = np.asarray(self._neighbors()[1][:, -1].cpu(), dtype=np.float64)
        return spread_labels(edges.affinities(self.graph_, scale), y, alpha)

    def select(self, n: int, strategy: str = "kcenter") -> np.ndarray:
        r"""Chooses points to look at, or to label.

        - *kcenter*: points that cover all others, each the farthest from those before;
        - *density*: points in the densest places, not beside each other;
        - *boundary*: points whose neighbors all lie to one side.

        Arguments:
            n: How many.
            strategy: One of these.

        Returns:
            Their indices, the first choice first, with shape `(n,)`.

        Example:
            >>> NeighborGraph(n_neighbors=2).fit(np.arange(9.0)[:, None]).select(3)
            array([4, 0, 8])
        """
        check_is_fitted(self)

        if not 1 <= n <= len(self.points_):
            raise ValueError(f"expected n from 1 to {len(self.points_)}, got {n}.")

        indices, distances = self._neighbors()

        if strategy == "kcenter":
            chosen = landmarks.k_center(self.points_, n)
        elif strategy == "density":
            chosen = landmarks.density(indices, distances, n)
        elif strategy == "boundary":
            chosen = landmarks.boundary(self.points_, indices, n)
        else:
            raise ValueError(f"expected kcenter, density or boundary, got {strategy!r}.")

        return chosen.cpu().numpy()

    def _read(self, Z: ArrayLike | Tensor, reset: bool) -> Tensor:
        Z = collect_lazy(Z)

        if reset:
            self._table = rows_of(Z)

        if self._table is not None:
            return self._table.read(Z)

        if not isinstance(Z, Tensor):
            Z = examples(Z)
            check_known(Z)
            Z = Z.reshape(len(Z), -1) if isinstance(Z, np.ndarray) and Z.ndim > 2 else Z
            numbers = {"dtype": [np.float64, np.float32], "ensure_min_samples": 1 + reset}
            Z = validate_data(self, Z, reset=reset, **numbers)
            return torch.as_tensor(np.require(Z, requirements="W"))

        if Z.ndim < 2 or (not reset and Z[0].numel() != self.points_.shape[1]):
            raise ValueError(f"expected points with shape (N, D), got {tuple(Z.shape)}.")

        return Z.detach().flatten(start_dim=1).to(torch.promote_types(Z.dtype, torch.float32))

    def _neighbors(self) -> tuple[Tensor, Tensor]:
        return torch.as_tensor(self.indices_), torch.as_tensor(self.distances_)

    def _indices(self, i: ArrayLike) -> np.ndarray:
        i, N = np.asarray(i), len(self.points_)

        if i.dtype.kind not in "iu" or (i < -N).any() or (i >= N).any():
            raise ValueError(f"expected indices of {N} points, got {i.tolist()}.")

        return i % N

    def _keep(self, kept: np.ndarray) -> "NeighborGraph":
        indices, distances = (part.cpu().numpy() for part in self._neighbors())
        self.kept_, self.graph_ = kept, edges.symmetric(indices, distances, kept)
        self.n_components_, self.components_ = connected_components(self.graph_, directed=False)
        return self

    def _in_planes(self, basis: ArrayLike | Tensor, threshold: float) -> np.ndarray:
        basis = torch.as_tensor(basis).to(self.points_)
        (N, D), indices = self.points_.shape, self._neighbors()[0]

        if basis.ndim != 3 or basis.shape[0] != N or basis.shape[2] != D:
            raise ValueError(
                f"expected a basis with shape ({N}, d, {D}), got {tuple(basis.shape)}."
            )

        leaves = edges.normal_share(self.points_, indices, basis).cpu().numpy() > threshold
        return ~leaves & ~edges.reversed_in(indices.cpu().numpy(), leaves)
