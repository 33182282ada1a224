r"""Intrinsic dimension of data."""

__all__ = ["DimensionEstimate", "ScaleCurve", "intrinsic_dimension"]

from collections.abc import Callable, Iterator
from dataclasses import replace
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from torch import Tensor, nn

from ..common.batching import split_rows
from ..common.estimates import Estimate, estimate_mean
from ..common.seeding import Seed, check_random_state
from .codec import Codec, as_codec
from .neighbors.exact import knn
from .numeric_rows import as_table_rows
from .score import local_dimension, noise_scale

_MIN_SUBSAMPLE = 64  # fewer examples give a useless estimate


class ScaleCurve(NamedTuple):
    r"""Estimates of the dimension at several scales.

    See Also:
        :class:`~autoencode.manifold.DimensionEstimate`, :func:`~autoencode.plots.dimension`
    """

    scales: NDArray
    r"""The mean distance to the farthest neighbor in use, in ascending order. For a denoiser, the
    scale of its noise."""

    values: NDArray
    r"""The dimension at each scale."""

    standard_errors: NDArray
    r"""The standard error of each dimension."""


class DimensionEstimate(NamedTuple):
    r"""Intrinsic dimension of data, with its standard error.

    See Also:
        :func:`~autoencode.manifold.intrinsic_dimension`, :class:`~autoencode.manifold.ScaleCurve`
    """

    value: float
    r"""The estimate."""

    standard_error: float
    r"""The standard error of the estimate."""

    curve: ScaleCurve
    r"""The estimates at several scales. A plateau is more reliable than a single value."""

    n_duplicates: int
    r"""The number of examples that were left out as copies of others."""


def intrinsic_dimension(
    X: Any,
    method: str = "twonn",
    n_neighbors: int | None = None,
    model: Any = None,
    n_samples: int | None = None,
    random_state: Seed = None,
    noise: float | None = None,
    y: ArrayLike | None = None,
) -> DimensionEstimate:
    r"""Estimates the dimension of the manifold near which the data lie.

    With :math:`T_j` the distance of an example to its :math:`j`-th neighbor, :math:`N` examples
    and :math:`k` neighbors, the estimate solves

    .. math::
        \text{twonn:} & \quad \frac{1}{d} = \frac{1}{N - 1} \sum_i \log \frac{T_2}{T_1} \\
        \text{mle:} & \quad \frac{1}{d} = \frac{1}{N} \sum_i \frac{1}{k - 1} \sum_{j < k}
            \log \frac{T_k}{T_j} \\
        \text{gride:} & \quad d = \arg\max_d \sum_i \log p(T_k / T_{k / 2} \mid d) \\
        \text{local_pca:} & \quad d = \frac{1}{N} \sum_i \#
            \{ j : \lambda_j > \tfrac{1}{20} \lambda_1 \} \\
        \text{denoiser:} & \quad d = \frac{1}{N} \sum_i \operatorname{tr} J_r(x)
            + \| r(x) - x \|^2 / \sigma^2

    where :math:`\lambda_j` are the variances of the neighbors along their principal axes. All
    methods except *denoiser* use distances to neighbors, and depend on the scale: noise raises the
    dimension at small scales, and curvature raises it at large ones. The curve has estimates at
    smaller scales, from fewer neighbors. For *twonn*, which always uses two neighbors, it has
    estimates at larger scales, from a half, a fourth and so on of the examples. Above about ten
    dimensions, estimates from neighbors are too low with any realistic number of examples.

    Standard errors account for the distance of two examples entering the estimates at both of its
    ends. They tend to be too large, and do not include the effect of curvature.

    References:
        | Estimating the intrinsic dimension of datasets by a minimal neighborhood information
          (Facco et al., 2017)
        | https://doi.org/10.1038/s41598-017-11873-y

        | Maximum Likelihood Estimation of Intrinsic Dimension (Levina & Bickel, 2004)

        | Comments on 'Maximum Likelihood Estimation of Intrinsic Dimension' (MacKay &
          Ghahramani, 2005)
        | http://www.inference.org.uk/mackay/dimension/

        | The generalized ratios intrinsic dimension estimator (Denti et al., 2022)

        | An Algorithm for Finding Intrinsic Dimensionality of Data (Fukunaga & Olsen, 1971)

    Arguments:
        X: The examples, at least three that differ. Copies count once, except by *denoiser*.
        method: `"twonn"`, `"mle"`, `"gride"`, `"local_pca"` or `"denoiser"`.
        n_neighbors: The number :math:`k` of neighbors, a power of two for *gride*; by default
            20 for *mle*, 16 for *gride*, 32 for *local_pca*, or all others if there are fewer.
        model: A denoising autoencoder for *denoiser*. For the other methods, a model that turns
            examples into rows of numbers, such as one of tables of mixed columns.
        n_samples: The number of examples, chosen at random, at which to estimate; by default all.
            Their neighbors are searched among all examples, so that the scale stays the same.
        random_state: The seed of random choices.
        noise: The standard deviation of the noise that a denoiser removes; by default that of the
            corruption of the model.
        y: The label or row of numbers that a conditional model is given.

    Returns:
        The estimate, with its standard error, its curve over scale and the number of copies
        that were left out.

    Raises:
        ValueError: If an argument is out of its range, or there are too few distinct examples.

    See Also:
        :func:`~autoencode.manifold.local_dimension`, :func:`~autoencode.plots.dimension`

    Example:
        >>> angle = np.random.default_rng(0).uniform(0, 6, size=500)
        >>> circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        >>> d = intrinsic_dimension(circle)
        >>> abs(d.value - 1) < 3 * d.standard_error, d.n_duplicates
        (True, 0)
    """
    if method not in (*_METHODS, "denoiser"):
        raise ValueError(
            f"expected method to be one of {(*_METHODS, 'denoiser')}, got {method!r}."
        )

    if n_samples is not None and not (isinstance(n_samples, Integral) and n_samples >= 2):
        raise ValueError(f"expected n_samples to be None or an integer >= 2, got {n_samples!r}.")

    if model is None and method == "denoiser":
        raise ValueError("method='denoiser' needs a denoising autoencoder: pass model=...")

    table = as_table_rows(X) if model is None else None
    alone = (nn.Identity(), nn.Identity()) if table is None else table.codec()
    codec = as_codec(alone if model is None else model, y)
    rng = check_random_state(random_state)
    x = codec.to_rows(X).detach()

    # After a shuffle, the first rows are a random sample
    points = x if method == "denoiser" else x.unique(dim=0)
    N = len(points)
    M = N if n_samples is None else min(int(n_samples), N)
    points = points[torch.from_numpy(rng.permutation(N)).to(points.device)]

    if method == "denoiser":
        return _denoiser(replace(codec, to_rows=lambda x: x), points[:M], noise, rng)

    k = _number_of_neighbors(method, n_neighbors, N, len(x))
    estimates = list(_METHODS[method].estimate(points, k, M))

    return DimensionEstimate(*estimates[-1].dimension, _curve(estimates), len(x) - N)


