r"""Preservation of neighbors and distances by codes."""

__all__ = [
    "DistancePreservation",
    "continuity",
    "distance_preservation",
    "neighborhood_recall",
    "trustworthiness",
]

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.stats import spearmanr
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ...common.progress import track
from ...common.seeding import Seed, check_random_state
from ...data import collect_lazy, is_frame
from ..arrays import as_examples, check_no_missing
from ..neighbors.distance_blocks import DistanceBlocks
from ..neighbors.exact import knn
from ..numeric_rows import as_table_rows

SUBSAMPLES = 20  # number of parts of a sample, for its standard error


class DistancePreservation(NamedTuple):
    r"""Agreement of the distances in two spaces.

    See Also:
        :func:`~autoencode.manifold.distance_preservation`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(50, 3))
        >>> distance_preservation(X, X).stress.value
        0.0
    """

    spearman: Estimate
    r"""The rank correlation of the distances: 1 if their order is the same."""

    stress: Estimate
    r"""The relative error of the distances at the best scale: 0 if they are proportional."""


def trustworthiness(
    X: ArrayLike | Tensor,
    Z: ArrayLike | Tensor,
    n_neighbors: int = 5,
    n_samples: int | None = None,
    random_state: Seed = None,
) -> Estimate:
    r"""Trustworthiness: agreement of neighbors in the code with neighbors in the data.

    .. math:: 1 - \frac{2}{N k (2N - 3k - 1)} \sum_i \sum_{j \in \mathcal{N}_k^Z(i)}
        \max \big( 0, r_X(i, j) - k \big)

    The rank :math:`r_X(i, j)` is one more than the number of points that are closer to
    :math:`i` than :math:`j` is in the data. Ranks are counted for neighbors only, in double
    precision, without a matrix of all ranks. 1 is perfect. Random codes have about one half.

    References:
        | Neighborhood Preservation in Nonlinear Projection Methods: An Experimental Study
          (Venna & Kaski, 2001)
        | https://doi.org/10.1007/3-540-44668-0_68

    Arguments:
        X: The data, with shape `(N, *)`, or a table, also of mixed columns.
        Z: The codes, with shape `(N, *)`.
        n_neighbors: The number of neighbors :math:`k < N / 2`.
        n_samples: The number of points, drawn at random, whose neighbors are compared; by default
            all. Neighbors and ranks are always among all points.
        random_state: The seed of the draw.

    Returns:
        The mean, without bias, and its standard error.

    Raises:
        ValueError: If `X` and `Z` differ in length, or there are too many neighbors.

    See Also:
        :func:`~autoencode.manifold.continuity`, :func:`~autoencode.manifold.neighborhood_recall`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(100, 3))
        >>> trustworthiness(X, 2 * X)
        Estimate(value=1.0, standard_error=0.0)
    """
    x, z = _read(X, Z)
    N, k, rows = len(x), n_neighbors, _sample(len(x), n_samples, random_state)

    if not 1 <= k < N / 2:
        raise ValueError(f"expected n_neighbors from 1 to less than {N / 2}, got {k}.")

    j = knn(z, k, z[rows], self_indices=rows)[1]
    excess = (_ranks(x, rows, j) - k).clamp(min=0).sum(dim=1)
    return estimate_mean(1 - excess * 2 / (k * (2 * N - 3 * k - 1)), N)


def continuity(
    X: ArrayLike | Tensor,
    Z: ArrayLike | Tensor,
    n_neighbors: int = 5,
    n_samples: int | None = None,
    random_state: Seed = None,
) -> Estimate:
    r"""Continuity: agreement of neighbors in the data with neighbors in the code.

    .. math:: 1 - \frac{2}{N k (2N - 3k - 1)} \sum_i \sum_{j \in \mathcal{N}_k^X(i)}
        \max \big( 0, r_Z(i, j) - k \big)

    It is the :func:`trustworthiness` with data and codes exchanged. 1 is perfect.

    Arguments:
        X: The data, with shape `(N, *)`, or a table, also of mixed columns.
        Z: The codes, with shape `(N, *)`.
        n_neighbors: The number of neighbors :math:`k < N / 2`.
        n_samples: The number of points, drawn at random, whose neighbors are compared; by default
            all. Neighbors and ranks are always among all points.
        random_state: The seed of the draw.

    Returns:
        The mean, without bias, and its standard error.

    See Also:
        :func:`~autoencode.manifold.trustworthiness`,
        :func:`~autoencode.manifold.neighborhood_recall`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(100, 3))
        >>> continuity(X, X[:, :1]).value < 0.9
        True
    """
    x, z = _read(X, Z)
    return trustworthiness(z, x, n_neighbors, n_samples, random_state)


