r"""Kernel density of the codes as a prior."""

__all__ = ["KernelDensity", "KernelMixture"]

import logging
import math
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, Normal, constraints
from torch.distributions.constraints import Constraint

from ...common.checks.ranges import check_above, check_at_least
from ..base import Prior
from ..standard_normal import StandardNormal
from . import maximization, selection
from .codes import keep_first_dimension, place, points_of, usable

log = logging.getLogger(__name__)

MAX_KERNELS = 2**12
_DISTANCES = 2**23  # at a time
_MIN_DRAWS = 2**9  # codes in total, if there are few examples
_FOLDS = 5
_WIDTHS = torch.logspace(-1.5, 0.5, 15, base=10).tolist()


class KernelMixture(Distribution):
    r"""Mixture of Gaussians of one shape and of different widths, all with the same weight.

    .. math:: p(z) = \frac{1}{N} \sum_i \mathcal{N}(z \mid \mu_i, h_i^2 L L^\top)

    Features that are not `fitted` have independent unit Gaussians.

    Arguments:
        loc: The centers of the fitted features, with shape `(N, F)`.
        width: The widths :math:`h`, with shape `(N,)`.
        scale_tril: The factor :math:`L`, with shape `(F, F)`.
        fitted: Whether each feature is fitted, with shape `(D,)`.

    Example:
        >>> one = torch.ones(1)
        >>> p = KernelMixture(one[None], one, one[None], torch.tensor([True, False]))
        >>> p.log_prob(torch.tensor([[1.0, 0.0]])) == -math.log(2 * math.pi)
        tensor([True])
    """

    arg_constraints: ClassVar[dict[str, Constraint]] = {}
    support = constraints.real_vector

    def __init__(self, loc: Tensor, width: Tensor, scale_tril: Tensor, fitted: Tensor) -> None:
        super().__init__(event_shape=fitted.shape, validate_args=False)

        self.loc = loc
        self.width = width
        self.scale_tril = scale_tril
        self.fitted = fitted

    @property
    def mean(self) -> Tensor:
        mean = self.loc.new_zeros(self.event_shape)
        return mean.masked_scatter(self.fitted, self.loc.mean(dim=0))

    @property
    def variance(self) -> Tensor:
        each = self.width.square().mean() * self.scale_tril.square().sum(dim=-1)
        ones = self.loc.new_ones(self.event_shape)
        return ones.masked_scatter(self.fitted, each + self.loc.var(dim=0, correction=0))

    def log_prob(self, value: Tensor) -> Tensor:
        z = value.reshape(-1, *self.event_shape)
        rest = Normal(0, 1).log_prob(z[:, ~self.fitted]).sum(dim=-1)
        z = self._whitened(z[:, self.fitted])
        centers = self._whitened(self.loc)
        parts = [
            _log_kernels(part, centers, self.width).logsumexp(dim=1)
            for part in z.split(max(1, _DISTANCES // len(centers)))
        ]
        volume = self.scale_tril.diagonal().log().sum() + math.log(len(centers))

        return (torch.cat(parts) + rest - volume).reshape(value.shape[:-1])

    def sample(self, sample_shape: Size | Sequence[int] = Size()) -> Tensor:
        with torch.no_grad():
            n = math.prod(sample_shape)
            z = torch.randn(n, *self.event_shape, dtype=self.loc.dtype, device=self.loc.device)
            i = torch.randint(len(self.loc), (n,), device=self.loc.device)
            noise = self.width[i, None] * z[:, self.fitted]
            z[:, self.fitted] = self.loc[i] + noise @ self.scale_tril.mT

        return z.reshape(*sample_shape, *self.event_shape)

    def _whitened(self, z: Tensor) -> Tensor:
        return torch.linalg.solve_triangular(self.scale_tril, z.mT, upper=False).mT


class KernelDensity(Prior):
    r"""Small Gaussian at each code, fitted after the training.

    .. math:: p(z) = \frac{1}{N} \sum_i \mathcal{N} \big( z \mid z_i, h_i^2 \, \Sigma \big)

    :math:`\Sigma` is the covariance of the codes. The width :math:`h` is the same for all kernels,
    or, with `n_neighbors`, proportional to the distance from a code to that neighbor, so that
    kernels are wide where codes are few. Unlike the plain density of nearest neighbors, this one
    has an integral of one and can be drawn from. Held-out codes choose the width or the
    proportion. As in :class:`~autoencode.priors.Mixture`, features of a collapsed posterior stay
    unit Gaussians, and so does the whole prior where it is not better by two standard errors.

    The density of a code costs a pass over all kernels, at most 4,096. New codes lie near those of
    the training.

    References:
        | On Estimation of a Probability Density Function and Mode (Parzen, 1962)
        | https://doi.org/10.1214/aoms/1177704472

        | Variable Kernel Estimates of Multivariate Densities (Breiman et al., 1977), for widths
          by neighbors
        | https://doi.org/10.1080/00401706.1977.10489521

    Arguments:
        n_neighbors: The neighbor that determines the width of a kernel; by default all kernels
            have the same width.
        bandwidth: The width :math:`h`, or the proportion; by default held-out codes choose it.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.priors.Mixture`, :class:`~autoencode.priors.FlowPrior`

    Example:
        >>> prior = KernelDensity().build(1)
        >>> prior.fit(lambda: torch.randn(500, 1, 1) + 8 * torch.randint(2, (500, 1, 1)))
        >>> prior().mean.round()
        tensor([4.])
    """

    fits = True

    loc: Tensor
    width: Tensor
    scale_tril: Tensor
    fitted: Tensor

    def __init__(self, n_neighbors: int | None = None, bandwidth: float | None = None) -> None:
        super().__init__()

        check_at_least(1, n_neighbors=n_neighbors)
        check_above(0, bandwidth=bandwidth)

        self.n_neighbors = n_neighbors
        self.bandwidth = bandwidth

    def build(self, latent_dim: int) -> "KernelDensity":
        self.unit = StandardNormal().build(latent_dim)
        self.register_buffer("loc", torch.zeros(0, latent_dim))
        self.register_buffer("width", torch.zeros(0))
        self.register_buffer("scale_tril", torch.eye(latent_dim))
        self.register_buffer("fitted", torch.ones(latent_dim, dtype=torch.bool))
        keep_first_dimension(self, "loc", "width")

        return self

    def forward(self) -> Distribution:
        if len(self.loc) == 0:
            return self.unit()

        f = self.fitted
        return KernelMixture(self.loc[:, f], self.width, self.scale_tril[f][:, f], f)

    @torch.no_grad()
    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        z = codes().cpu()

        if not usable(z):
            return

        z, points = points_of(z, _MIN_DRAWS)
        D, fitted = z.shape[-1], torch.ones(z.shape[-1], dtype=torch.bool)

        if not points:
            fitted = selection.differs_from_unit(z.flatten(end_dim=1))

        if not fitted.any() or (len(z) < selection.MIN_EXAMPLES and not points):
            return

        z = z[torch.randperm(len(z))[:MAX_KERNELS]]
        L = _shape(z[..., fitted])
        x = torch.linalg.solve_triangular(L, z[..., fitted].flatten(end_dim=1).mT, upper=False)
        x = x.mT.reshape(*z.shape[:2], -1)
        best = self._choose(x, z[..., fitted], L, points)

        if best is None:
            log.info(
                "a kernel density is not significantly better than the unit Gaussian, which stays."
            )
            return

        width = self._widths(x.flatten(end_dim=1), best)
        scale_tril = torch.eye(D)
        index = fitted.nonzero()[:, 0]
        scale_tril[index[:, None], index] = L
        self.loc = (z * fitted).flatten(end_dim=1).to(self.loc)
        self.width, self.scale_tril = width.to(self.loc), scale_tril.to(self.loc)
        self.fitted = fitted.to(self.loc.device)
        log.info(
            "%d kernels of width %.3g for %d features of the code.", len(width), best, L.shape[0]
        )

    def _choose(self, x: Tensor, z: Tensor, L: Tensor, points: bool) -> float | None:
        r"""Returns the width by held-out codes, or `None` if the unit Gaussian is as good."""
        candidates = _WIDTHS if self.bandwidth is None else [self.bandwidth]

        if len(x) == 1:
            return candidates[-1]

        fold = torch.randperm(len(x)) % min(_FOLDS, len(x))
        scores: dict[float, list[Tensor]] = {h: [] for h in candidates}
        units, volume = [], L.diagonal().log().sum()

        for out in (fold == f for f in range(min(_FOLDS, len(x)))):
            centers, held = x[~out].flatten(end_dim=1), x[out].flatten(end_dim=1)
            one = self._widths(centers, 1.0)
            distances = torch.cdist(held, centers)
            units.append(Normal(0, 1).log_prob(z[out]).sum(dim=-1).double().mean(dim=1))

            for h in candidates:
                log_p = _log_kernels(held, centers, h * one, distances).logsumexp(dim=1)
                log_p = log_p - volume - math.log(len(centers))
                scores[h].append(log_p.double().reshape(len(x[out]), -1).mean(dim=1))

        means = {h: float(torch.cat(parts).mean()) for h, parts in scores.items()}
        best = max(means, key=lambda h: means[h])
        gain = torch.cat(scores[best]) - torch.cat(units)

        return best if points or selection.is_surely_positive(gain, len(x)) else None

    def _widths(self, centers: Tensor, h: float) -> Tensor:
        r"""Returns the width of each kernel, with shape `(N,)`."""
        if self.n_neighbors is None:
            return torch.full((len(centers),), h, dtype=centers.dtype)

        k = min(self.n_neighbors + 1, len(centers))  # a code is its own nearest neighbor
        parts = centers.split(max(1, _DISTANCES // len(centers)))
        distance = torch.cat(
            [
                torch.cdist(part, centers).topk(k, dim=1, largest=False).values[:, -1]
                for part in parts
            ]
        )
        smallest = 1e-3 * float(distance.max()) or 1.0  # equal codes

        return h * distance.clamp(min=smallest)


def _shape(z: Tensor) -> Tensor:
    r"""Returns a factor of the covariance of codes, which has full rank."""
    loc, scale = place(z)
    one = maximization.fit(((z - loc) / scale).flatten(end_dim=1), z.shape[1], 1, 0.1, 1)
    return one.scale_tril[0] * scale[:, None]


def _log_kernels(
    z: Tensor, centers: Tensor, width: Tensor, distances: Tensor | None = None
) -> Tensor:
    r"""Returns the log-density of each kernel at whitened codes, with shape `(n, N)`."""
    if distances is None:
        distances = torch.cdist(z, centers, compute_mode="donot_use_mm_for_euclid_dist")

    constant = z.shape[-1] * (width.log() + 0.5 * math.log(2 * math.pi))
    return -0.5 * (distances / width).square() - constant