class _ScaleEstimate(NamedTuple):
    scale: float
    dimension: Estimate


def _at_scale(N: int, farthest: Tensor, value: float, deviation: float) -> _ScaleEstimate:
    r"""Returns an estimate from M of N examples, with a standard error.

    `deviation` is the standard deviation of the term of a single example. The distance between two
    examples enters at both of its ends, if both are among the M.
    """
    M = len(farthest)
    error = deviation * ((1 + M / N) / M) ** 0.5
    return _ScaleEstimate(float(farthest.mean()), Estimate(float(value), float(error)))


def _curve(found: list[_ScaleEstimate]) -> ScaleCurve:
    return ScaleCurve(*np.array(sorted((scale, *dimension) for scale, dimension in found)).T)


def _twonn(points: Tensor, k: int, M: int) -> Iterator[_ScaleEstimate]:
    N, seen = len(points), 0
    halvings = max(0, int(np.log2(N / _MIN_SUBSAMPLE)))
    distances = points.new_empty((M, 0), dtype=torch.float64)

    for n in (N >> i for i in reversed(range(halvings + 1))):
        if n <= M:
            yield _ratio_estimate(n, _neighbors(points[:n], k, n)[0], 1)
            continue

        # The nearest neighbors among earlier points, or among the points of this scale
        candidates = torch.cat([distances, _to_others(points[seen:n], points[:M], k, seen)], dim=1)
        distances, seen = candidates.sort(dim=1).values[:, :k], n
        yield _ratio_estimate(n, distances, 1)


