r"""Density models of codes, and of residuals off the manifold."""

__all__ = ["CAP_QUANTILE", "AdaptiveKDE", "GaussianDensity", "ResidualNoise", "Surprisal"]

import math

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.distributions import MultivariateNormal

from ...common.batching import rows_per_batch
from ..neighbors.exact import knn

_SHRINKAGE = 0.01  # fraction by which the scale of each feature shrinks toward the common scale
CAP_QUANTILE = 0.25  # quantile of normal log-densities at which log-densities are limited
_NEIGHBORS = 5  # number of neighbors; the distance to the last one is the width of a kernel
_MAX_BANDWIDTH_QUERIES = 2000  # more codes hardly change the bandwidth
_NUMBERS_IN_CACHE = 2**18  # blocks that fit into the cache are four times as fast
_COPY_TOLERANCE = 1e-6  # relative to the typical distance of neighbors
_SQRT_TWO_PI = math.sqrt(2 * math.pi)


class GaussianDensity:
    r"""Normal distribution of codes.

    Arguments:
        codes: The codes to fit, with shape `(N, d)`.

    Example:
        >>> GaussianDensity(torch.randn(1000, 2)).log_prob(torch.zeros(3, 2)).shape
        torch.Size([3])
    """

    def __init__(self, codes: Tensor) -> None:
        S = torch.atleast_2d(codes.mT.cov(correction=0))
        S = S + (1e-6 * S.diagonal().mean()).clamp(min=1e-12) * torch.eye(len(S)).to(S)
        self.codes, self.normal = codes, MultivariateNormal(codes.mean(dim=0), S)

    def log_prob(self, z: Tensor) -> Tensor:
        r"""The log-densities of codes with shape `(M, d)`, with shape `(M,)`."""
        return self.normal.log_prob(z)

    def leave_one_out_log_prob(self) -> Tensor:
        r"""Log-densities of the fitted codes; leaving one out would hardly change them."""
        return self.log_prob(self.codes)

    def log_window_mass(
        self, z: Tensor, precision: Tensor, self_indices: Tensor | None = None
    ) -> Tensor:
        r"""Log-probability of a neighborhood of each code.

        .. math:: \log \int p(z') \, e^{-(z' - z)^\top G (z' - z) / 2} \, dz'

        Arguments:
            z: The codes, with shape `(M, d)`.
            precision: The inverse covariance :math:`G` of the window, with shape `(M, d, d)`.
            self_indices: Not used, because a single code hardly changes the density.

        Returns:
            The logarithms, at most zero, with shape `(M,)`.
        """
        S, delta = self.normal.covariance_matrix, z - self.normal.mean
        A = torch.eye(len(S)).to(S) + S @ precision
        pulled = (precision @ torch.linalg.solve(A, delta[..., None])).squeeze(dim=-1)

        return -0.5 * (torch.linalg.slogdet(A).logabsdet + (delta * pulled).sum(dim=1))


