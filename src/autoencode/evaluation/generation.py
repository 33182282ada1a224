r"""Distances between real and new examples, as rows of features."""

__all__ = [
    "Fidelity",
    "auc_error",
    "copying",
    "fidelity",
    "frechet_distance",
    "kernel_distance",
    "nearest_distances",
]

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from torch import Tensor

from ..common.estimates import Estimate, estimate_mean

_MAX_BLOCK_NUMBERS = 2**22  # distances in memory
_EXACT = "donot_use_mm_for_euclid_dist"  # equal rows have distance zero


def frechet_distance(X: ArrayLike, Y: ArrayLike) -> float:
    r"""Fréchet distance of two samples, each taken for a Gaussian.

    .. math:: \| \mu_X - \mu_Y \|^2 + \operatorname{tr} \big( \Sigma_X + \Sigma_Y
        - 2 (\Sigma_X \Sigma_Y)^{1/2} \big)

    It is zero for equal means and covariances, and above zero for two finite samples of the same
    distribution: compare it with that of two halves of the real examples. It depends on the
    features. The "FID" of the literature is this distance for features of one particular network.

    References:
        | GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium
          (Heusel et al., 2017)
        | https://arxiv.org/abs/1706.08500

    Arguments:
        X: The features of real examples, with shape `(N, D)`.
        Y: Those of new examples, with shape `(M, D)`.

    Raises:
        ValueError: If the samples differ in width, or have fewer than two rows.

    See Also:
        :func:`~autoencode.evaluation.kernel_distance`, :func:`~autoencode.evaluation.fidelity`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(500, 3))
        >>> round(frechet_distance(X, X + 2), 6)
        12.0
    """
    x, y = _samples(X, Y)
    A, B = (torch.cov(v.T).reshape(v.shape[1], -1) for v in (x, y))
    values, vectors = torch.linalg.eigh(A)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ B @ root).clamp(min=0).sqrt().sum()
    distance = (x.mean(dim=0) - y.mean(dim=0)).square().sum() + A.trace() + B.trace() - 2 * cross

    return max(0.0, float(distance))


def kernel_distance(X: ArrayLike, Y: ArrayLike) -> Estimate:
    r"""Squared maximum mean discrepancy with a cubic kernel, without bias.

    .. math:: \frac{\sum_{i \ne j} k(x_i, x_j)}{N (N - 1)} + \frac{\sum_{i \ne j} k(y_i, y_j)}
        {M (M - 1)} - \frac{2 \sum_{ij} k(x_i, y_j)}{N M}, \qquad
        k(x, y) = \Big( \frac{x^\top y}{D} + 1 \Big)^3

    Its mean is zero for two samples of one distribution, whatever their sizes, so that it can be
    negative. The standard error is that of the delta method, for distributions that differ.

    References:
        | Demystifying MMD GANs (Bińkowski et al., 2018)
        | https://arxiv.org/abs/1801.01401

    Arguments:
        X: The features of real examples, with shape `(N, D)`.
        Y: Those of new examples, with shape `(M, D)`.

    Raises:
        ValueError: If the samples differ in width, or have fewer than two rows.

    See Also:
        :func:`~autoencode.evaluation.frechet_distance`

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X, Y = rng.normal(size=(2, 400, 3))
        >>> distance = kernel_distance(X, Y)
        >>> abs(distance.value) < 4 * distance.standard_error
        True
    """
    x, y = _samples(X, Y)
    xx, yy = (_kernel_sums(a, a) - _kernel(a, a) for a in (x, y))
    xy, yx = _kernel_sums(x, y), _kernel_sums(y, x)
    N, M = len(x), len(y)
    value = xx.sum() / (N * (N - 1)) + yy.sum() / (M * (M - 1)) - 2 * xy.sum() / (N * M)

    # By the delta method, the two samples contribute independently
    of_x = 2 * (xx / (N - 1) - xy / M)
    of_y = 2 * (yy / (M - 1) - yx / N)
    error = math.sqrt(float(of_x.var() / N + of_y.var() / M))

    return Estimate(float(value), error)


