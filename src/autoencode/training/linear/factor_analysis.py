r"""Factor analysis, with the number of factors chosen by cross-validation.

.. math:: x = W z + \epsilon, \qquad z \sim \mathcal{N}(0, I), \quad
    \epsilon \sim \mathcal{N}(0, \Psi), \quad \Psi = \mathrm{diag}(\psi)

With one variance for all columns, this is probabilistic principal component analysis. For
given :math:`\Psi`, the loadings of largest likelihood are known in closed form,

.. math:: W = \Psi^{1/2} U (\Lambda - I)^{1/2},

where :math:`\Lambda` and :math:`U` hold the leading eigenvalues and eigenvectors of
:math:`\Psi^{-1/2} S \Psi^{-1/2}`, and :math:`S` is the covariance of the data.

References:
    | Probabilistic Principal Component Analysis (Tipping & Bishop, 1999)
    | https://doi.org/10.1111/1467-9868.00196

    | Bayesian Reasoning and Machine Learning (Barber, 2012), section 21.2
"""

__all__ = [
    "Factors",
    "factor_analysis",
    "factors_of_known_noise",
    "principal_components",
    "probabilistic_pca",
]

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from sklearn.utils.extmath import randomized_svd
from torch import Tensor
from torch.distributions import Independent, LowRankMultivariateNormal, Normal

from ...common.arrays import evenly_spaced

_FOLDS = 5
_ITERATIONS = 100
_TOLERANCE_NATS = 1e-4
_MIN_VARIANCE = 1e-12
_MAX_CROSS_VALIDATED_COLUMNS = 100
_MAX_EXACT_SIZE = 1024  # rows or columns; randomized decompositions beyond
_PSEUDO_EXAMPLES = tuple(10 ** (i / 2) for i in range(-6, 7))
_MAX_EXAMPLES_TO_SHRINK = 256
_HELD_OUT_ITERATIONS = 3


class Factors(NamedTuple):
    r"""Linear Gaussian model of centered data."""

    loadings: Tensor
    r"""The matrix :math:`W`, with shape `(D, k)`; :math:`W^T \Psi^{-1} W` is diagonal."""

    noise: Tensor
    r"""The variances :math:`\psi` of the noise, with shape `(D,)`."""

    precision: Tensor
    r"""Posterior precisions :math:`\lambda = 1 + \mathrm{diag}(W^T \Psi^{-1} W)`, `(k,)`."""

    @property
    def encoder(self) -> Tensor:
        r"""The matrix of :math:`\mathbb{E}[z \mid x] = \Lambda^{-1} W^T \Psi^{-1} x`, `(k, D)`."""
        return (self.loadings / self.noise[:, None]).T / self.precision[:, None]

    def log_prob(self, x: Tensor) -> Tensor:
        r"""Returns :math:`\log p(x)` in nats, with shape `(N,)`."""
        zero = torch.zeros_like(self.noise)

        if len(self.precision) == 0:  # torch does not accept zero factors
            return Independent(Normal(zero, self.noise.sqrt()), 1).log_prob(x)

        return LowRankMultivariateNormal(zero, self.loadings, self.noise).log_prob(x)


def probabilistic_pca(x: Tensor, max_factors: int) -> Factors:
    r"""Probabilistic principal component analysis: one noise variance for all columns.

    The number of factors maximizes the log-likelihood of held-out examples. The noise variance is
    also estimated from held-out examples. Training examples would underestimate it if they are few
    and have many dimensions: `N - 1` components leave no residual of `N` examples.

    Arguments:
        x: Centered data in double precision, with shape `(N, D)`.
        max_factors: The maximum number of factors.

    Example:
        >>> z = torch.randn(500, 2, dtype=torch.float64)
        >>> x = z @ torch.randn(2, 6, dtype=torch.float64)
        >>> probabilistic_pca(x + 0.1 * torch.randn_like(x), max_factors=4).loadings.shape
        torch.Size([6, 2])
    """
    N, D = x.shape
    max_factors = max(0, min(max_factors, D - 1, N - 1 - math.ceil(N / _FOLDS)))
    scores, noises = [], [x.square().mean().expand(max_factors + 1)]

    for train, test in _folds(x):
        V, eigenvalues = principal_components(train, max_factors)
        y = (test @ V.T).square().mean(dim=0)
        total = test.square().sum(dim=1).mean()
        left = torch.cat([total[None], total - y.cumsum(dim=0)])
        noise = (left / (D - torch.arange(max_factors + 1))).clamp(min=_MIN_VARIANCE)
        variances = eigenvalues.maximum(noise[1:])  # variances of components, including noise
        kept = torch.cat([variances.new_zeros(1), (variances.log() + y / variances).cumsum(dim=0)])
        scores.append(kept + (D - torch.arange(max_factors + 1)) * noise.log() + left / noise)
        noises.append(noise)

    k = 1 + int(torch.stack(scores).mean(dim=0)[1:].argmin()) if scores and max_factors else 0
    noise = torch.stack(noises[1:] or noises).mean(dim=0)[k]

    return _loadings(x, k, noise.clamp(min=_MIN_VARIANCE).expand(D))