class AdaptiveKDE:
    r"""Kernel density estimate of codes, with a width for each kernel.

    .. math:: p(z) = \frac{1}{N} \sum_i \mathcal{N}(z; z_i, (h \rho_i)^2 I)

    :math:`\rho_i` is the distance of :math:`z_i` to its fifth neighbor. The factor :math:`h`
    maximizes the leave-one-out likelihood of the codes.

    References:
        | Variable Kernel Estimates of Multivariate Densities (Breiman et al., 1977)

    Arguments:
        codes: The codes to fit, at least two, with shape `(N, d)`.

    Example:
        >>> law = AdaptiveKDE(torch.randn(1000, 1))
        >>> near, far = law.log_prob(torch.tensor([[0.0], [5.0]]))
        >>> bool(near > far)
        True
    """

    def __init__(self, codes: Tensor) -> None:
        rho = _neighbor_distances(codes) / math.sqrt(codes.shape[1])
        rho = rho.clamp(min=0.1 * float(rho.mean()))  # zero for duplicates

        self.codes = codes
        self.widths = rho if rho.any() else torch.ones_like(rho)
        self.widths = self.widths * self._best_factor()

    def log_prob(self, z: Tensor) -> Tensor:
        r"""The log-densities of codes with shape `(M, d)`, with shape `(M,)`."""
        parts = z.split(self._rows)
        return torch.cat([self._mixture(torch.cdist(part, self.codes)) for part in parts])

    def leave_one_out_log_prob(self) -> Tensor:
        r"""Log-density of each code under the kernels of all codes that are not copies of it."""
        parts = torch.arange(len(self.codes)).split(self._rows)
        return torch.cat([self._mixture(self._to_others(rows), left=True) for rows in parts])

    def log_window_mass(
        self, z: Tensor, precision: Tensor, self_indices: Tensor | None = None
    ) -> Tensor:
        r"""Log-probability of a neighborhood of each code.

        .. math:: \log \int p(z') \, e^{-(z' - z)^\top G (z' - z) / 2} \, dz'

        Arguments:
            z: The codes, with shape `(M, d)`.
            precision: The inverse covariance :math:`G` of the window, with shape `(M, d, d)`.
            self_indices: The index of each code among those of the density, with shape `(M,)`.
                Its kernel and those of its copies are left out.

        Returns:
            The logarithms, at most zero, with shape `(M,)`.
        """
        values, axes = torch.linalg.eigh(precision)
        values, squares = values.clamp(min=0), self.widths.square()[:, None]
        axes = axes * values[:, None].sqrt()
        masses = []

        for rows in torch.arange(len(z)).split(max(1, _NUMBERS_IN_CACHE // self.codes.numel())):
            widened = 1 + squares * values[rows, None]
            offsets = z[rows, None] - self.codes
            bent = offsets @ axes[rows]
            bent = bent.square_().div_(widened).sum(dim=2)
            logs = -0.5 * (bent + widened.log_().sum(dim=2))

            if self_indices is not None:
                copies = offsets.abs().amax(dim=2) <= _COPY_TOLERANCE * float(self.widths.mean())
                left = _not_copies(copies, self_indices[rows])
                masses.append(logs.masked_fill(~left, -math.inf).logsumexp(dim=1))
                masses[-1] -= left.sum(dim=1).log()
            else:
                masses.append(logs.logsumexp(dim=1) - math.log(len(self.codes)))

        return torch.cat(masses)

    def _best_factor(self) -> float:
        rows = torch.arange(
            0, len(self.codes), math.ceil(len(self.codes) / _MAX_BANDWIDTH_QUERIES)
        )
        distances = self._to_others(rows)

        # With duplicates, the likelihood would favor kernels without width
        distances[distances <= _COPY_TOLERANCE * self.widths.mean()] = math.inf
        distances = distances[distances.isfinite().any(dim=1)]

        if len(distances) == 0:
            return 1.0

        def loss(log_factor: float) -> float:
            return -float(self._mixture(distances, math.exp(log_factor)).mean())

        best = minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 0.02})
        return math.exp(best.x)

    def _to_others(self, rows: Tensor) -> Tensor:
        distances = torch.cdist(self.codes[rows], self.codes)
        copies = distances <= _COPY_TOLERANCE * float(self.widths.mean())
        return distances.masked_fill(~_not_copies(copies, rows), math.inf)

    def _mixture(self, distances: Tensor, factor: float = 1.0, left: bool = False) -> Tensor:
        h = factor * self.widths
        logs = -(distances / h).square() / 2 - self.codes.shape[1] * (_SQRT_TWO_PI * h).log()
        n = distances.isfinite().sum(dim=1).to(h) if left else len(h)

        return logs.logsumexp(dim=1) - torch.as_tensor(n).to(h).log()

    @property
    def _rows(self) -> int:
        return rows_per_batch(4 * 8 * len(self.codes))


def _not_copies(copies: Tensor, self_indices: Tensor) -> Tensor:
    r"""Returns a mask of the codes that differ from each query, or of all others if none does.

    Arguments:
        copies: Mask of the codes that equal each query, with shape `(M, N)`.
        self_indices: The index of each query among the codes, with shape `(M,)`.
    """
    itself = torch.zeros_like(copies).scatter(1, self_indices[:, None].to(copies.device), True)
    return torch.where(copies.all(dim=1, keepdim=True), ~itself, ~copies & ~itself)


