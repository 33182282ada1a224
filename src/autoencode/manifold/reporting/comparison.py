r"""Anomaly scores of known and new examples, compared."""

__all__ = ["compare_with_new", "probability_less"]

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.estimates import Estimate
from ..anomalies.detector import OffManifoldDetector
from ..arrays import as_examples, select_rows
from .records import Comparison
from .result import Drift
from .rows import draw, to_array

MAX_COMPARED = 1000


def compare_with_new(
    detector: OffManifoldDetector, X: Any, X_new: Any, rng: np.random.RandomState
) -> Comparison:
    r"""Fits a detector to some examples, and scores other known examples and new ones.

    Arguments:
        detector: The detector, before `fit`.
        X: Known examples.
        X_new: New examples, or `None`.
        rng: The generator for samples of examples.

    Example:
        >>> X = np.random.default_rng(0).normal(size=(200, 3)) * [1, 1, 0.1]
        >>> rng = np.random.RandomState(0)
        >>> comparison = compare_with_new(OffManifoldDetector(), X, X + [0, 0, 1], rng)
        >>> comparison.off.value < 0.1 < comparison.drift.off_manifold.value
        True
    """
    learned, known = np.array_split(rng.permutation(len(X))[: 2 * MAX_COMPARED], 2)
    detector.fit(select_rows(X, np.sort(learned)))
    judged = select_rows(X, np.sort(known))
    on, off = map(to_array, detector.decompose(judged))
    off_fraction, drift = _proportion(on + off < detector.offset_), None

    if X_new is not None:
        X_new = as_examples(X_new)

        if len(X_new) < 2:
            raise ValueError(f"expected at least two new examples to compare, got {len(X_new)}.")

        judged = select_rows(X_new, draw(rng, len(X_new), MAX_COMPARED))
        new_on, new_off = map(to_array, detector.decompose(judged))
        unusual = _proportion(new_on + new_off < detector.offset_)
        drift = Drift(
            len(new_on), unusual, probability_less(new_off, off), probability_less(new_on, on)
        )
        on, off = new_on, new_off

    strangest = (on + off).argsort(kind="stable")[:10]
    return Comparison(len(known), off_fraction, drift, select_rows(judged, strangest))


def _proportion(chosen: NDArray) -> Estimate:
    r"""Returns a fraction, with a positive standard error even if none or all were chosen."""
    n, p = len(chosen), (chosen.sum() + 1) / (len(chosen) + 2)
    return Estimate(float(chosen.mean()), math.sqrt(p * (1 - p) / n))


def probability_less(new: NDArray, known: NDArray) -> Estimate:
    r"""Probability that a new value is less than a known one.

    Arguments:
        new: Some values.
        known: Others.

    References:
        | Comparing the Areas under Two or More Correlated Receiver Operating Characteristic
          Curves: A Nonparametric Approach (DeLong et al., 1988)

    Example:
        >>> probability_less(np.array([1.0, 2.0]), np.array([3.0, 4.0])).value
        1.0
    """

    def below(a: NDArray, b: NDArray) -> NDArray:
        fewest, most = (np.searchsorted(np.sort(a), b, side) for side in ("left", "right"))
        return (fewest + most) / (2 * len(a))

    u, v = below(new, known), 1 - below(known, new)
    return Estimate(float(u.mean()), math.sqrt(u.var(ddof=1) / len(u) + v.var(ddof=1) / len(v)))
