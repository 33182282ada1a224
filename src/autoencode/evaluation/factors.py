r"""Agreement of the units of codes with known factors of variation."""

__all__ = [
    "Disentanglement",
    "disentanglement",
    "factor_vae_score",
    "is_class",
    "metadata_information",
]

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import mutual_info_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..common.estimates import Estimate, estimate_mean
from ..common.seeding import Seed, check_random_state

_MIN_SPREAD = 0.05  # of the standard deviation of the widest unit
_MAX_CLASSES = 20  # whole numbers of more values are regressed on


class Disentanglement(NamedTuple):
    r"""Measures of the agreement of code units with factors, each 1 at best.

    See Also:
        :func:`~autoencode.evaluation.disentanglement`

    Example:
        >>> Disentanglement._fields[:3]
        ('mig', 'sap', 'modularity')
    """

    mig: float
    r"""Mutual information gap: the lead of the unit that knows most about a factor over the next
    one, as a share of the factor's entropy."""

    sap: float
    r"""Separated attribute predictability: the lead of the best unit in predicting a factor."""

    modularity: float
    r"""The degree to which each unit knows about one factor alone."""

    disentanglement: float
    r"""The degree to which each unit matters for one factor alone, in a forest's predictions."""

    completeness: float
    r"""The degree to which each factor depends on one unit alone, in a forest's predictions."""

    informativeness: float
    r"""The accuracy of the forest on held-out examples; for numbers, the share of variance."""

    information: NDArray
    r"""The mutual information of each unit with each factor in nats, with shape `(d, F)`."""


