r"""Mixtures of Gaussians with full covariances."""

__all__ = ["GaussianMixture", "WeightedMixtures"]

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint


class GaussianMixture(Distribution):
    r"""Mixture of Gaussians with full covariances.

    .. math:: p(z) = \sum_{k=1}^K \pi_k \, \mathcal{N} \big( z \mid \mu_k, L_k L_k^\top \big)

    It is faster than torch's `MixtureSameFamily`, which draws from all components to keep one
    draw, and solves a triangular system for each density.

    Arguments:
        weight: The weights :math:`\pi`, with shape `(K,)`. Their sum is one.
        loc: The means :math:`\mu`, with shape `(K, D)`.
        scale_tril: The factors :math:`L`, lower triangular, with shape `(K, D, D)`.

    See Also:
        :class:`~autoencode.priors.Mixture`

    Example:
        >>> p = GaussianMixture(torch.ones(1), torch.zeros(1, 2), torch.eye(2)[None])
        >>> p.log_prob(torch.zeros(5, 2)).shape, p.sample((3,)).shape
        (torch.Size([5]), torch.Size([3, 2]))
    """

    arg_constraints: ClassVar[dict[str, Constraint]] = {}
    support = constraints.real_vector

    def __init__(self, weight: Tensor, loc: Tensor, scale_tril: Tensor) -> None:
        super().__init__(event_shape=loc.shape[1:], validate_args=False)

        self.weight = weight
        self.loc = loc
        self.scale_tril = scale_tril

    @property
    def mean(self) -> Tensor:
        return self.weight @ self.loc

    @property
    def variance(self) -> Tensor:
        each = self.scale_tril.square().sum(dim=-1) + (self.loc - self.mean).square()
        return self.weight @ each

    def joint(self, z: Tensor) -> Tensor:
        r"""Returns :math:`\log \pi_k \, \mathcal{N}(z \mid \mu_k, \Sigma_k)`, `(*, K)`."""
        D = z.shape[-1]
        unit = torch.eye(D, dtype=z.dtype, device=z.device).expand_as(self.scale_tril)
        whiten = torch.linalg.solve_triangular(self.scale_tril, unit, upper=False)
        largest = self.weight.log() - self.scale_tril.diagonal(dim1=1, dim2=2).log().sum(dim=-1)

        distances = [((z - m) @ W.mT).square().sum(dim=-1) for m, W in zip(self.loc, whiten)]
        return largest - 0.5 * (torch.stack(distances, dim=-1) + D * math.log(2 * math.pi))

    def log_prob(self, value: Tensor) -> Tensor:
        return self.joint(value).logsumexp(dim=-1)

    def sample(self, sample_shape: Size | Sequence[int] = Size()) -> Tensor:
        with torch.no_grad():
            n = math.prod(sample_shape)
            chosen = torch.multinomial(self.weight, max(1, n), replacement=True)[:n]
            z = torch.randn(n, *self.event_shape, dtype=self.loc.dtype, device=self.loc.device)

            for k in chosen.unique().tolist():
                rows = chosen == k
                z[rows] = self.loc[k] + z[rows] @ self.scale_tril[k].mT

        return z.reshape(*sample_shape, *self.event_shape)


class WeightedMixtures(Distribution):
    r"""Weighted sum of several mixtures of Gaussians, with other weights for each row.

    .. math:: p_b(z) = \sum_l w_{bl} \, p_l(z)

    Mixtures without weight cost nothing.

    Arguments:
        mixtures: The mixtures :math:`p_l`.
        weight: The weights :math:`w`, with shape `(B, L)`. The sum of each row is one.

    See Also:
        :class:`~autoencode.distributions.GaussianMixture`,
        :class:`~autoencode.priors.ConditionalMixture`

    Example:
        >>> near, far = (GaussianMixture(torch.ones(1), m + torch.zeros(1, 2), torch.eye(2)[None])
        ...              for m in (0.0, 9.0))
        >>> p = WeightedMixtures([near, far], torch.eye(2))
        >>> p.mean
        tensor([[0., 0.],
                [9., 9.]])
        >>> p.log_prob(torch.zeros(5, 2, 2)).shape, p.sample((3,)).shape
        (torch.Size([5, 2]), torch.Size([3, 2, 2]))
    """

    arg_constraints: ClassVar[dict[str, Constraint]] = {}
    support = constraints.real_vector

    def __init__(self, mixtures: Sequence[GaussianMixture], weight: Tensor) -> None:
        super().__init__(weight.shape[:1], mixtures[0].event_shape, validate_args=False)

        self.mixtures = mixtures
        self.weight = weight

    @property
    def mean(self) -> Tensor:
        return self.weight @ torch.stack([p.mean for p in self.mixtures])

    @property
    def variance(self) -> Tensor:
        squares = torch.stack([p.variance + p.mean.square() for p in self.mixtures])
        return self.weight @ squares - self.mean.square()

    def log_prob(self, value: Tensor) -> Tensor:
        shape = torch.broadcast_shapes(value.shape[:-1], self.batch_shape)
        z = value.expand(*shape, *self.event_shape)
        found = z.new_full(shape, -math.inf)

        for p, weight in zip(self.mixtures, self.weight.T):
            rows = weight.nonzero()[:, 0]

            if len(rows):
                part = p.log_prob(z[..., rows, :]) + weight[rows].log()
                found[..., rows] = torch.logaddexp(found[..., rows], part)

        return found

    def sample(self, sample_shape: Size | Sequence[int] = Size()) -> Tensor:
        n, shape = math.prod(sample_shape), (*sample_shape, *self.batch_shape, *self.event_shape)

        with torch.no_grad():
            chosen = torch.multinomial(self.weight, max(1, n), replacement=True)[:, :n].T
            z = self.weight.new_empty(*chosen.shape, *self.event_shape)

            for k in chosen.unique().tolist():
                rows = chosen == k
                z[rows] = self.mixtures[k].sample(Size([int(rows.sum())]))

        return z.reshape(shape)
