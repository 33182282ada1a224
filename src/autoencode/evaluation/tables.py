r"""Agreement of new rows of a table with real ones: columns, pairs of columns, classifiers."""

__all__ = ["Usefulness", "classifier_test", "column_shapes", "pair_trends", "training_on_new"]

import math
import operator
from collections.abc import Collection
from itertools import combinations
from typing import Any, NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ks_2samp
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from ..common.estimates import Estimate
from .generation import auc_error

_BINS = 10
_FOLDS = 3


def column_shapes(X: ArrayLike, Y: ArrayLike, levels: Collection[int] = ()) -> NDArray:
    r"""Agreement of the distributions of each column in real and in new rows.

    .. math:: 1 - \sup_v | F(v) - G(v) |, \qquad
        1 - \tfrac12 \sum_v | p(v) - q(v) |

    The first is for numbers, one minus the Kolmogorov-Smirnov distance; the second for levels, one
    minus the total variation distance. Missing cells are left out.

    References:
        | The Synthetic Data Vault (Patki et al., 2016), as the measures `KSComplement` and
          `TVComplement` of the package sdmetrics
        | https://doi.org/10.1109/DSAA.2016.49

    Arguments:
        X: Real rows as numbers, with shape `(N, D)`; levels of categories as whole numbers.
        Y: New rows, with shape `(M, D)`.
        levels: The columns that are categories.

    Returns:
        The agreements, with shape `(D,)`: 1 if both have one distribution, 0 if they do not
        overlap, NaN for a column without numbers.

    Raises:
        ValueError: If the tables differ in width, or have fewer than two rows.

    See Also:
        :func:`~autoencode.evaluation.pair_trends`

    Example:
        >>> X = np.array([[0.0, 1], [1, 1], [2, 0], [3, 0]])
        >>> column_shapes(X, [[0.0, 1], [1, 1], [9, 1], [9, 0]], levels=[1])
        array([0.5 , 0.75])
    """
    x, y = _tables(X, Y)
    found = np.full(x.shape[1], np.nan)

    for j in range(x.shape[1]):
        a, b = (v[np.isfinite(v[:, j]), j] for v in (x, y))

        if len(a) and len(b):
            found[j] = (
                _overlap(a, b) if j in levels else 1 - ks_2samp(a, b, method="asymp").statistic
            )

    return found


def pair_trends(X: ArrayLike, Y: ArrayLike, levels: Collection[int] = ()) -> NDArray:
    r"""Agreement of the association of each pair of columns in real and in new rows.

    .. math:: 1 - \tfrac12 | \rho - \rho' |, \qquad
        1 - \tfrac12 \sum_{uv} | p(u, v) - q(u, v) |

    The first is for two columns of numbers, with their correlations; the second for other pairs,
    with numbers in ten bins that have equally many real rows. Rows in which one of both cells is
    missing are left out.

    References:
        | The Synthetic Data Vault (Patki et al., 2016), as `CorrelationSimilarity` and
          `ContingencySimilarity` of the package sdmetrics
        | https://doi.org/10.1109/DSAA.2016.49

    Arguments:
        X: Real rows as numbers, with shape `(N, D)`; levels of categories as whole numbers.
        Y: New rows, with shape `(M, D)`.
        levels: The columns that are categories.

    Returns:
        The agreements, with shape `(D, D)`; NaN on the diagonal, and where an association is not
        defined, such as of a constant column.

    Raises:
        ValueError: If the tables differ in width, or have fewer than two rows.

    See Also:
        :func:`~autoencode.evaluation.column_shapes`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(100, 1))
        >>> round(float(pair_trends(np.c_[X, X], np.c_[X, -X])[0, 1]), 6)
        0.0
    """
    x, y = _tables(X, Y)
    D = x.shape[1]
    found = np.full((D, D), np.nan)
    binned = [_binned(x[:, j], y[:, j], j in levels) for j in range(D)]

    for i, j in combinations(range(D), 2):
        both = (np.isfinite(v[:, [i, j]]).all(axis=1) for v in (x, y))
        there, there_new = both

        if min(there.sum(), there_new.sum()) < 2:
            continue

        if i in levels or j in levels:
            (a, b), (c, d) = binned[i], binned[j]
            width = 1 + max(c.max(), d.max())
            pairs = (a * width + c)[there], (b * width + d)[there_new]
            found[i, j] = _overlap(*pairs)
        else:
            r, s = _correlation(x[there][:, [i, j]]), _correlation(y[there_new][:, [i, j]])
            found[i, j] = 1 - abs(r - s) / 2

        found[j, i] = found[i, j]

    return found