def disentanglement(
    Z: ArrayLike,
    factors: ArrayLike,
    n_bins: int = 20,
    random_state: Seed = 0,
) -> Disentanglement:
    r"""Measure whether the units of codes are the known factors of the data.

    .. math:: \text{MIG} = \frac{1}{F} \sum_k \frac{I(z_{j_1}; v_k) - I(z_{j_2}; v_k)}{H(v_k)}

    :math:`j_1` and :math:`j_2` are the two units with the most information about the factor
    :math:`v_k`. Codes are cut into bins of equal width, and factors with more than twenty values,
    too. SAP, by logistic or linear regression, and the forests predict factors on the half of the
    examples that is held out. Units without information do not count in the modularity.

    References:
        | Isolating Sources of Disentanglement in Variational Autoencoders (Chen et al., 2018): MIG
        | https://arxiv.org/abs/1802.04942

        | Variational Inference of Disentangled Latent Concepts from Unlabeled Observations
          (Kumar et al., 2018): SAP
        | https://arxiv.org/abs/1711.00848

        | Learning Deep Disentangled Embeddings with the F-Statistic Loss
          (Ridgeway & Mozer, 2018): modularity
        | https://arxiv.org/abs/1802.05312

        | A Framework for the Quantitative Evaluation of Disentangled Representations
          (Eastwood & Williams, 2018): disentanglement, completeness, informativeness
        | https://openreview.net/forum?id=By-7dz-AZ

    Arguments:
        Z: The codes, with shape `(N, d)`.
        factors: The true factors of each example, with shape `(N, F)`.
        n_bins: The number of bins of each unit.
        random_state: The seed of the halves and the forests.

    Raises:
        ValueError: If codes and factors differ in length, or a factor is constant.

    See Also:
        :class:`~autoencode.evaluation.Disentanglement`, :func:`~autoencode.beta_tc_vae`

    Example:
        >>> rng = np.random.default_rng(0)
        >>> factors = rng.integers(4, size=(400, 2))
        >>> round(disentanglement(factors + 0.0, factors).mig, 1)  # each unit is a factor
        1.0
        >>> disentanglement(rng.normal(size=(400, 3)), factors).mig < 0.1
        True
    """
    Z, V = np.asarray(Z, float), np.asarray(factors)

    if Z.ndim != 2 or V.ndim != 2 or len(Z) != len(V) or len(Z) < 4:
        raise ValueError(
            "expected codes with shape (N, d) and factors with shape (N, F), N at least 4, got"
            f" {Z.shape} and {V.shape}."
        )

    if not np.isfinite(Z).all():
        raise ValueError("expected finite codes, got NaN or infinity.")

    for k in range(V.shape[1]):
        if len(np.unique(V[:, k])) < 2:
            raise ValueError(
                f"factor {k} is constant, so that nothing depends on it: leave it out."
            )

    columns = [_targets(_numeric(v)) for v in V.T]
    binned = np.stack([_bins(z, n_bins) for z in Z.T], axis=1)
    classes = np.stack([_codes(v, n_bins) for v in columns], axis=1)
    I = np.array([[mutual_info_score(z, v) for v in classes.T] for z in binned.T])  # noqa: E741
    H = np.array([mutual_info_score(v, v) for v in classes.T])

    rng = check_random_state(random_state)
    order = rng.permutation(len(Z))
    train, test = order[: len(Z) // 2], order[len(Z) // 2 :]
    importance, accuracy = _forests(Z, columns, train, test, int(rng.randint(2**31)))

    return Disentanglement(
        mig=float(np.mean(_lead(I) / H)),
        sap=float(np.mean(_lead(_predictability(Z, columns, train, test)))),
        modularity=_modularity(I),
        disentanglement=_concentration(importance),
        completeness=_concentration(importance.T),
        informativeness=accuracy,
        information=I,
    )


def factor_vae_score(
    Z: ArrayLike,
    factors: ArrayLike,
    n_batches: int = 800,
    batch_size: int = 64,
    random_state: Seed = 0,
) -> Estimate:
    r"""Accuracy with which the unit of least variance tells which factor was held fixed.

    .. math:: \arg \min_j \frac{\mathrm{Var}_{i \in B} (z_{ij})}{\mathrm{Var} (z_j)}

    For each vote, a batch :math:`B` of examples shares one value of one factor, drawn at random. A
    majority vote of half of the batches assigns units to factors, and the other half is scored.
    Units that hardly vary have no vote.

    References:
        | Disentangling by Factorising (Kim & Mnih, 2018), section 4
        | https://arxiv.org/abs/1802.05983

    Arguments:
        Z: The codes, with shape `(N, d)`.
        factors: The true factors, each with few values, with shape `(N, F)`.
        n_batches: The number of batches.
        batch_size: The number of examples in a batch, drawn with replacement.
        random_state: The seed of the batches.

    Returns:
        The accuracy, from :math:`1 / F` on average without any agreement to 1.

    Raises:
        ValueError: If codes and factors differ in length, or a factor has more than twenty values.

    See Also:
        :func:`~autoencode.evaluation.disentanglement`

    Example:
        >>> factors = np.random.default_rng(0).integers(4, size=(400, 2))
        >>> factor_vae_score(factors + 0.0, factors).value
        1.0
    """
    Z, V = np.asarray(Z, float), np.asarray(factors)

    if Z.ndim != 2 or V.ndim != 2 or len(Z) != len(V):
        raise ValueError(
            "expected codes with shape (N, d) and factors with shape (N, F), got"
            f" {Z.shape} and {V.shape}."
        )

    if not all(is_class(v) for v in V.T):
        raise ValueError(
            f"expected factors of at most {_MAX_CLASSES} values, got more: cut them into bins."
        )

    rng = check_random_state(random_state)
    scale = Z.std(axis=0)
    used = np.flatnonzero(scale > _MIN_SPREAD * max(scale.max(), 1e-300))
    votes = np.empty((n_batches, 2), int)

    for i in range(n_batches):
        k = rng.randint(V.shape[1])
        same = np.flatnonzero(V[:, k] == V[rng.randint(len(V)), k])
        batch = Z[rng.choice(same, batch_size)][:, used] / scale[used]
        votes[i] = int(batch.var(axis=0).argmin()), k

    counts = np.zeros((len(used), V.shape[1]), int)
    learned, scored = votes[::2], votes[1::2]
    np.add.at(counts, tuple(learned.T), 1)
    right = counts.argmax(axis=1)[scored[:, 0]] == scored[:, 1]

    return estimate_mean(torch.from_numpy(right))


def metadata_information(Z: ArrayLike, table: Any, random_state: Seed = 0) -> dict[str, NDArray]:
    r"""Mutual information of every unit of codes with every column of a table about examples.

    The estimates are those of nearest neighbors, by scikit-learn. Rows in which a column is
    missing are left out for this column.

    References:
        | Estimating Mutual Information (Kraskov et al., 2004)
        | https://arxiv.org/abs/cond-mat/0305641

        | Mutual Information between Discrete and Continuous Data Sets (Ross, 2014)
        | https://doi.org/10.1371/journal.pone.0087357

    Arguments:
        Z: The codes, with shape `(N, d)`.
        table: A data frame or mapping of columns: words are classes, and so are numbers with at
            most twenty values.
        random_state: The seed of the noise that breaks ties.

    Returns:
        For each column, the information of each unit in nats, with shape `(d,)`.

    Raises:
        ValueError: If a column differs in length from the codes.

    See Also:
        :func:`~autoencode.evaluation.disentanglement`

    Example:
        >>> Z = np.random.default_rng(0).normal(size=(300, 2))
        >>> kind = np.where(Z[:, 1] > 0, "a", "b")
        >>> found = metadata_information(Z, {"age": Z[:, 0] + 30, "kind": kind})
        >>> int(found["age"].argmax()), int(found["kind"].argmax())
        (0, 1)
    """
    Z, found = np.asarray(Z, float), {}

    for name in table:
        v = _numeric(np.asarray(table[name]))

        if v.shape != (len(Z),):
            raise ValueError(f"expected {len(Z)} values in column {name!r}, got {v.shape}.")

        known = v == v if v.dtype.kind != "f" else np.isfinite(v)
        known &= np.array([cell is not None for cell in v])
        measure = mutual_info_classif if is_class(v[known]) else mutual_info_regression
        target = _targets(v[known].astype(str) if v.dtype == object else v[known])
        found[str(name)] = measure(Z[known], target, random_state=random_state)

    return found


def _bins(z: NDArray, n_bins: int) -> NDArray:
    low, high = z.min(), z.max()
    return np.clip(((z - low) / max(high - low, 1e-300) * n_bins).astype(int), 0, n_bins - 1)


def _numeric(v: NDArray) -> NDArray:
    r"""Returns a column of objects as numbers, if all are numbers."""
    try:
        return v.astype(float) if v.dtype == object else v
    except ValueError:
        return v


def _targets(v: NDArray) -> NDArray:
    r"""Returns classes as whole numbers, and other values as they are."""
    return np.unique(v, return_inverse=True)[1] if is_class(v) else v


def is_class(v: NDArray) -> bool:
    r"""Tell whether values are classes: words, or at most twenty numbers.

    Arguments:
        v: The values, with shape `(N,)`.

    Example:
        >>> is_class(np.array([0.5, 1.0, 0.5])), is_class(np.linspace(0, 1, 50))
        (True, False)
    """
    return v.dtype.kind not in "iuf" or len(np.unique(v)) <= _MAX_CLASSES


def _codes(v: NDArray, n_bins: int) -> NDArray:
    return v if is_class(v) else _bins(v.astype(float), n_bins)


def _lead(scores: NDArray) -> NDArray:
    r"""Returns the lead of the best unit over the second best, for each factor."""
    best = np.sort(np.concatenate([scores, np.zeros((1, scores.shape[1]))]), axis=0)[::-1]
    return best[0] - best[1]


def _predictability(Z: NDArray, columns: list[NDArray], train: NDArray, test: NDArray) -> NDArray:
    r"""Returns how well each unit alone predicts each factor, above a constant."""
    scores = np.zeros((Z.shape[1], len(columns)))

    for k, v in enumerate(columns):
        model: Any = LogisticRegression() if is_class(v) else LinearRegression()
        base = float(np.max(np.unique(v[test], return_counts=True)[1]) / len(test))

        for j in range(Z.shape[1]):
            probe = make_pipeline(StandardScaler(), model).fit(Z[train, j : j + 1], v[train])
            score = probe.score(Z[test, j : j + 1], v[test])
            scores[j, k] = max(0.0, score - base if is_class(v) else score)

    return scores


def _forests(
    Z: NDArray, columns: list[NDArray], train: NDArray, test: NDArray, seed: int
) -> tuple[NDArray, float]:
    importance, accuracy = [], []

    for v in columns:
        make = RandomForestClassifier if is_class(v) else RandomForestRegressor
        forest = make(50, max_features=1.0, random_state=seed).fit(Z[train], v[train])
        importance.append(forest.feature_importances_)
        accuracy.append(forest.score(Z[test], v[test]))

    return np.stack(importance, axis=1), float(np.mean(accuracy))


def _modularity(I: NDArray) -> float:  # noqa: E741
    if I.shape[1] == 1:
        return 1.0

    best = I.max(axis=1)
    known = best > 0
    rest = np.square(I).sum(axis=1) - np.square(best)
    deviation = rest[known] / (np.square(best[known]) * (I.shape[1] - 1))

    return float(np.mean(1 - deviation)) if known.any() else 0.0


def _concentration(importance: NDArray) -> float:
    r"""Returns one minus the relative entropy of the rows, weighted by their sums."""
    total = importance.sum(axis=1)

    if importance.shape[1] == 1 or total.sum() == 0:
        return 1.0 if total.sum() else 0.0

    p = importance / np.maximum(total, 1e-300)[:, None]
    entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(axis=1) / np.log(importance.shape[1])

    return float(((1 - entropy) * total).sum() / total.sum())
