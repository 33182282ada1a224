r"""Preservation of neighbors by codes of texts, with edit distances."""

__all__ = ["pairwise_edit_distances", "rank_preservation", "tied_recall"]

import torch
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ...modalities.text.edit_distance import edits

_MAX_BYTES = 1000  # number of bytes of each text that are compared
_MAX_TABLE_CELLS = 2**29  # cells of dynamic programming, which take a few seconds
_MAX_ROW_CELLS = 2**20  # cells in memory


def pairwise_edit_distances(x: Tensor, least: int) -> Tensor:
    r"""Pairwise edit distances of texts in bytes, in the order of the texts.

    Arguments:
        x: Rows of bytes, ended and padded by 255, with shape `(N, L)`. Only the first thousand
            bytes of long texts are compared.
        least: The minimum number of texts to compare; more are compared if they are short.

    Returns:
        The distances of the first `n` texts, with shape `(n, n)`.

    Example:
        >>> pairwise_edit_distances(torch.tensor([[97, 98, 255], [97, 255, 255]]), least=2)
        tensor([[0., 1.],
                [1., 0.]], dtype=torch.float64)
    """
    x = x[:, :_MAX_BYTES]
    n = min(len(x), max(least, int(_MAX_TABLE_CELLS**0.5 / x.shape[1])))
    i, j = torch.triu_indices(n, n, offset=1).to(x.device)
    D = torch.zeros(n, n, dtype=torch.float64, device=x.device)

    for pairs in torch.arange(len(i)).split(max(1, _MAX_ROW_CELLS // x.shape[1])):
        a, b = i[pairs], j[pairs]
        D[a, b] = edits(x[a], x[b], end=255).double()

    return D + D.T


def rank_preservation(D: Tensor, z: Tensor, n_neighbors: int, N: int) -> tuple[Estimate, Estimate]:
    r"""Trustworthiness and continuity of distances with ties.

    The definitions are those of :func:`~autoencode.manifold.trustworthiness`. Many edit distances
    are equal. The result is the mean over all orders of tied examples.

    Arguments:
        D: The distances between examples, with shape `(n, n)`.
        z: Their codes, with shape `(n, d)`.
        n_neighbors: The number of neighbors, less than `n / 2`.
        N: The number of examples from which these were sampled.

    Example:
        >>> z = torch.randn(50, 2)
        >>> [estimate.value for estimate in rank_preservation(torch.cdist(z, z), z, 5, 50)]
        [1.0, 1.0]
    """
    n, k, z = len(D), n_neighbors, z.to(D)
    spaces = [_without_self(D), _without_self(torch.cdist(z, z))]
    scale = 2 / (k * (2 * n - 3 * k - 1))
    trust, continuity = (
        estimate_mean(1 - scale * (_nearest(a, k) * _excess(b, k)).sum(dim=1), N)
        for a, b in (spaces[::-1], spaces)
    )

    return trust, continuity


def tied_recall(D: Tensor, z: Tensor, n_neighbors: int) -> Estimate:
    r"""Recall of neighbors for distances with ties, the mean over all orders of tied examples.

    Arguments:
        D: The distances between examples, with shape `(n, n)`.
        z: Their codes, with shape `(n, d)`.
        n_neighbors: The number of neighbors, less than `n`.

    Example:
        >>> z = torch.randn(50, 2)
        >>> tied_recall(torch.cdist(z, z), z, 5).value
        1.0
    """
    near = (_nearest(_without_self(a), n_neighbors) for a in (D, torch.cdist(z, z).to(D)))
    return estimate_mean(torch.mul(*near).sum(dim=1) / n_neighbors, len(D))


def _nearest(D: Tensor, k: int) -> Tensor:
    r"""Returns the probability that each example is among the k nearest."""
    farthest = D.kthvalue(k, dim=1, keepdim=True).values
    closer, equal = (D < farthest).double(), (D == farthest).double()

    return closer + equal * (k - closer.sum(dim=1, keepdim=True)) / equal.sum(dim=1, keepdim=True)


def _excess(D: Tensor, k: int) -> Tensor:
    r"""Returns the excess of each rank over k, at least zero, averaged over tied ranks."""
    ordered = D.sort(dim=1).values
    first, last = (torch.searchsorted(ordered, D, right=right) for right in (False, True))
    below, above = ((a - k).clamp(min=0).double() for a in (first, last))

    return (above * (above + 1) - below * (below + 1)) / (2 * (last - first))


def _without_self(D: Tensor) -> Tensor:
    return D.clone().fill_diagonal_(torch.inf)