def classifier_test(X: ArrayLike, Y: ArrayLike, random_state: int = 0) -> Estimate:
    r"""Area under the ROC curve of a random forest that tells new rows from real ones.

    It is one half if both have one distribution, and one if all rows are told apart. Rows are
    judged by forests that have not seen them, in three folds. The standard error is that of Hanley
    and McNeil.

    References:
        | Revisiting Classifier Two-Sample Tests (Lopez-Paz & Oquab, 2017)
        | https://arxiv.org/abs/1610.06545

    Arguments:
        X: Features of real examples, with shape `(N, D)`. They may be missing (NaN).
        Y: Those of new examples, with shape `(M, D)`.
        random_state: The seed of the folds and the forests.

    Raises:
        ValueError: If the samples differ in width, or have fewer than six rows.

    See Also:
        :func:`~autoencode.evaluation.kernel_distance`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(100, 2))
        >>> classifier_test(X, X + 9).value
        1.0
    """
    x, y = _tables(X, Y, 2 * _FOLDS)
    rows, new = np.concatenate([x, y]), np.r_[np.zeros(len(x)), np.ones(len(y))]
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=random_state)
    p = cross_val_predict(_forest(random_state), rows, new, cv=folds, method="predict_proba")
    value = float(roc_auc_score(new, p[:, 1]))

    return Estimate(value, auc_error(value, len(y), len(x)))


class Usefulness(NamedTuple):
    r"""Accuracies of classifiers that learned from new rows, and from real ones.

    See Also:
        :func:`~autoencode.evaluation.training_on_new`

    Example:
        >>> Usefulness(Estimate(0.8, 0.1), Estimate(0.9, 0.1)).on_new.value
        0.8
    """

    on_new: Estimate
    r"""The share of held-out rows that a forest predicts that has seen new rows only."""

    on_real: Estimate
    r"""The same after training on real rows."""


def training_on_new(
    X_train: ArrayLike,
    X_test: ArrayLike,
    Y: ArrayLike,
    target: SupportsIndex,
    random_state: int = 0,
) -> Usefulness:
    r"""Accuracy of random forests that learn a category from new rows, and from real ones.

    Both predict the same held-out rows: new rows serve as well as real ones if the accuracies are
    equal. As many new rows as training rows are used.

    References:
        | Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs (Esteban,
          Hyland & Rätsch, 2017), "train on synthetic, test on real"
        | https://arxiv.org/abs/1706.02633

    Arguments:
        X_train: Training rows, with shape `(N, D)`; levels of categories as whole numbers.
        X_test: Held-out rows, with shape `(K, D)`.
        Y: New rows, with shape `(M, D)`.
        target: The number of the column to predict, a category.
        random_state: The seed of the forests.

    Raises:
        ValueError: If the tables differ in width, or the column is missing in all rows of one.

    See Also:
        :func:`~autoencode.evaluation.classifier_test`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(300, 2))
        >>> X[:, 1] = X[:, 0] > 0
        >>> training_on_new(X[:100], X[100:200], X[200:], 1).on_new.value > 0.9
        True
    """
    train, test = _tables(X_train, X_test)
    _, new = _tables(X_train, Y)
    j = operator.index(target)
    known = [v[np.isfinite(v[:, j])] for v in (test, new[: len(train)], train)]

    if not all(map(len, known)):
        raise ValueError(f"expected values in column {j} of all tables, got missing ones only.")

    x_test = np.delete(known[0], j, axis=1)
    found = []

    for rows in known[1:]:
        forest = _forest(random_state).fit(np.delete(rows, j, axis=1), rows[:, j])
        right = (forest.predict(x_test) == known[0][:, j]).astype(float)
        error = float(right.std(ddof=1)) if len(right) > 1 else math.nan
        found.append(Estimate(float(right.mean()), error / math.sqrt(len(right))))

    return Usefulness(*found)


def _forest(seed: int) -> Any:
    return RandomForestClassifier(100, min_samples_leaf=2, random_state=seed)


def _tables(X: ArrayLike, Y: ArrayLike, least: int = 2) -> tuple[NDArray, NDArray]:
    x, y = (np.asarray(a, float) for a in (X, Y))

    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < least:
        raise ValueError(
            f"expected two tables of at least {least} rows with the same columns, shape (N, D),"
            f" got {x.shape} and {y.shape}."
        )

    return x, y


def _overlap(a: NDArray, b: NDArray) -> float:
    values, index = np.unique(np.concatenate([a, b]), return_inverse=True)
    p, q = (
        np.bincount(part, minlength=len(values)) / len(part)
        for part in (index[: len(a)], index[len(a) :])
    )
    return float(1 - np.abs(p - q).sum() / 2)


def _binned(a: NDArray, b: NDArray, is_level: bool) -> tuple[NDArray, NDArray]:
    r"""Returns both parts of a column as whole numbers; missing cells have any."""
    if is_level:
        values = np.unique(np.concatenate([a, b]))
        a, b = (np.searchsorted(values, v) for v in (a, b))
        return a, b

    known = a[np.isfinite(a)]
    edges: NDArray = np.empty(0)

    if len(known):
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))[1:-1]

    low, high = (np.searchsorted(edges, np.nan_to_num(v), side="right") for v in (a, b))

    return low, high


def _correlation(pair: NDArray) -> float:
    a, b = (pair - pair.mean(axis=0)).T
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / scale if scale > 0 else math.nan