class Fidelity(NamedTuple):
    r"""Shares of real and new examples that lie among the others.

    See Also:
        :func:`~autoencode.evaluation.fidelity`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(50, 2))
        >>> fidelity(X, X).coverage.value
        1.0
    """

    precision: Estimate
    r"""The share of new examples that lie among the real ones."""

    recall: Estimate
    r"""The share of real examples that lie among the new ones."""

    density: Estimate
    r"""The mean number of neighborhoods of real examples around a new one, over `k`: one if both
    have one distribution, and less affected by outliers than the precision."""

    coverage: Estimate
    r"""The share of real examples with a new one among their `k` nearest neighbors."""


def fidelity(X: ArrayLike, Y: ArrayLike, n_neighbors: int = 5) -> Fidelity:
    r"""Precision, recall, density and coverage of new examples.

    An example lies among others if it is in the ball around one of them that reaches to its `k`-th
    nearest neighbor in its own sample.

    References:
        | Improved Precision and Recall Metric for Assessing Generative Models
          (Kynkäänniemi et al., 2019)
        | https://arxiv.org/abs/1904.06991

        | Reliable Fidelity and Diversity Metrics for Generative Models (Naeem et al., 2020)
        | https://arxiv.org/abs/2002.09797

    Arguments:
        X: The features of real examples, with shape `(N, D)`.
        Y: Those of new examples, with shape `(M, D)`.
        n_neighbors: The number `k` of neighbors that are the radius of a ball.

    Raises:
        ValueError: If the samples differ in width, or have too few rows.

    See Also:
        :func:`~autoencode.evaluation.frechet_distance`, :func:`~autoencode.evaluation.copying`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(100, 2))
        >>> far = fidelity(X, X + 100)
        >>> far.precision.value, far.recall.value, far.coverage.value
        (0.0, 0.0, 0.0)
    """
    x, y = _samples(X, Y)

    if not 1 <= n_neighbors < min(len(x), len(y)):
        raise ValueError(
            f"expected n_neighbors from 1 to less than {min(len(x), len(y))}, got {n_neighbors!r}."
        )

    # The nearest neighbor of an example in its own sample is the example itself
    radius_x, radius_y = (_nearest(a, a, n_neighbors + 1)[:, -1] for a in (x, y))
    inside = torch.zeros(len(y), dtype=torch.float64)
    among = torch.zeros(len(x), dtype=torch.bool)
    covered = torch.zeros(len(x), dtype=torch.bool)

    for rows in torch.arange(len(x)).split(max(1, _MAX_BLOCK_NUMBERS // len(y))):
        D = torch.cdist(x[rows], y, compute_mode=_EXACT)
        within = radius_x[rows, None] >= D
        inside += within.sum(dim=0)
        covered[rows] = within.any(dim=1)
        among[rows] = (radius_y >= D).any(dim=1)

    return Fidelity(
        precision=estimate_mean(inside > 0),
        recall=estimate_mean(among),
        density=estimate_mean(inside / n_neighbors),
        coverage=estimate_mean(covered),
    )


def copying(X_train: ArrayLike, X_test: ArrayLike, Y: ArrayLike) -> Estimate:
    r"""Probability that a new example is closer to the training data than a held-out one.

    .. math:: P \Big( \min_i \| y - x_i \| < \min_i \| x' - x_i \| \Big)
        + \tfrac12 P \Big( \min_i \| y - x_i \| = \min_i \| x' - x_i \| \Big)

    It is one half if new examples are as close to training examples as held-out ones are, and
    approaches one if they repeat the training examples, which gives away data that should stay
    private. Values below one half come from examples off the data. It is the statistic of
    Mann and Whitney, with the standard error of Hanley and McNeil.

    References:
        | A Non-Parametric Test to Detect Data-Copying in Generative Models (Meehan et al., 2020)
        | https://arxiv.org/abs/2004.05675

        | The Meaning and Use of the Area under a ROC Curve (Hanley & McNeil, 1982)
        | https://doi.org/10.1148/radiology.143.1.7063747

    Arguments:
        X_train: The features of training examples, with shape `(N, D)`.
        X_test: Those of held-out examples, with shape `(K, D)`.
        Y: Those of new examples, with shape `(M, D)`.

    Raises:
        ValueError: If the samples differ in width, or have fewer than two rows.

    See Also:
        :func:`~autoencode.evaluation.fidelity`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> copying(X[:100], X[100:], X[:100]).value
        1.0
    """
    train, test = _samples(X_train, X_test)
    _, y = _samples(X_train, Y)
    new, known = (nearest_distances(a, train).numpy() for a in (y, test))
    M, K = len(new), len(known)
    ranks = rankdata(np.concatenate([known, new]))  # means of tied ranks
    p = float(ranks[:K].sum() - K * (K + 1) / 2) / (M * K)

    return Estimate(p, auc_error(p, M, K))


def auc_error(area: float, n_positive: int, n_negative: int) -> float:
    r"""Standard error of an area under the ROC curve, by Hanley and McNeil.

    Arguments:
        area: The area.
        n_positive: The number of positive examples.
        n_negative: The number of negative examples.

    Example:
        >>> auc_error(1.0, 10, 10), round(auc_error(0.5, 100, 100), 4)
        (0.0, 0.0409)
    """
    p, M, K = area, n_positive, n_negative
    first, second = p / (2 - p), 2 * p * p / (1 + p)
    variance = p * (1 - p) + (M - 1) * (first - p * p) + (K - 1) * (second - p * p)

    return math.sqrt(max(0.0, variance) / (M * K))


def nearest_distances(x: Tensor, known: Tensor) -> Tensor:
    r"""Distance of each row to the nearest of other rows, with shape `(N,)`.

    Arguments:
        x: The rows, with shape `(N, D)`, in double precision.
        known: The other rows, with shape `(M, D)`.

    Example:
        >>> nearest_distances(torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [6.0, 8.0]]))
        tensor([5.])
    """
    return _nearest(x, known, 1)[:, 0]


def _samples(X: ArrayLike, Y: ArrayLike) -> tuple[Tensor, Tensor]:
    x, y = (torch.as_tensor(np.asarray(a), dtype=torch.float64) for a in (X, Y))

    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise ValueError(
            "expected two samples of at least two rows with the same number of features, shape"
            f" (N, D), got {tuple(x.shape)} and {tuple(y.shape)}. Flatten images with"
            " X.reshape(len(X), -1), or give codes."
        )

    for name, a in (("first", x), ("second", y)):
        if not a.isfinite().all():
            raise ValueError(f"expected finite numbers, got NaN or infinity in the {name} sample.")

    return x, y


def _nearest(x: Tensor, y: Tensor, k: int) -> Tensor:
    r"""Returns distances from rows of `x` to their `k` nearest of `y`, with shape `(N, k)`."""
    parts = x.split(max(1, _MAX_BLOCK_NUMBERS // len(y)))
    distances = [torch.cdist(part, y, compute_mode=_EXACT) for part in parts]
    return torch.cat([D.topk(k, largest=False).values for D in distances])


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return ((x * y).sum(dim=-1) / x.shape[-1] + 1) ** 3


def _kernel_sums(x: Tensor, y: Tensor) -> Tensor:
    r"""Returns the sums of the kernel over all rows of `y`, with shape `(N,)`."""
    parts = x.split(max(1, _MAX_BLOCK_NUMBERS // len(y)))
    return torch.cat([((part @ y.T / x.shape[1] + 1) ** 3).sum(dim=1) for part in parts])
