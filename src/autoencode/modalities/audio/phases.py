r"""Phases of short-time Fourier transforms, computed from their magnitudes."""

__all__ = ["integrate_phases"]

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

HANN = 0.249  # of the squared length of a Hann window: gamma of the most correlated Gaussian
_MIN_RELATIVE_MAGNITUDE = 1e-10  # relative magnitudes below are rounding


def integrate_phases(S: NDArray, hop: int, gamma: float | None = None) -> NDArray:
    r"""Phases of a short-time Fourier transform, up to a constant, from its magnitudes.

    .. math:: \frac{\partial \phi}{\partial t} = 2 \pi f + \frac{1}{\gamma}
        \frac{\partial \log S}{\partial f}, \qquad
        \frac{\partial \phi}{\partial f} = -\gamma \frac{\partial \log S}{\partial t} - \pi M

    The gradient is exact for windows :math:`e^{- \pi t^2 / \gamma}` of infinite length; :math:`M`
    is the length of the window, as phases are those at its first sample. The gradient is
    integrated from the largest magnitude along a maximum spanning tree. The weight of an edge is
    the product of two neighboring magnitudes, so that phases pass by small magnitudes only where
    there is no other way. This takes the place of the heap of the reference, which also begins
    with large magnitudes.

    References:
        | A Noniterative Method for Reconstruction of Phase From STFT Magnitude
          (Prusa, Balazs & Sondergaard, 2017)
        | https://doi.org/10.1109/TASLP.2017.2678166

    Arguments:
        S: The magnitudes, with shape `(K, T)`, for windows of `M = 2 * (K - 1)` samples.
        hop: The samples between two frames.
        gamma: The squared width :math:`\gamma` of the window, in squared samples; by default that
            of the Gaussian nearest to a Hann window.

    Returns:
        The phases in radians, with shape `(K, T)`; zeros for silence.

    Example:
        >>> integrate_phases(np.zeros((5, 3)), hop=2).shape
        (5, 3)
    """
    K, T = S.shape
    peak = float(S.max())

    if not 0 < peak < math.inf:
        return np.zeros((K, T))

    M = 2 * (K - 1)
    gamma = HANN * M**2 if gamma is None else gamma
    s = np.log(np.maximum(S.astype(np.float64) / peak, _MIN_RELATIVE_MAGNITUDE))

    # Steps from one frame, and from one frequency, to the next
    by_frame = hop * M / gamma * _gradient(s, 0) + 2 * np.pi * hop / M * np.arange(K)[:, None]
    by_bin = -gamma / (hop * M) * _gradient(s, 1) - np.pi
    steps = [(by_frame[:, 1:] + by_frame[:, :-1]) / 2, (by_bin[1:] + by_bin[:-1]) / 2]

    first, second, order, indptr = _edges(K, T)
    s = s.ravel()
    weights = s[first] + s[second]
    costs = weights.max() + 1 - weights  # zero would be no edge
    graph = csr_matrix((costs[order], second[order], indptr), shape=(K * T, K * T))
    root = int(s.argmax())
    nodes, parents = breadth_first_order(minimum_spanning_tree(graph), root, directed=False)

    return _sums(nodes, parents, steps, root).reshape(K, T)


def _gradient(s: NDArray, axis: int) -> NDArray:
    r"""Returns differences to the neighbors, exact for squares also at the ends."""
    n = s.shape[axis]
    return np.gradient(s, axis=axis, edge_order=min(2, n - 1)) if n > 1 else np.zeros_like(s)


@lru_cache(maxsize=8)
def _edges(K: int, T: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    r"""Returns both ends of the edges of a grid, their order by the first end, and its counts."""
    index = np.arange(K * T, dtype=np.int32).reshape(K, T)
    first = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    second = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    indptr = np.concatenate([[0], np.bincount(first, minlength=K * T).cumsum()])

    return first, second, first.argsort(kind="stable"), indptr.astype(np.int32)


def _sums(nodes: NDArray, parents: NDArray, steps: list[NDArray], root: int) -> NDArray:
    r"""Returns the sums of the steps from the root to each node."""
    T = steps[1].shape[1]
    parents = np.where(parents < 0, root, parents)
    nodes = nodes[nodes != root]
    ends = parents[nodes]
    sign = np.sign(nodes - ends)
    along_time = nodes // T == ends // T
    row, column = np.divmod(np.minimum(nodes, ends), T)

    total = np.zeros(len(parents))
    total[nodes[along_time]] = steps[0][row[along_time], column[along_time]]
    total[nodes[~along_time]] = steps[1][row[~along_time], column[~along_time]]
    total[nodes] *= sign

    # Each round doubles the part of the path that is summed
    while (parents != root).any():
        total, parents = total + total[parents], parents[parents]

    return total