def neighborhood_recall(
    X: ArrayLike | Tensor,
    Z: ArrayLike | Tensor,
    n_neighbors: int = 5,
    n_samples: int | None = None,
    random_state: Seed = None,
) -> Estimate:
    r"""Fraction of the neighbors in the data that are neighbors in the code.

    .. math:: \frac{1}{N k} \sum_i \big| \mathcal{N}_k^X(i) \cap \mathcal{N}_k^Z(i) \big|

    Random codes have :math:`k / (N - 1)` on average.

    Arguments:
        X: The data, with shape `(N, *)`, or a table, also of mixed columns.
        Z: The codes, with shape `(N, *)`.
        n_neighbors: The number of neighbors :math:`k < N`.
        n_samples: The number of points, drawn at random, whose neighbors are compared; by default
            all.
        random_state: The seed of the draw.

    Returns:
        The mean, without bias, and its standard error.

    Raises:
        ValueError: If `X` and `Z` differ in length, or there are too many neighbors.

    See Also:
        :func:`~autoencode.manifold.trustworthiness`, :func:`~autoencode.manifold.continuity`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(100, 3))
        >>> neighborhood_recall(X, 2 * X)
        Estimate(value=1.0, standard_error=0.0)
    """
    x, z = _read(X, Z)
    rows = _sample(len(x), n_samples, random_state)
    i, j = (knn(a, n_neighbors, a[rows], self_indices=rows)[1] for a in (x, z))
    return estimate_mean(_n_shared(i, j) / n_neighbors, len(x))


def distance_preservation(
    X: ArrayLike | Tensor,
    Z: ArrayLike | Tensor,
    n_samples: int | None = 100_000,
    random_state: Seed = None,
) -> DistancePreservation:
    r"""Agreement of distances in the code with distances in the data, over pairs of points.

    .. math:: \text{stress} = \min_\alpha
        \sqrt{\frac{\sum (d_X - \alpha \, d_Z)^2}{\sum d_X^2}}

    The best scale :math:`\alpha` is used, because without it the stress would reward codes that
    shrink. Standard errors come from twenty parts of the sample.

    References:
        | Multidimensional Scaling by Optimizing Goodness of Fit to a Nonmetric Hypothesis
          (Kruskal, 1964)
        | https://doi.org/10.1007/BF02289565

    Arguments:
        X: The data, with shape `(N, *)`, or a table, also of mixed columns.
        Z: The codes, with shape `(N, *)`.
        n_samples: The maximum number of pairs, drawn at random. `None` takes all pairs, which
            needs memory for all distances.
        random_state: The seed of the draw.

    Returns:
        The rank correlation of the distances, and the stress.

    Raises:
        ValueError: If `X` and `Z` differ in length, or all points of one coincide.

    See Also:
        :func:`~autoencode.manifold.trustworthiness`

    Example:
        >>> X = np.random.default_rng(0).normal(size=(100, 3))
        >>> round(distance_preservation(X, 2 * X).spearman.value, 6)
        1.0
    """
    x, z = _read(X, Z)
    N = len(x)

    if n_samples is not None and n_samples < 10 * SUBSAMPLES:
        raise ValueError(
            f"expected n_samples of at least {10 * SUBSAMPLES} pairs, got {n_samples}."
        )

    sampled = n_samples is not None and n_samples < N * (N - 1) // 2

    if sampled:
        rng = check_random_state(random_state)
        i = torch.as_tensor(rng.randint(N, size=n_samples))
        j = (i + torch.as_tensor(rng.randint(1, N, size=n_samples))) % N
    else:
        i, j = torch.triu_indices(N, N, offset=1)

    d_x, d_z = (_pair_distances(a, i, j) for a in (x, z))

    if len(d_x) < 3:
        raise ValueError(f"expected at least three points to compare distances, got {N}.")

    if not (d_x.any() and d_z.any()):
        raise ValueError("expected points that differ, but all of X or of Z coincide.")

    return DistancePreservation(
        *(_with_standard_error(f, d_x, d_z, sampled) for f in (_spearman, _stress))
    )


