r"""Edges from points to their neighbors, as matrices."""

__all__ = ["is_reciprocal", "normal_fraction", "self_tuning_affinity", "symmetric_adjacency"]

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

TINY = float(np.finfo(np.float64).tiny)


def symmetric_adjacency(
    indices: np.ndarray, distances: np.ndarray, edge_mask: np.ndarray
) -> csr_array:
    r"""Symmetric matrix of the lengths of edges.

    A length of zero becomes the smallest normal number. Sparse matrices drop zeros, and the
    difference does not change any sum of lengths.

    Arguments:
        indices: The neighbors of each point, with shape `(N, k)`.
        distances: Their distances, with shape `(N, k)`.
        edge_mask: Mask of the edges to keep, with shape `(N, k)`.

    Returns:
        The matrix, with shape `(N, N)`.

    Example:
        >>> indices, mask = np.array([[1], [0], [1]]), np.full((3, 1), True)
        >>> symmetric_adjacency(indices, np.ones((3, 1)), mask).nnz
        4
    """
    N = len(indices)
    i, j = edge_mask.nonzero()[0], indices[edge_mask]
    i, j = np.minimum(i, j), np.maximum(i, j)

    # An edge that was found from both ends counts once
    _, first = np.unique(i * N + j, return_index=True)
    i, j = i[first], j[first]

    lengths = np.maximum(distances[edge_mask][first].astype(np.float64), TINY)
    ends = (np.concatenate([i, j]), np.concatenate([j, i]))
    return csr_array((np.tile(lengths, 2), ends), shape=(N, N))


def is_reciprocal(indices: np.ndarray, edge_mask: np.ndarray) -> np.ndarray:
    r"""Tell whether each edge was also found, and selected, from its other end.

    Arguments:
        indices: The neighbors of each point, with shape `(N, k)`.
        edge_mask: Mask of the selected edges, with shape `(N, k)`.

    Returns:
        A mask with shape `(N, k)`.

    Example:
        >>> is_reciprocal(np.array([[1], [0], [1]]), np.full((3, 1), True)).tolist()
        [[True], [True], [False]]
    """
    N = len(indices)
    i = np.arange(N)[:, None]
    return np.isin(indices * N + i, (i * N + indices)[edge_mask])


def normal_fraction(points: Tensor, indices: Tensor, basis: Tensor) -> Tensor:
    r"""Fraction of each edge that is normal to the tangent plane at its start.

    .. math:: \frac{\| (I - P_i)(x_j - x_i) \|}{\| x_j - x_i \|}

    Arguments:
        points: The points, with shape `(N, D)`.
        indices: The neighbors of each, with shape `(N, k)`.
        basis: An orthonormal basis of the plane at each point, with shape `(N, d, D)`.

    Returns:
        Fractions between 0 and 1, with shape `(N, k)`; 0 where points coincide.

    Example:
        >>> points, east = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[[1.0, 0.0]]])
        >>> normal_fraction(points, torch.tensor([[1], [0]]), east.expand(2, 1, 2))
        tensor([[0.8000],
                [0.8000]])
    """
    n = max(1, 2**23 // (indices.shape[1] * points.shape[1]))
    shares = []

    for x, j, b in zip(points.split(n), indices.split(n), basis.split(n)):
        edges = points[j] - x[:, None]
        normal = edges - edges @ b.mT @ b
        lengths = edges.norm(dim=2)
        shares.append(normal.norm(dim=2) / lengths.where(lengths > 0, 1.0))

    return torch.cat(shares)


def self_tuning_affinity(lengths: csr_array, scale: np.ndarray) -> csr_array:
    r"""Weights of edges that decrease with their length, with a scale for each point.

    .. math:: w_{ij} = \exp \left( -\frac{d_{ij}^2}{\sigma_i \sigma_j} \right)

    The exponent is limited to -20, so that no weight is zero.

    References:
        | Self-Tuning Spectral Clustering (Zelnik-Manor & Perona, 2004)

    Arguments:
        lengths: The matrix of edge lengths, with shape `(N, N)`.
        scale: The scale :math:`\sigma` of each point, with shape `(N,)`.

    Returns:
        The matrix of weights, with shape `(N, N)`.

    Example:
        >>> mask = np.full((2, 1), True)
        >>> lengths = symmetric_adjacency(np.array([[1], [0]]), np.ones((2, 1)), mask)
        >>> self_tuning_affinity(lengths, np.ones(2)).toarray().round(4).tolist()
        [[0.0, 0.3679], [0.3679, 0.0]]
    """
    i, j = lengths.tocoo().coords
    exponent = (lengths.data / np.maximum(scale[i], TINY)) * (
        lengths.data / np.maximum(scale[j], TINY)
    )
    return csr_array((np.exp(-exponent.clip(max=20)), (i, j)), shape=lengths.shape)