def factor_analysis(x: Tensor, max_factors: int) -> Factors:
    r"""Factor analysis: a noise variance for each column.

    The number of factors maximizes the log-likelihood of held-out examples among the powers of two
    and `max_factors`. With more than 100 columns and fewer examples than columns, the noise
    variances are estimated from held-out examples and shrunk toward their mean.

    Arguments:
        x: Centered data in double precision, with shape `(N, D)`.
        max_factors: The maximum number of factors.

    Example:
        >>> z = torch.randn(500, 2, dtype=torch.float64)
        >>> x = z @ torch.randn(2, 6, dtype=torch.float64)
        >>> factor_analysis(x + 0.1 * torch.randn_like(x), max_factors=2).loadings.shape
        torch.Size([6, 2])
    """
    N, D = x.shape
    max_factors = max(0, min(max_factors, D - 1, N - 2))

    if D > _MAX_CROSS_VALIDATED_COLUMNS:
        k = probabilistic_pca(x, max_factors).loadings.shape[1]

        if 2 < N < D:
            return _loadings(x, k, _held_out_noise(x, k))

        return _fixed_point(x, k, iterations=30 if D <= 5 * _MAX_CROSS_VALIDATED_COLUMNS else 5)

    candidates = (
        sorted({1 << i for i in range(max_factors.bit_length())} | {max_factors})
        if max_factors
        else [0]
    )
    scores: list[list[Tensor]] = [[] for _ in candidates]

    for train, test in _folds(x) if len(candidates) > 1 else ():
        for k, score in zip(candidates, scores):
            factors = _fixed_point(train, min(k, max(1, len(train) - 2)), iterations=30)
            score.append(factors.log_prob(test))

    # The median is robust to a few examples with a rare value in an almost constant column
    medians = [float(torch.cat(score).median()) if score else 0.0 for score in scores]
    k = candidates[medians.index(max(medians))]

    return _fixed_point(x, k, _ITERATIONS)


def factors_of_known_noise(x: Tensor, max_factors: int, noise: Tensor) -> Factors:
    r"""Factors for known noise variances; factors below the noise are zero.

    Arguments:
        x: Centered data in double precision, with shape `(N, D)`.
        max_factors: The number of factors.
        noise: The variances of the noise, with shape `(D,)`.

    Example:
        >>> x = torch.randn(500, 3, dtype=torch.float64)
        >>> factors_of_known_noise(x, 2, torch.full((3,), 9.0, dtype=torch.float64)).precision
        tensor([1., 1.], dtype=torch.float64)
    """
    return _loadings(x, min(max_factors, *x.shape), noise)


