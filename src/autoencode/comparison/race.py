r"""The choice of what to try next when time is short."""

__all__ = ["contenders"]

import math
from collections.abc import Mapping, Sequence

import numpy as np

Candidate = tuple[str, int]  # method and code size


def contenders(errors: Mapping[Candidate, Sequence[float]], reference: str) -> list[Candidate]:
    r"""Halve the candidates, and keep those for which the answer is still open.

    Among the methods of each code size, the best one and the reference stay. Half of the others
    stay, too: those whose errors are closest to the best one, in units of the variation over
    folds. This is a round of successive halving.

    References:
        | Non-stochastic Best Arm Identification and Hyperparameter Optimization
          (Jamieson & Talwalkar, 2016)
        | https://proceedings.mlr.press/v51/jamieson16.html

    Arguments:
        errors: The errors of each candidate over the folds so far; lower is better.
        reference: The method that stays.

    Example:
        >>> errors = {("pca", 2): [3.0], ("a", 2): [1.0], ("b", 2): [1.1], ("c", 2): [9.0]}
        >>> contenders(errors, "pca")
        [('pca', 2), ('a', 2), ('b', 2)]
    """
    kept: set[Candidate] = set()
    doubtful: list[tuple[float, Candidate]] = []

    for size in {d for _, d in errors}:
        rivals = {c: np.asarray(e) for c, e in errors.items() if c[1] == size}
        best = min(rivals, key=lambda c: float(np.mean(rivals[c])))
        kept |= {best, (reference, size)} & set(rivals)
        doubtful += [(_distance(e, rivals[best]), c) for c, e in rivals.items() if c not in kept]

    doubtful.sort(key=lambda pair: pair[0])
    kept |= {c for _, c in doubtful[: math.ceil(len(doubtful) / 2)]}

    return [c for c in errors if c in kept]


def _distance(errors: np.ndarray, best: np.ndarray) -> float:
    n = min(len(errors), len(best))
    gaps = errors[:n] - best[:n]
    spread = float(gaps.std(ddof=1)) if n > 1 else float(abs(best[:n].mean()))

    return float(gaps.mean()) / max(spread, 1e-12)