def _neighbor_distances(codes: Tensor) -> Tensor:
    r"""Returns the distance of each code to its fifth neighbor, counting copies once."""
    step = _COPY_TOLERANCE * float(codes.std(dim=0, correction=0).mean())
    cells = (codes / step).round() if step > 0 else torch.zeros_like(codes)
    _, group = cells.unique(dim=0, return_inverse=True)
    n = int(group.max()) + 1

    if n < 2:
        return torch.zeros_like(codes[:, 0])

    one = group.new_empty(n).scatter(0, group, torch.arange(len(codes), device=group.device))
    distances, _ = knn(codes[one], min(_NEIGHBORS, n - 1))
    return distances[:, -1].to(codes)[group]


class ResidualNoise:
    r"""Gaussian noise of each feature, projected onto the directions across the manifold.

    .. math:: \log p(w) = -\frac{1}{2} \sum_j \left[ \frac{w_j^2}{s_j^2}
        + f_j \log 2 \pi s_j^2 \right], \qquad s_j^2 = \frac{\mathbb{E} \, w_j^2}{f_j}

    The fraction :math:`f_j` of the noise of feature :math:`j` lies across the manifold; the
    fractions sum to :math:`D - d`. The equation is exact if all scales are equal. Scales are
    shrunk slightly toward the common scale, so that the scale of a constant feature is not zero.

    The density is highest on the manifold itself, where almost no example of many features lies.
    Log-densities are therefore limited to the value that three quarters of the residuals exceed.

    Arguments:
        w: Residuals across the manifold, with shape `(N, D)`.
        normal_fraction: The fractions, with shape `(D,)`.
        resolution: The smallest scale above rounding errors.

    Example:
        >>> residuals = torch.randn(1000, 3) * torch.tensor([1.0, 2.0, 0.0])
        >>> noise = ResidualNoise(residuals, torch.ones(3))
        >>> noise.variance.sqrt().round()
        tensor([1., 2., 0.])
    """

    def __init__(self, w: Tensor, normal_fraction: Tensor, resolution: float = 1e-5) -> None:
        squares = w.square().mean(dim=0)
        pooled = (squares.sum() / normal_fraction.sum().clamp(min=1e-6)).clamp(min=resolution**2)

        self.normal_fraction = normal_fraction
        self.variance = (squares + _SHRINKAGE * pooled) / (normal_fraction + _SHRINKAGE)
        self.scale = (squares + _SHRINKAGE * pooled).sqrt()
        self.cap = math.inf
        self.cap = float(np.quantile(self.log_prob(w).cpu(), CAP_QUANTILE))

    def explain(self, w: Tensor) -> Tensor:
        r"""Residuals divided by their scales, with shape `(M, D)`."""
        return w / self.scale

    def log_prob(self, w: Tensor) -> Tensor:
        r"""Limited log-densities of residuals, `(M, D)`, with shape `(M,)`."""
        constant = (self.normal_fraction * (2 * math.pi * self.variance).log()).sum()
        logs = -0.5 * ((w.square() / self.variance).sum(dim=1) + constant)
        return logs.clamp(max=self.cap)


class Surprisal:
    r"""Excess surprisal of the tokens of a sequence, :math:`-\sum_t w_t`.

    It has no parameters, because surprisals are in nats already.

    Arguments:
        length: The number of tokens.

    Example:
        >>> Surprisal(2).log_prob(torch.tensor([[0.5, 2.0]]))
        tensor([-2.5000])
    """

    def __init__(self, length: int) -> None:
        self.scale = torch.ones(length)

    def explain(self, w: Tensor) -> Tensor:
        r"""Excess surprisals, unchanged, with shape `(M, L)`."""
        return w

    def log_prob(self, w: Tensor) -> Tensor:
        r"""Log-probabilities minus their expected values, of surprisals with shape `(M, L)`."""
        return -w.sum(dim=1)