def principal_components(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    r"""First principal directions of centered data, and the variances along them.

    Arguments:
        x: Centered data, with shape `(N, D)`.
        k: The maximum number of directions.

    Returns:
        The directions as rows, with shape `(k, D)`, and the variances, with shape `(k,)`.

    Example:
        >>> x = torch.tensor([[2.0, 0.0], [-2.0, 0.0]])
        >>> principal_components(x, 1)[1]
        tensor([4.])
    """
    N, D = x.shape
    k = min(k, N, D)

    if min(N, D) > _MAX_EXACT_SIZE and k < _MAX_EXACT_SIZE // 8:
        _, s, V = randomized_svd(x.numpy(), k, random_state=0)
        return torch.from_numpy(V), torch.from_numpy(s**2 / N)

    if D <= N:
        eigenvalues, vectors = torch.linalg.eigh(x.T @ x / N)
        return vectors.flip(1)[:, :k].T, eigenvalues.flip(0)[:k].clamp(min=0)

    eigenvalues, vectors = torch.linalg.eigh(x @ x.T / N)
    V = vectors.flip(1)[:, :k].T @ x
    V = V / V.norm(dim=1, keepdim=True).clamp(min=math.sqrt(_MIN_VARIANCE))

    return V, eigenvalues.flip(0)[:k].clamp(min=0)


def _fixed_point(x: Tensor, k: int, iterations: int) -> Factors:
    r"""Alternates between the loadings for given noise and the noise for given loadings."""
    variance = x.square().mean(dim=0).clamp(min=_MIN_VARIANCE)
    whitened = _whitened(x)
    noise, before = variance / 2, -math.inf

    for _ in range(iterations if k else 0):
        factors = _loadings(x, k, noise, whitened)
        noise = (variance - factors.loadings.square().sum(dim=1)).clamp(min=_MIN_VARIANCE)
        explained = factors.precision.log().sum() - factors.precision.sum()
        now = -0.5 * float(
            explained + (variance / factors.noise).sum() + factors.noise.log().sum()
        )

        if abs(now - before) < _TOLERANCE_NATS:
            break

        before = now

    return _loadings(x, k, noise if k else variance, whitened)


def _held_out_noise(x: Tensor, k: int) -> Tensor:
    r"""Returns the variances of held-out residuals of `k` factors, shrunk toward their mean.

    .. math:: \psi_j = \frac{N r_j + \nu \bar{r}}{N + \nu}, \qquad
        r_j = \frac{1}{N} \sum_i \mathbb{E}_{q(z \mid x_i)} (x_{ij} - w_j^T z)^2

    The number of pseudo-examples :math:`\nu` has the largest leave-one-out likelihood. A few
    examples give a poor estimate of the variance of one column, and a good one of the mean
    variance.
    """
    x = x[evenly_spaced(len(x), _MAX_EXACT_SIZE)]
    N, noise = len(x), x.square().mean(dim=0).clamp(min=_MIN_VARIANCE)

    for _ in range(_HELD_OUT_ITERATIONS):
        r, some = x.new_zeros(x.shape[1]), []

        for train, test in _folds(x):
            factors = _loadings(train, k, noise)
            W = factors.loadings
            squares = (test - (test @ factors.encoder.T) @ W.T).square()
            squares += (W.square() / factors.precision).sum(dim=1)
            r += squares.sum(dim=0) / N
            some.append(squares[: math.ceil(_MAX_EXAMPLES_TO_SHRINK / _FOLDS)])

        noise = _shrunk(r, torch.cat(some), N)

    return noise


def _shrunk(r: Tensor, e: Tensor, N: int) -> Tensor:
    r"""Returns mean squares, shrunk toward their mean.

    Arguments:
        r: The mean square of each column over all examples.
        e: The squares of some of the examples.
        N: The number of all examples.
    """
    mean, scores = r.mean(), []

    for n in _PSEUDO_EXAMPLES:
        others = ((N * r - e + n * mean) / (N - 1 + n)).clamp(min=_MIN_VARIANCE)
        scores.append(float((others.log() + e / others).mean()))

    n = _PSEUDO_EXAMPLES[scores.index(min(scores))]
    return ((N * r + n * mean) / (N + n)).clamp(min=_MIN_VARIANCE)


def _loadings(
    x: Tensor,
    k: int,
    noise: Tensor,
    whitened: "Callable[[Tensor, int], tuple[Tensor, Tensor]] | None" = None,
) -> Factors:
    scale = noise.sqrt()
    U, eigenvalues = (whitened or _whitened(x))(scale, k)
    eigenvalues = eigenvalues.clamp(min=1)

    return Factors(scale[:, None] * U.T * (eigenvalues - 1).sqrt(), noise, eigenvalues)


def _whitened(x: Tensor) -> "Callable[[Tensor, int], tuple[Tensor, Tensor]]":
    r"""Returns a function that decomposes the covariance of :math:`\Psi^{-1/2} x`."""
    N, D = x.shape

    if D > N:
        return lambda scale, k: principal_components(x / scale, k)

    S = x.T @ x / N

    def decompose(scale: Tensor, k: int) -> tuple[Tensor, Tensor]:
        eigenvalues, vectors = torch.linalg.eigh(S / scale / scale[:, None])
        return vectors.flip(1)[:, :k].T, eigenvalues.flip(0)[:k]

    return decompose


def _folds(x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    r"""Yields training and test examples, both centered by the mean of the training examples."""
    N = len(x)
    order = torch.randperm(N, generator=torch.Generator().manual_seed(0))

    for fold in range(_count(N) if N > 2 else 0):
        mask = order % _count(N) == fold
        mean = x[~mask].mean(dim=0)
        yield x[~mask] - mean, x[mask] - mean


def _count(N: int) -> int:
    return min(_FOLDS, N)
