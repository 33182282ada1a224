r"""Approximate nearest neighbors with an inverted file and a measured recall."""

__all__ = ["InvertedFileIndex"]

import logging
from bisect import bisect_left
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from .exact import knn

log = logging.getLogger(__name__)

SAMPLE_SIZE = 1000  # queries that choose the number of cells, and others that measure the recall
CELLS_PER_SQRT_N = 4
TRAINING_POINTS_PER_CELL = 64  # more points hardly move the means
EXACT_ABOVE = 0.2  # fraction of cells above which an exact search of all points is faster


class InvertedFileIndex:
    r"""Index of points in cells, which searches the cells near a query.

    A cell holds the points that are closest to one of :math:`4 \sqrt{N}` means. The number of
    cells to search follows from a sample of points whose true neighbors are known, so that the
    target recall is reached. The reported recall is that of another sample.

    Data near a surface of few dimensions need about one percent of the cells. If the data vary
    alike in many dimensions, a search of cells saves little, and the search is exact.

    References:
        | Product Quantization for Nearest Neighbor Search (Jégou et al., 2011), for the
          inverted file
        | https://doi.org/10.1109/TPAMI.2010.57

    Arguments:
        points: The points, with shape `(N, D)`.
        k: The number of neighbors for which the recall is measured.
        target_recall: The mean recall to reach.
        random_state: The generator for both samples.
    """

    def __init__(
        self, points: Tensor, k: int, target_recall: float, random_state: np.random.RandomState
    ) -> None:
        self.points = points
        self.mean = points.double().mean(
            dim=0
        )  # centering keeps single precision far from the origin
        self.index = _build_index(self._single(points), random_state.randint(2**31))

        size = min(SAMPLE_SIZE, len(points) // 2)
        rows = torch.as_tensor(random_state.permutation(len(points))[: 2 * size])
        rows = rows.to(points.device)
        truth = knn(points, k, points[rows], self_indices=rows)[1]

        self.k = k
        self.n_cells = self._n_cells(rows[:size], truth[:size], target_recall)
        self.exact = self.n_cells > EXACT_ABOVE * self.index.nlist
        self.recall = Estimate(1.0, 0.0) if self.exact else self._recall(rows[size:], truth[size:])

        if self.recall.value < target_recall:
            log.warning(
                "the search found a share of %.4f of the neighbors, instead of %.4f.",
                self.recall.value,
                target_recall,
            )

    def knn(
        self, k: int, queries: Tensor | None = None, self_indices: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        r"""Nearest neighbors, as in :func:`~autoencode.manifold.knn`, in the index."""
        if queries is None:
            queries, self_indices = (
                self.points,
                torch.arange(len(self.points), device=self.points.device),
            )

        if self.exact:
            return knn(self.points, k, queries, self_indices=self_indices)

        n = k + (self_indices is not None)
        self.index.nprobe = min(self.index.nlist, self.n_cells * -(-k // self.k))
        j = self._search(self._single(queries), n).to(queries.device)

        if self_indices is not None:
            left_out = j == self_indices[:, None]
            left_out[~left_out.any(dim=1), -1] = True
            j = j[~left_out].view(-1, k)

        if (failed := (j < 0).any(dim=1)).any():
            rest = None if self_indices is None else self_indices[failed]
            j[failed] = knn(self.points, k, queries[failed], self_indices=rest)[1]

        parts = zip(queries.split(2**12), j.split(2**12))
        results = [_sorted(self.points, x, candidates) for x, candidates in parts]
        return torch.cat([d for d, _ in results]), torch.cat([j for _, j in results])

    def _search(self, x: np.ndarray, n: int) -> Tensor:
        # Sorted by cell, queries find their cell in the processor's cache, and take half the time
        order = self.index.quantizer.search(x, 1)[1][:, 0].argsort(kind="stable")
        nearest = np.empty((len(x), n), dtype=np.int64)
        nearest[order] = self.index.search(x[order], n)[1]

        return torch.as_tensor(nearest)

    def _n_cells(self, rows: Tensor, truth: Tensor, target_recall: float) -> int:
        r"""Returns the number of cells to search, with a margin of two standard errors."""
        nearest = self.index.quantizer.search(self._single(self.points[rows]), self.index.nlist)[1]
        home = self.index.quantizer.search(self._single(self.points[truth.flatten()]), 1)[1]
        rank = nearest.argsort(axis=1)
        rank = np.take_along_axis(rank, home.reshape(truth.shape), axis=1)

        def lower(n: int) -> float:
            recall = (rank < n).mean(axis=1)
            return recall.mean() - 2 * recall.std() / len(rows) ** 0.5

        return 1 + bisect_left(range(1, self.index.nlist), target_recall, key=lower)

    def _single(self, x: Tensor) -> np.ndarray:
        return np.ascontiguousarray((x.detach() - self.mean).cpu().numpy(), dtype=np.float32)

    def _recall(self, rows: Tensor, truth: Tensor) -> Estimate:
        neighbors = self.knn(truth.shape[1], self.points[rows], self_indices=rows)[1]
        recall = (neighbors[:, :, None] == truth[:, None]).any(dim=2).double().mean(dim=1)
        return estimate_mean(recall)


def available() -> bool:
    r"""Tell whether the package for approximate search is installed."""
    try:
        _faiss()
    except ImportError:
        return False

    return True


def _faiss() -> ModuleType:
    import faiss

    return faiss


def _build_index(x: np.ndarray, seed: int) -> Any:
    r"""Returns an inverted file of points, with shape `(N, D)`."""
    faiss = _faiss()
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatL2(x.shape[1]), x.shape[1], int(CELLS_PER_SQRT_N * len(x) ** 0.5)
    )
    index.cp.seed = seed
    index.cp.niter = 10
    index.cp.min_points_per_centroid = 1
    index.cp.max_points_per_centroid = TRAINING_POINTS_PER_CELL
    index.train(x)
    index.add(x)

    return index


def _sorted(points: Tensor, x: Tensor, j: Tensor) -> tuple[Tensor, Tensor]:
    j = j.sort(dim=1).values
    d, order = (points[j].double() - x[:, None].double()).norm(dim=-1).sort(dim=1, stable=True)
    return d.to(torch.promote_types(points.dtype, torch.float32)), j.gather(1, order)
