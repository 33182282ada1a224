r"""Measures of a trained method on held-out examples."""

__all__ = ["MEASURES", "measure"]

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..evaluation.factors import is_class
from ..manifold import neighborhood_recall
from ..manifold.preservation.texts import tied_recall
from .methods import Trained
from .rows import Rows

MEASURES = ("error", "neighbors", "linear_probe", "neighbor_probe")
_MAX_COMPARED = 1000
_MAX_TEXTS = 200
_MAX_PROBED = 5000


class Fold(NamedTuple):
    r"""Training and held-out examples, with their labels.

    Example:
        >>> Fold._fields
        ('X', 'X_new', 'y', 'y_new')
    """

    X: Any
    X_new: Any
    y: NDArray | None = None
    y_new: NDArray | None = None


def measure(trained: Trained, rows: Rows, fold: Fold, n_neighbors: int = 10) -> dict[str, float]:
    r"""Measure a method on held-out examples.

    - `error`: the squared error of reconstructions as a share of that of the mean example; for
      texts, the number of edits per byte
    - `neighbors`: the share of the nearest neighbors in the data that are neighbors in the code
    - `linear_probe`, `neighbor_probe`: the accuracy with which a logistic regression, or the ten
      nearest neighbors, predict held-out labels from codes; for numbers, the share of variance

    Arguments:
        trained: The method, fitted to the training examples.
        rows: Conversion of examples to rows, with distances.
        fold: Training and held-out examples.
        n_neighbors: The number of nearest neighbors.

    Example:
        >>> from autoencode.comparison.methods import resolve_methods, train
        >>> from autoencode.modalities import Tables
        >>> X = np.random.default_rng(0).normal(size=(60, 3))
        >>> rows = Rows(Tables(), X[:40])
        >>> pca = train(resolve_methods(["pca"])["pca"], 2, rows, X[:40], seed=0)
        >>> 0.2 < measure(pca, rows, Fold(X[:40], X[40:]))["neighbors"] < 1
        True
    """
    Z = np.asarray(trained.codes(fold.X_new), dtype=float)
    k = max(1, min(n_neighbors, (len(Z) - 1) // 2))
    found = {"neighbors": _neighbors(rows, fold.X_new, Z, k)}

    if trained.error is not None:
        found["error"] = trained.error(fold.X_new)

    if fold.y is not None and fold.y_new is not None and trained.inductive:
        codes = np.asarray(trained.codes(fold.X), dtype=float)[:_MAX_PROBED]
        y = fold.y[: len(codes)]

        for name, probe in _probes(y, k).items():
            probe.fit(codes, y)
            found[name] = float(probe.score(Z, fold.y_new))

    return found


def _neighbors(rows: Rows, X: Any, Z: NDArray, k: int) -> float:
    if rows.tokenized:
        D = rows.edit_distances(X[:_MAX_TEXTS], least=2 * k + 1)
        return tied_recall(D, torch.from_numpy(Z[: len(D)]), k).value

    x, z = rows.of(X)[:_MAX_COMPARED], Z[:_MAX_COMPARED]
    return neighborhood_recall(x, z, k).value


def _probes(y: NDArray, k: int) -> dict[str, Any]:
    if is_class(y):
        linear, near = LogisticRegression(max_iter=1000), KNeighborsClassifier(k)
    else:
        linear, near = RidgeCV(), KNeighborsRegressor(k)

    return {
        "linear_probe": make_pipeline(StandardScaler(), linear),
        "neighbor_probe": make_pipeline(StandardScaler(), near),
    }
