r"""Labels that spread over a graph."""

__all__ = ["LabelSpreadingResult", "spread_labels"]

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components


class LabelSpreadingResult(NamedTuple):
    r"""What is known of each point after a few labels have spread.

    Example:
        >>> from scipy.sparse import csr_array
        >>> spread_labels(csr_array(np.ones((2, 2))), [7, -1]).labels
        array([7, 7])
    """

    labels: np.ndarray
    r"""The most probable label of each point, with shape `(N,)`; unknown where no label
    reaches."""

    probabilities: np.ndarray
    r"""Of each class, with shape `(N, C)`; all the same where no label reaches."""

    classes: np.ndarray
    r"""The classes, in ascending order, with shape `(C,)`."""

    reached: np.ndarray
    r"""Whether the component of a point has a label at all, with shape `(N,)`."""


def spread_labels(
    weights: csr_array, y: ArrayLike, alpha: float = 0.9, tolerance: float = 1e-10
) -> LabelSpreadingResult:
    r"""Spreads a few labels over a weighted graph.

    .. math:: (I - \alpha S) F = Y, \qquad S = D^{-1/2} W D^{-1/2}

    This is where the iteration :math:`F \leftarrow \alpha S F + (1 - \alpha) Y` ends, but for
    a factor; it is solved by conjugate gradients. A point has the label of the largest entry
    of its row of :math:`F`, which for labeled points need not be their own label. Its
    probabilities are the shares of the entries.

    References:
        | Learning with Local and Global Consistency (Zhou et al., 2004)
        | https://proceedings.neurips.cc/paper/2003/hash/87682805257e619d49b8e0dfdc14affa-Abstract.html

    Arguments:
        weights: The symmetric matrix :math:`W` of weights, at least zero, with shape `(N, N)`.
        y: The labels, with shape `(N,)`. Unknown ones are -1, `None` or NaN.
        alpha: The weight :math:`0 < \alpha < 1` of the neighbors against one's own label.
        tolerance: The norm of the residual at which to stop, relative to that of :math:`Y`.

    Returns:
        Labels, probabilities, classes, and which points were reached.

    Raises:
        ValueError: If `y` has no label, or not one entry for each point, or `alpha` is not
            between 0 and 1.

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
        return np.array(y, dtype=object)  # numpy would make strings of unknown labels

    return labels


def _unknown(y: np.ndarray) -> np.ndarray:
    return np.array([_is_missing(v) or v == -1 for v in y.tolist()], dtype=bool)


def _is_missing(v: Any) -> bool:
    r"""Whether a label is `None`, NaN, or what pandas has for them, which compares to nothing."""
    return v is None or type(v).__name__ in {"NAType", "NaTType"} or bool(v != v)


def _conjugate_gradients(
    product: Callable[[np.ndarray], np.ndarray], B: np.ndarray, tolerance: float
) -> np.ndarray:
    r"""Solves :math:`A X = B`, each column with steps of its own, until it is done."""
    X, R = np.zeros_like(B), B.copy()
    P, rr = R.copy(), (R * R).sum(axis=0)
    enough = tolerance**2 * rr

    while (left := rr > enough).any():
        AP = product(P)
        step = _ratio(rr, (P * AP).sum(axis=0), left)
        X += step * P
        R -= step * AP
        rr, before = (R * R).sum(axis=0), rr
        P = R + _ratio(rr, before, left) * P

    return X


def _ratio(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.zeros_like(a), where=where)