def _gride(points: Tensor, k: int, M: int) -> Iterator[_ScaleEstimate]:
    distances, _ = _neighbors(points, k, M)

    for n in _doubling(1, k // 2):
        yield _ratio_estimate(len(points), distances, n)


def _ratio_estimate(N: int, distances: Tensor, n: int) -> _ScaleEstimate:
    r"""Returns the maximum of the likelihood of :math:`T_{2n} / T_n`.

    With :math:`l = \log T_{2n} / T_n` and :math:`\phi(x) = x / (1 - e^{-x})`, its derivative is
    zero if

    .. math:: M - 1 + (n - 1) \sum_i \phi(d l_i) = (2n - 1) \, d \sum_i l_i

    The bounds :math:`\max(1, x) \leq \phi(x) \leq 1 + x` bracket the root. :math:`M - 1` in place
    of :math:`M` removes the bias at :math:`n = 1`. The standard error uses the deviation of the
    terms of single examples, which is valid even if the dimension differs between places.
    """
    logs = (distances[:, 2 * n - 1] / distances[:, n - 1]).log().cpu().numpy()
    M, total = len(logs), logs.sum()

    _check_spread(total)

    def slope(d: float) -> float:
        x = np.maximum(d * logs, 1e-12)
        return M - 1 + (n - 1) * (x / -np.expm1(-x)).sum() - (2 * n - 1) * d * total

    least = (M - 1 + (n - 1) * M) / total
    bounds = 0.99 * least / (2 * n - 1), 1.01 * least / n
    d = brentq(slope, *bounds, xtol=1e-300, rtol=1e-14)

    x = np.clip(d * logs, 1e-12, 600)
    terms = 1 + (n - 1) * x / -np.expm1(-x) - (2 * n - 1) * x
    information = 1 + (n - 1) * np.square(x / (2 * np.sinh(x / 2))).mean()
    return _at_scale(N, distances[:, 2 * n - 1], d, d * terms.std() / information)


def _mle(points: Tensor, k: int, M: int) -> Iterator[_ScaleEstimate]:
    distances, _ = _neighbors(points, k, M)
    T = distances.log()

    for n in _doubling(4, k):
        inverse = (T[:, n - 1, None] - T[:, : n - 1]).mean(dim=1)
        _check_spread(float(inverse.mean()))
        d = 1 / float(inverse.mean())
        yield _at_scale(len(points), distances[:, n - 1], d, d**2 * float(inverse.std()))


def _local_pca(points: Tensor, k: int, M: int) -> Iterator[_ScaleEstimate]:
    distances, indices = _neighbors(points, k, M)

    for n in _doubling(4, k):
        counts = []

        for j in split_rows(indices[:, :n], 16 * k * points.shape[1]):
            x = points[j].double()
            x = x - x.mean(dim=1, keepdim=True)
            variances = torch.linalg.eigvalsh(x @ x.mT)
            counts.append((variances > 0.05 * variances[:, -1:]).sum(dim=1).double())

        d = torch.cat(counts)
        yield _at_scale(len(points), distances[:, n - 1], float(d.mean()), float(d.std()))


def _denoiser(
    codec: Codec, x: Tensor, noise: float | None, rng: np.random.RandomState
) -> DimensionEstimate:
    d = local_dimension(codec, x, noise=noise, random_state=rng).value
    estimate = _ScaleEstimate(noise_scale(codec, noise), estimate_mean(d))

    return DimensionEstimate(*estimate.dimension, _curve([estimate]), 0)


class _Method(NamedTuple):
    r"""Estimator of the dimension from distances to neighbors."""

    estimate: Callable[[Tensor, int, int], Iterator[_ScaleEstimate]]
    r"""Maps points, k and the number of examples to use to estimates at several scales. The last
    one is the estimate at the requested scale."""

    min_neighbors: int
    default_neighbors: int


_METHODS = {
    "twonn": _Method(_twonn, 2, 2),
    "mle": _Method(_mle, 3, 20),
    "gride": _Method(_gride, 2, 16),
    "local_pca": _Method(_local_pca, 3, 32),
}


def _number_of_neighbors(method: str, k: int | None, distinct: int, N: int) -> int:
    _, min_neighbors, default_neighbors = _METHODS[method]

    if k is None:
        k = min(default_neighbors, distinct - 1)
        k = 1 << (k.bit_length() - 1) if method == "gride" and k else k

    if not (isinstance(k, Integral) and min_neighbors <= k < distinct):
        raise ValueError(
            f"method={method!r} needs at least {min_neighbors} neighbors, and more distinct"
            f" examples than neighbors; got n_neighbors={k!r}, and {distinct} distinct of {N}"
            " examples."
        )

    if method == "twonn" and k != 2:
        raise ValueError(f"method='twonn' always uses two neighbors, got n_neighbors={k}.")

    if method == "gride" and k & (k - 1):
        raise ValueError(f"method='gride' needs n_neighbors to be a power of two, got {k}.")

    return int(k)


def _check_spread(logs: float) -> None:
    if not logs > 0:
        raise ValueError(
            "all neighbors are equally far, as on a grid: the dimension is not defined."
        )


def _neighbors(points: Tensor, k: int, M: int) -> tuple[Tensor, Tensor]:
    r"""Returns distances and indices of the neighbors of the first M points."""
    distances, indices = knn(
        points, k, points[:M], self_indices=torch.arange(M, device=points.device)
    )
    return distances.double(), indices


def _to_others(points: Tensor, queries: Tensor, k: int, start: int) -> Tensor:
    r"""Returns distances to the neighbors among points, the first of which is query `start`."""
    self_indices = torch.arange(len(queries), device=points.device) - start
    self_indices[(self_indices < 0) | (self_indices >= len(points))] = -1
    return knn(points, k, queries, self_indices=self_indices)[0].double()


def _doubling(first: int, last: int) -> Iterator[int]:
    r"""Yields the first number, its doubles below the last number, and the last number."""
    while first < last:
        yield first
        first *= 2

    yield last
