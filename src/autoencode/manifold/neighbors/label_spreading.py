r"""Label spreading: labels of all points from a few labeled ones."""

__all__ = ["LabelSpreadingResult", "label_spreading", "spread_labels"]

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from sklearn.utils.validation import check_is_fitted

from .edges import self_tuning_affinity
from .graph import NeighborGraph


class LabelSpreadingResult(NamedTuple):
    r"""Labels and class probabilities of all points.

    See Also:
        :func:`~autoencode.manifold.label_spreading`

    Example:
        >>> from scipy.sparse import csr_array
        >>> spread_labels(csr_array(np.ones((2, 2))), [7, -1]).labels
        array([7, 7])
    """

    labels: np.ndarray
    r"""The most probable label of each point, with shape `(N,)`; unknown in components
    without a label."""

    probabilities: np.ndarray
    r"""Class probabilities, with shape `(N, C)`; uniform in components without a label."""

    classes: np.ndarray
    r"""The classes, in ascending order, with shape `(C,)`."""

    reached: np.ndarray
    r"""Mask of the points whose component has a label, with shape `(N,)`."""


def label_spreading(
    graph: NeighborGraph, y: ArrayLike, alpha: float = 0.9
) -> LabelSpreadingResult:
    r"""Labels all points of a graph from a few labeled ones.

    Edges have the weight :math:`\exp(-d_{ij}^2 / \sigma_i \sigma_j)`, where :math:`\sigma_i` is
    the distance from :math:`i` to its last neighbor. With few labels and a reliable graph, an
    `alpha` of 0.99 spreads them farther.

    References:
        | Self-Tuning Spectral Clustering (Zelnik-Manor & Perona, 2004)

    Arguments:
        graph: A fitted graph.
        y: The labels, with shape `(N,)`. Unknown labels are -1, `None` or NaN.
        alpha: The weight :math:`0 < \alpha < 1` of the neighbors relative to the own label.

    Returns:
        Labels, probabilities, classes, and the mask of labeled components.

    See Also:
        :class:`~autoencode.manifold.NeighborGraph`, :func:`~autoencode.manifold.select_landmarks`

    Example:
        >>> graph = NeighborGraph(n_neighbors=2)
        >>> graph = graph.fit(np.concatenate([np.arange(5.0), np.arange(10.0, 15.0)])[:, None])
        >>> y = ["low", *4 * [None], *4 * [None], "high"]
        >>> label_spreading(graph, y).labels[[4, 5]]
        array(['low', 'high'], dtype=object)
    """
    check_is_fitted(graph)
    scale = np.asarray(graph.neighbor_tensors()[1][:, -1].cpu(), dtype=np.float64)
    return spread_labels(self_tuning_affinity(graph.graph_, scale), y, alpha)


def spread_labels(
    weights: csr_array, y: ArrayLike, alpha: float = 0.9, tolerance: float = 1e-10
) -> LabelSpreadingResult:
    r"""Spreads labels over a matrix of edge weights.

    .. math:: (I - \alpha S) F = Y, \qquad S = D^{-1/2} W D^{-1/2}

    Up to a factor, the solution is the fixed point of the iteration
    :math:`F \leftarrow \alpha S F + (1 - \alpha) Y`. It is computed by conjugate gradients. The
    largest entry in the row of a point determines its label, which may differ from a given label.
    The normalized row holds the probabilities.

    References:
        | Learning with Local and Global Consistency (Zhou et al., 2004)
        | https://proceedings.neurips.cc/paper/2003/hash/87682805257e619d49b8e0dfdc14affa-Abstract.html

    Arguments:
        weights: The symmetric matrix :math:`W \geq 0` of weights, with shape `(N, N)`.
        y: The labels, with shape `(N,)`. Unknown labels are -1, `None` or NaN.
        alpha: The weight :math:`0 < \alpha < 1` of the neighbors relative to the own label.
        tolerance: The relative norm of the residual at which the iteration stops.

    Returns:
        Labels, probabilities, classes, and the mask of labeled components.

    Raises:
        ValueError: If `y` has no label or the wrong length, or `alpha` is not between 0 and 1.

    Example:
        >>> from scipy.sparse import csr_array
        >>> chain = csr_array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]])
        >>> spread_labels(chain, ["a", None, None, "b"]).labels
        array(['a', 'a', 'b', 'b'], dtype=object)
    """
    y = _read(y)
    N = weights.shape[0]

    if y.shape != (N,):
        raise ValueError(f"expected one label for each of {N} points, got shape {y.shape}.")

    if not 0 < alpha < 1:
        raise ValueError(f"expected alpha between 0 and 1, got {alpha}.")

    known = ~_unknown(y)

    if not known.any():
        raise ValueError("expected some labels, but all are unknown: -1, None or NaN.")

    classes, codes = np.unique(y[known], return_inverse=True)
    Y = np.zeros((N, len(classes)))
    Y[known.nonzero()[0], codes] = 1

    degrees = weights.sum(axis=1)
    root = diags_array(np.divide(1, np.sqrt(degrees), out=np.zeros(N), where=degrees > 0))
    S = root @ weights @ root

    F = _conjugate_gradients(lambda V: V - alpha * (S @ V), Y, tolerance).clip(min=0)

    component = connected_components(weights, directed=False)[1]
    reached = np.isin(component, component[known]) & F.any(axis=1)
    F[~reached] = 1

    labels = np.array(classes[F.argmax(axis=1)], dtype=y.dtype)
    labels[~reached] = y[~reached]
    return LabelSpreadingResult(labels, F / F.sum(axis=1, keepdims=True), classes, reached)


def _read(y: ArrayLike) -> np.ndarray:
    labels = np.asarray(y)

    if labels.dtype.kind in "US" and not hasattr(y, "dtype"):
        return np.array(y, dtype=object)  # numpy would convert unknown labels to strings

    return labels


def _unknown(y: np.ndarray) -> np.ndarray:
    return np.array([_is_missing(v) or v == -1 for v in y.tolist()], dtype=bool)


def _is_missing(v: Any) -> bool:
    r"""True if a label is `None`, NaN, or a missing value of pandas, which has no truth value."""
    return v is None or type(v).__name__ in {"NAType", "NaTType"} or bool(v != v)


def _conjugate_gradients(
    product: Callable[[np.ndarray], np.ndarray], B: np.ndarray, tolerance: float
) -> np.ndarray:
    r"""Solves :math:`A X = B` for all columns at once, each with its own step sizes."""
    X, R = np.zeros_like(B), B.copy()
    P, rr = R.copy(), (R * R).sum(axis=0)
    enough = tolerance**2 * rr

    while (active := rr > enough).any():
        AP = product(P)
        step = _ratio(rr, (P * AP).sum(axis=0), active)
        X += step * P
        R -= step * AP
        rr, before = (R * R).sum(axis=0), rr
        P = R + _ratio(rr, before, active) * P

    return X


def _ratio(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.zeros_like(a), where=where)
