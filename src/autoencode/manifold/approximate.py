r"""Neighbours among millions of points, with a recall that is measured."""

__all__ = ["Approximate"]

import logging
from types import ModuleType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .search import knn

log = logging.getLogger(__name__)

EFFORTS = (32, 64, 128, 256, 512, 1024, 2048)
SAMPLE = 1000  # queries whose neighbours are searched exactly, to choose; as many to measure


class Recall(NamedTuple):
    r"""The share of the true neighbours that are found.

    Example:
        >>> Recall(0.995, 0.001).value
        0.995
    """

    value: float
    r"""The mean of a sample of queries."""

    standard_error: float
    r"""The standard error of the mean."""


class Approximate:
    r"""A hierarchy of navigable small-world graphs, searched as thoroughly as needed.

    The effort of the search is raised until the mean recall of a sample of the points
    reaches the target. What is reported is the recall of other points.

    References:
        | Efficient and Robust Approximate Nearest Neighbor Search Using Hierarchical Navigable
          Small World Graphs (Malkov & Yashunin, 2018)
        | https://arxiv.org/abs/1603.09320

    Arguments:
        points: The points, with shape `(N, D)`.
        k: For how many neighbours the recall is measured.
        target_recall: The mean recall to reach.
        random_state: Draws the queries by which recall is measured.

    Example:
        >>> index = Approximate(points, 15, 0.99, np.random.RandomState(0))  # doctest: +SKIP
        >>> index.recall  # doctest: +SKIP
        Recall(value=0.9947, standard_error=0.0005)
    """

    def __init__(
        self, points: Tensor, k: int, target_recall: float, random_state: np.random.RandomState
    ) -> None:
        self.points = points
        self.index = _faiss().IndexHNSWFlat(points.shape[1], 32)
        self.index.add(_single(points))

        size = min(SAMPLE, len(points) // 2)
        rows = torch.as_tensor(random_state.permutation(len(points))[: 2 * size])
        rows = rows.to(points.device)
        truth = knn(points, k, points[rows], own=rows)[1]

        for self.effort in EFFORTS:
            if self._recall(rows[:size], truth[:size]).value >= target_recall:
                break

        self.recall = self._recall(rows[size:], truth[size:])

        if self.recall.value < target_recall:
            log.warning(
                "found %.4f of the neighbours instead of %.4f.", self.recall.value, target_recall
            )

    def knn(
        self, k: int, queries: Tensor | None = None, own: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        r"""As :func:`~autoencode.manifold.knn`, of the points that were given."""
        if queries is None:
            queries, own = self.points, torch.arange(len(self.points), device=self.points.device)

        n = k + (own is not None)
        self.index.hnsw.efSearch = max(self.effort, 2 * n)
        j = torch.as_tensor(self.index.search(_single(queries), n)[1]).to(queries.device)

        if own is not None:
            left_out = j == own[:, None]
            left_out[~left_out.any(dim=1), -1] = True
            j = j[~left_out].view(-1, k)

        if (failed := (j < 0).any(dim=1)).any():
            rest = None if own is None else own[failed]
            j[failed] = knn(self.points, k, queries[failed], own=rest)[1]

        parts = zip(queries.split(2**12), j.split(2**12))
        found = [_sorted(self.points, x, candidates) for x, candidates in parts]
        return torch.cat([d for d, _ in found]), torch.cat([j for _, j in found])

    def _recall(self, rows: Tensor, truth: Tensor) -> Recall:
        found = self.knn(truth.shape[1], self.points[rows], own=rows)[1]
        recall = (found[:, :, None] == truth[:, None]).any(dim=2).double().mean(dim=1)
        return Recall(float(recall.mean()), float(recall.std() / len(rows) ** 0.5))


def available() -> bool:
    r"""Whether the package for approximate search is installed."""
    try:
        _faiss()
    except ImportError:
        return False

    return True


def _faiss() -> ModuleType:
    import faiss

    return faiss


def _single(x: Tensor) -> np.ndarray:
    return np.ascontiguousarray(x.detach().cpu().numpy(), dtype=np.float32)


def _sorted(points: Tensor, x: Tensor, j: Tensor) -> tuple[Tensor, Tensor]:
    j = j.sort(dim=1).values
    d, order = (points[j].double() - x[:, None].double()).norm(dim=-1).sort(dim=1, stable=True)
    return d.to(torch.promote_types(points.dtype, torch.float32)), j.gather(1, order)