def _read(X: ArrayLike | Tensor, Z: ArrayLike | Tensor) -> tuple[Tensor, Tensor]:
    x, z = map(_tensor, (X, Z))

    if min(x.ndim, z.ndim) < 2 or len(x) != len(z) or len(x) < 2 or 0 in x.shape + z.shape:
        raise ValueError(
            "expected data with shape (N, *) and one code for each, got"
            f" {tuple(x.shape)} and {tuple(z.shape)}."
        )

    if not all(a.isfinite().all() for a in (x, z)):
        raise ValueError("expected finite data and codes, got a NaN or an infinity.")

    single = torch.float32
    x, z = (a.flatten(1).to(torch.promote_types(a.dtype, single)) for a in (x, z))
    return x, z


def _tensor(a: ArrayLike | Tensor) -> Tensor:
    if isinstance(a, Tensor):
        return a.detach().cpu()

    a = collect_lazy(a)
    check_no_missing(a)

    if (table := as_table_rows(a)) is not None:
        return table.to_rows(a)

    array = as_examples(a).to_numpy(float) if is_frame(a) else np.asarray(a)

    if array.dtype.kind not in "buif":
        raise ValueError(f"expected numbers, or a data frame, got an array of {array.dtype}.")

    return torch.tensor(array)


def _sample(N: int, n_samples: int | None, random_state: Seed) -> Tensor:
    if n_samples is None:
        return torch.arange(N)

    if not 2 <= n_samples <= N:
        raise ValueError(f"expected n_samples from 2 to {N}, or None for all, got {n_samples}.")

    rows = check_random_state(random_state).permutation(N)[:n_samples]
    return torch.as_tensor(np.sort(rows))


def _ranks(x: Tensor, rows: Tensor, j: Tensor) -> Tensor:
    r"""Returns one plus the number of points that are certainly closer to each row than each j."""
    blocks = DistanceBlocks(x, x[rows], torch.float64, self_indices=rows)
    ranks = torch.ones_like(j)

    for at in track(torch.arange(len(rows)).split(blocks.n_rows), len(rows), "rankings"):
        d = (x[j[at]].double() - x[rows[at], None].double()).norm(dim=2)
        threshold = blocks.lower(at, d)

        for t in range(blocks.n_blocks):
            block = blocks.block(at, t)
            ranks[at] += torch.stack([(block < a[:, None]).sum(dim=1) for a in threshold.T], dim=1)

    return ranks


def _n_shared(i: Tensor, j: Tensor) -> Tensor:
    r"""Returns the number of entries that corresponding rows share."""
    both = torch.cat([i, j], dim=1).sort(dim=1).values
    return (both[:, 1:] == both[:, :-1]).sum(dim=1)


def _pair_distances(x: Tensor, i: Tensor, j: Tensor) -> np.ndarray:
    n = max(1, 2**22 // x.shape[1])
    parts = zip(i.split(n), j.split(n))
    return torch.cat([(x[a].double() - x[b].double()).norm(dim=1) for a, b in parts]).numpy()


def _spearman(d_x: np.ndarray, d_z: np.ndarray) -> float:
    return float(spearmanr(d_x, d_z).statistic)


def _stress(d_x: np.ndarray, d_z: np.ndarray) -> float:
    alpha = d_x @ d_z / (d_z @ d_z)
    return float(np.linalg.norm(d_x - alpha * d_z) / np.linalg.norm(d_x))


def _with_standard_error(
    f: Callable[[np.ndarray, np.ndarray], float], d_x: np.ndarray, d_z: np.ndarray, sampled: bool
) -> Estimate:
    if not sampled:
        return Estimate(f(d_x, d_z), 0.0)

    parts = zip(np.array_split(d_x, SUBSAMPLES), np.array_split(d_z, SUBSAMPLES))
    values = [f(a, b) for a, b in parts]
    return Estimate(f(d_x, d_z), float(np.std(values, ddof=1) / SUBSAMPLES**0.5))
