r"""Mixtures of Gaussians that are flat along planes."""

__all__ = ["LocalGaussians", "fit_local_gaussians", "gram_pca", "log_gaussian"]

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ...common.batching import rows_per_batch, split_rows
from ...common.progress import track
from ..neighbors.exact import knn

NEGLIGIBLE_VARIANCE = 1e-10  # relative to the largest variance of the same Gaussian
_QUERY_BATCH = 1000
_RELATIVE_ROUNDING = 1e-12  # error of the squared distance across a plane


@dataclass
class LocalGaussians:
    r"""Mixture of Gaussians whose planes are linear combinations of offsets to neighbors.

    .. math:: p(x) = \sum_i w_i \, \mathcal{N}(x; x_i, V_i^\top \operatorname{diag}(s_i^2) \, V_i
        + \sigma_i^2 I)

    The coefficients of these combinations take far less memory than the planes.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], dtype=torch.float64)
        >>> log_weights = torch.full((3,), 1 / 3).log()
        >>> mixture, _, _ = fit_local_gaussians(x - x.mean(dim=0), log_weights, None, 2, 1)
        >>> mixture.variance = torch.ones(3, dtype=torch.float64)
        >>> mixture.planes(torch.arange(3)).abs().round(decimals=6)[:, 0, 0]
        tensor([1., 1., 1.], dtype=torch.float64)
    """

    centers: Tensor
    r"""The centers minus their mean, with shape `(n, D)`."""

    log_weights: Tensor
    r"""The logarithms of the weights, with shape `(n,)`."""

    bases: Tensor | None
    r"""Planes onto which the offsets to neighbors are projected, with shape `(n, r, D)`."""

    k: int
    r"""The number of neighbors that span a plane."""

    neighbors: Tensor
    r"""Indices of these neighbors, and of one more if there are enough points, `(n, K)`."""

    spread: Tensor
    r"""The variances along the planes minus those across them, with shape `(n, d)`."""

    coefficients: Tensor
    r"""Coefficients of the offsets to the neighbors that give the planes, `(n, K, d)`."""

    variance: Tensor
    r"""The variances across the planes, with shape `(n,)`."""

    def log_prob(self, x: Tensor) -> Tensor:
        r"""Log-densities of rows, `(M, D)`, with shape `(M,)`."""
        parts = []

        for q in track(x.split(_QUERY_BATCH), len(x), "densities"):
            total = q.new_full((len(q),), -math.inf)

            for i, squares, u in self.iter_offsets(q):
                ll = log_gaussian(squares, u, self.spread[i], self.variance[i], x.shape[1])
                total = total.logaddexp((ll + self.log_weights[i]).logsumexp(dim=1))

            parts.append(total)

        return torch.cat(parts)

    def log_prob_nearest(self, x: Tensor, truncate: int) -> Tensor:
        r"""Log-densities under only the Gaussians with the nearest centers."""
        distances, near = self._nearest(x, truncate)
        parts = []

        for part in self.slices(len(x), each=near.shape[1]):
            i = near[part].flatten()
            v = x[part].repeat_interleave(near.shape[1], dim=0) - self.centers[i]
            u = (self.coefficients[i].mT @ (self.neighbor_offsets(i) @ v[..., None]))[..., 0]
            squares = distances[part].flatten().square()
            ll = log_gaussian(squares, u.square(), self.spread[i], self.variance[i], x.shape[1])
            ll = (ll + self.log_weights[i]).unflatten(0, (-1, near.shape[1]))
            parts.append(ll.logsumexp(dim=1))

        return torch.cat(parts)

    def truncation_bound(self, x: Tensor, truncate: int) -> Tensor:
        r"""Upper bound on the log-density that is lost by truncation to the nearest Gaussians."""
        largest = self.variance + F.pad(self.spread, (0, 1)).amax(dim=1)
        bounds = []

        for q in split_rows(x, 4 * 8 * len(self.centers)):
            _, near = self._nearest(q, truncate)
            missed = _squares(q, self.centers) / largest
            missed = self.log_weights - 0.5 * (missed + self._log_volumes())
            missed = missed.scatter(1, near, -math.inf).logsumexp(dim=1)
            bounds.append(
                F.softplus(missed - self.log_prob_nearest(q, truncate), threshold=math.inf)
            )

        return torch.cat(bounds)

    def displace(self, i: Tensor, along: Tensor, across: Tensor) -> Tensor:
        r"""Rows at centers, moved by standard normal steps along the planes and across them."""
        x = self.centers[i]

        for part in self.slices(len(x)):
            steps = self.spread[i[part]].sqrt() * along[part]
            x[part] += (steps[:, None] @ self.planes(i[part]))[:, 0]
            x[part] += self.variance[i[part], None].sqrt() * across[part]

        return x

    def neighbor_offsets(self, i: Tensor, projected: bool = True) -> Tensor:
        r"""Offsets to the neighbors of some examples, projected onto `bases` if there are any."""
        M = self.centers[self.neighbors[i]] - self.centers[i, None]

        if self.bases is None or not projected:
            return M

        B = self.bases[i].to(M)
        return (M @ B.mT) @ B

    def planes(self, i: Tensor) -> Tensor:
        r"""Orthonormal rows that span the planes of some examples."""
        return self.coefficients[i].mT @ self.neighbor_offsets(i)

    def iter_offsets(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        r"""Yields indices of Gaussians, squared distances of queries to their centers, and squares
        of the parts along their planes, with shapes `(b,)`, `(M, b)` and `(M, b, d)`.
        """
        n, d = self.spread.shape

        for i in torch.arange(n, device=x.device).split(self._size(4 * len(x) * (d + 1))):
            V = self.planes(i)
            u = (x @ V.flatten(end_dim=1).T).unflatten(1, (len(i), d))
            u = u - (V @ self.centers[i, :, None])[..., 0]
            yield i, _squares(x, self.centers[i]), u.square()

    def slices(self, n: int, each: int = 1) -> Iterator[slice]:
        r"""Yields slices of n rows that fit into memory, with `each` planes per row."""
        step = max(1, self._size(0) // each)
        return (slice(start, start + step) for start in range(0, n, step))

    def _size(self, numbers: int) -> int:
        r"""Number of Gaussians that fit into memory."""
        K, D = self.neighbors.shape[1], self.centers.shape[1]
        width = 0 if self.bases is None else self.bases.shape[1]
        return rows_per_batch(8 * (3 * (K + width + 1) * D + numbers))

    def _nearest(self, x: Tensor, truncate: int) -> tuple[Tensor, Tensor]:
        return knn(self.centers, min(truncate, len(self.centers)), x)

    def _log_volumes(self) -> Tensor:
        r"""Logarithms of :math:`|2 \pi S_i|`."""
        D, d = self.centers.shape[1], self.spread.shape[1]
        along = (self.spread + self.variance[:, None]).log().sum(dim=1)
        return D * math.log(2 * math.pi) + along + (D - d) * self.variance.log()


def fit_local_gaussians(
    centers: Tensor, log_weights: Tensor, bases: Tensor | None, n_neighbors: int, d: int
) -> tuple[LocalGaussians, Tensor, Tensor]:
    r"""Finds the planes from the principal directions of the offsets to the nearest neighbors.

    Arguments:
        centers: The centers minus their mean, with shape `(n, D)`.
        log_weights: The logarithms of the weights, with shape `(n,)`.
        bases: Planes onto which to project the offsets, with shape `(n, r, D)`, or `None`.
        n_neighbors: The number of neighbors, or all others if there are fewer.
        d: The maximum dimension of the planes.

    Returns:
        The mixture, without a variance across the planes; the distances to the neighbors and one
        more, and the inner products of the offsets to them, for leave-one-out estimates.

    Example:
        >>> x = torch.randn(20, 3, dtype=torch.float64)
        >>> mixture, distances, products = fit_local_gaussians(x, torch.zeros(20), None, 5, 2)
        >>> mixture.spread.shape, distances.shape, products.shape
        (torch.Size([20, 2]), torch.Size([20, 6]), torch.Size([20, 6, 6]))
    """
    n, D = centers.shape
    K, k = min(n_neighbors + 1, n - 1), min(n_neighbors, n - 1)
    d, new = min(d, k, D), centers.new_zeros
    distances, neighbors = new(n, 0), new(n, 0, dtype=torch.long)

    if K > 0:
        distances, neighbors = knn(centers, K)

    G, spread, coefficients = new(n, K, K), new(n, d), new(n, K, d)
    mixture = LocalGaussians(
        centers, log_weights, bases, k, neighbors, spread, coefficients, variance=new(n)
    )

    for part in mixture.slices(n):
        M = mixture.neighbor_offsets(torch.arange(n, device=G.device)[part])
        G[part] = M @ M.mT
        spread[part], coefficients[part, :k] = gram_pca(G[part, :k, :k], d)

    return mixture, distances, G


def gram_pca(G: Tensor, d: int) -> tuple[Tensor, Tensor]:
    r"""Principal directions of rows :math:`M`, from their inner products :math:`G = M M^\top`.

    Arguments:
        G: The inner products, with shape `(*, k, k)`.
        d: The number of directions.

    Returns:
        The mean squares along the directions, and coefficients :math:`A` so that the directions
        are :math:`A^\top M`. Both are zero for directions in which the rows do not differ.

    Example:
        >>> M = torch.tensor([[3.0, 4.0], [-3.0, -4.0]])
        >>> spread, A = gram_pca(M @ M.T, 1)
        >>> spread, (A.T @ M).abs()
        (tensor([25.]), tensor([[0.6000, 0.8000]]))
    """
    v, A = torch.linalg.eigh(G)
    v, A = v.flip(-1)[..., :d], A.flip(-1)[..., :d]
    some = v > NEGLIGIBLE_VARIANCE * v[..., :1]

    return (v / G.shape[-1]).where(some, 0.0), A * v.rsqrt().where(some, 0.0)[..., None, :]


def log_gaussian(squares: Tensor, u: Tensor, spread: Tensor, variance: Tensor, D: int) -> Tensor:
    r"""Log-densities of a flat Gaussian, from squared distances and their parts along the plane.

    Arguments:
        squares: The squared distances to the center, with shape `(*)`.
        u: The squares of the parts along the plane, with shape `(*, d)`.
        spread: The variances along the plane minus those across it, with shape `(*, d)`.
        variance: The variances across the plane, with shape `(*)`.
        D: The number of columns.

    Example:
        >>> one = torch.ones(())
        >>> log_gaussian(4 * one, one[None], 0 * one[None], one, 1)  # of N(0, 1), at 2
        tensor(-2.9189)
    """
    across = squares - u.sum(dim=-1)
    across = across.where(across > _RELATIVE_ROUNDING * squares, 0.0)
    along = spread + variance[..., None]
    log_volume = along.log().sum(dim=-1) + (D - u.shape[-1]) * variance.log()

    return -0.5 * (
        D * math.log(2 * math.pi) + log_volume + across / variance + (u / along).sum(dim=-1)
    )


def _squares(x: Tensor, y: Tensor) -> Tensor:
    r"""Returns squared distances of centered rows."""
    norms = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)
    return torch.addmm(norms, x, y.T, alpha=-2).clamp(min=0)
