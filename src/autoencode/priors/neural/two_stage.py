r"""Second variational autoencoder, of the codes, as a prior."""

__all__ = ["TwoStageDistribution", "TwoStagePrior"]

import math
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
import torch.nn as nn
from torch import Size, Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ...networks.mlp import MLP
from ..base import Prior
from ..fitted.codes import keep_first_dimension, place, points_of
from ..standard_normal import StandardNormal
from . import ascent

_DRAWS = 64
_CODES = 2**11  # at a time
_SMALLEST_LOG_SCALE = -6.0


class TwoStageDistribution(Distribution):
    r"""Codes of a second latent model, whose density is estimated by importance sampling.

    .. math:: \log p(z) \approx \log \frac{1}{K} \sum_{k=1}^K
        \frac{p(z \mid u_k) \, p(u_k)}{q(u_k \mid z)}, \qquad u_k \sim q(u \mid z)

    The estimate of :math:`p(z)` has no bias, so that that of :math:`\log p(z)` is too low on
    average. Its noise is always the same, so that the density of a code is, too.

    Arguments:
        prior: The prior that has the networks.
        loc: The means of codes, with shape `(D,)`.
        scale: Their standard deviations, with shape `(D,)`.

    Example:
        >>> prior = TwoStagePrior(layers=(8,)).build(2)
        >>> p = TwoStageDistribution(prior, torch.zeros(2), torch.ones(2))
        >>> p.log_prob(p.sample((5,))).shape
        torch.Size([5])
    """

    arg_constraints: ClassVar[dict[str, Constraint]] = {}
    support = constraints.real_vector

    def __init__(self, prior: "TwoStagePrior", loc: Tensor, scale: Tensor) -> None:
        super().__init__(event_shape=loc.shape, validate_args=False)

        self.prior = prior
        self.loc = loc
        self.scale = scale

    def log_prob(self, value: Tensor) -> Tensor:
        z = ((value - self.loc) / self.scale).reshape(-1, *self.event_shape)
        found = [
            self.prior.log_weights(part, self.prior.noise[:, None]).logsumexp(dim=0)
            for part in z.split(_CODES)
        ]
        log_p = torch.cat(found) - math.log(len(self.prior.noise)) - self.scale.log().sum()

        return log_p.reshape(value.shape[:-1])

    def sample(self, sample_shape: Size | Sequence[int] = Size()) -> Tensor:
        with torch.no_grad():
            u = torch.randn(math.prod(sample_shape), *self.event_shape).to(self.loc)
            e = torch.randn(u.shape).to(u)
            z = self.prior.decoder(u) + self.prior.decoder_scale() * e

        return (self.loc + self.scale * z).reshape(*sample_shape, *self.event_shape)


class TwoStagePrior(Prior):
    r"""Second variational autoencoder, which learns the codes of the first after its training.

    .. math:: p(z) = \int \mathcal{N}(u \mid 0, I) \,
        \mathcal{N} \big( z \mid g(u), \gamma^2 I \big) \, du

    The codes of the first model lie near a manifold of lower dimension than the examples do, and
    have as many numbers as the second code :math:`u`, which therefore fills its prior. The scale
    :math:`\gamma` is learned. Densities are estimated, see :class:`TwoStageDistribution`. The unit
    Gaussian stays where held-out codes are not more probable by two standard errors.

    References:
        | Diagnosing and Enhancing VAE Models (Dai & Wipf, 2019), section 4
        | https://arxiv.org/abs/1903.05789

    Arguments:
        layers: The widths of the hidden layers of the second encoder.

    See Also:
        :class:`~autoencode.priors.FlowPrior`, :class:`~autoencode.priors.Mixture`

    Example:
        >>> prior = TwoStagePrior(layers=(8,)).build(2)
        >>> prior().stddev  # until it is fitted
        tensor([1., 1.])
    """

    fits = True

    loc: Tensor
    scale: Tensor
    noise: Tensor

    def __init__(self, layers: Sequence[int] = (128, 128)) -> None:
        super().__init__()

        self.layers = layers

    def build(self, latent_dim: int) -> "TwoStagePrior":
        D = latent_dim
        self.unit = StandardNormal().build(D)
        self.encoder = MLP((D,), (2, D), self.layers).requires_grad_(False)
        self.decoder = MLP((D,), (D,), tuple(self.layers)[::-1]).requires_grad_(False)
        self.log_scale = nn.Parameter(torch.zeros(()), requires_grad=False)
        half = torch.randn(_DRAWS // 2, D)
        self.register_buffer("noise", torch.cat([half, -half]))
        self.register_buffer("loc", torch.zeros(0, D))  # without rows until it is fitted
        self.register_buffer("scale", torch.ones(0, D))
        keep_first_dimension(self, "loc", "scale")

        return self

    def forward(self) -> Distribution:
        return self._stages() if len(self.loc) else self.unit()

    def _stages(self) -> TwoStageDistribution:
        return TwoStageDistribution(self, self.loc[0], self.scale[0])

    def decoder_scale(self) -> Tensor:
        r"""Returns :math:`\gamma`."""
        return self.log_scale.clamp(min=_SMALLEST_LOG_SCALE).exp()

    def log_weights(self, z: Tensor, e: Tensor) -> Tensor:
        r"""Returns :math:`\log p(z, u) - \log q(u \mid z)` for the noise of :math:`u`.

        Arguments:
            z: Codes with unit variance, with shape `(n, D)`.
            e: The noise, with shape `(K, 1, D)` or `(K, n, D)`.

        Returns:
            The logarithms, with shape `(K, n)`.
        """
        mean, log_std = self.encoder(z).unbind(dim=1)
        u = mean + log_std.exp() * e
        gamma = self.decoder_scale()
        mu = self.decoder(u.flatten(end_dim=1)).reshape(u.shape)
        log_likelihood = _log_normal((z - mu) / gamma) - z.shape[-1] * gamma.log()

        return log_likelihood + _log_normal(u) - _log_normal(e) + log_std.sum(dim=-1)

    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        z, points = points_of(codes().to(self.loc))
        before = {name: tensor.clone() for name, tensor in self.state_dict().items()}
        loc, scale = place(z)
        self.loc, self.scale = loc[None], scale[None]
        unit = None if points else lambda z, c: self.unit().log_prob(z)

        def log_prob(z: Tensor, c: Tensor | None) -> Tensor:
            if not torch.is_grad_enabled():
                return self._stages().log_prob(z)

            # One draw in training, as in the paper
            x = (z - self.loc[0]) / self.scale[0]
            return self.log_weights(x, torch.randn(1, *x.shape).to(x))[0]

        if not ascent.fit(self, log_prob, unit, z, None):
            self.load_state_dict(before)


def _log_normal(x: Tensor) -> Tensor:
    return -(x.square() + math.log(2 * math.pi)).sum(dim=-1) / 2
