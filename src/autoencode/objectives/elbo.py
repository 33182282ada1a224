r"""The evidence lower bound."""

__all__ = ["ELBO"]

from functools import partial

from torch import Tensor

from ..common.ranges import check_at_least, check_within
from ..distributions import RESOLUTION, Gaussian, kl_divergence
from ..models.latent import Model
from ..priors import Mixture
from .base import Loss, Objective

COOLING_FRACTION = 0.2


class ELBO(Objective):
    r"""Negative evidence lower bound, with a weight on the rate.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z) \big]
        + \beta \max \big( \lambda, \mathrm{KL} \big( q(z \mid x) \parallel p(z) \big) \big)

    With :math:`\beta = 1` and :math:`\lambda = 0` it bounds :math:`-\log p(x)` from above and
    the model is a VAE; with :math:`\beta > 1`, a beta-VAE. Whatever they are, the term
    `bound` that is logged is the real one, distortion and rate unweighted.

    Where examples have a context, :math:`\beta` begins as the number :math:`n` of their elements
    and falls to its own geometrically. The decoder then learns first what the context says,
    and the code holds the rest only. With the same weight all along, many numbers for each nat
    let the code say it, too, and what is drawn under one label looks like another. This schedule
    is this library's own; docs/decisions/conditional-cooling.md has its measurements.

    References:
        | Auto-Encoding Variational Bayes (Kingma & Welling, 2014)
        | https://arxiv.org/abs/1312.6114

        | beta-VAE: Learning Basic Visual Concepts with a Constrained Variational
          Framework (Higgins et al., 2017)
        | https://openreview.net/forum?id=Sy2fzU9gl

        | Improving Variational Inference with Inverse Autoregressive Flow (Kingma et al.,
          2016), appendix C.8, which calls free nats free bits
        | https://arxiv.org/abs/1606.04934

    Arguments:
        beta: The weight :math:`\beta \geq 0` of the rate.
        warmup: The share of the training, in 0 to 1, over which :math:`\beta` rises
            linearly from zero.
        free_nats: The rate :math:`\lambda` per example that is not penalized, in nats; by default
            that of the likelihood, which is eight for
            :class:`~autoencode.distributions.Autoregressive` and zero for others.
        cooling: The share of the training, in 0 to 1, over which :math:`\beta` falls from
            :math:`n \beta`; by default a fifth for examples with a context, and zero for others
            and for likelihoods with free nats.

    See Also:
        :func:`~autoencode.recipes.vae`, :func:`~autoencode.distributions.kl_divergence`,
        :func:`~autoencode.evaluation.log_evidence`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = ELBO(beta=4.0)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'distortion', 'rate', 'total']
    """

    # The posterior may become almost a point mass where the code explains the data exactly
    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = Mixture

    def __init__(
        self,
        beta: float = 1.0,
        warmup: float = 0.0,
        free_nats: float | None = None,
        cooling: float | None = None,
    ) -> None:
        super().__init__()

        check_at_least(0, beta=beta, free_nats=free_nats)
        check_within(0, 1, warmup=warmup, cooling=cooling)

        if cooling and warmup:
            raise ValueError(
                f"expected cooling or warmup, not both, got {cooling} and {warmup}. The one makes"
                " the rate's weight fall, the other rise."
            )

        self.beta = beta
        self.warmup = warmup
        self.cooling = cooling
        self.free_nats = free_nats

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        z = q.rsample()

        distortion = -model.decode(z).log_prob(target)
        rate = kl_divergence(q, model.prior(), z)
        free_nats = model.likelihood.free_nats if self.free_nats is None else self.free_nats

        # A rate that is estimated from one sample may be negative: without free nats it stays so
        costly = rate.clamp(min=free_nats) if free_nats else rate

        return Loss(
            distortion + self._beta(model, target) * costly,
            {"distortion": distortion, "rate": rate, "bound": -(distortion + rate)},
        )

    def _beta(self, model: Model, target: Tensor) -> Tensor | float:
        if self.warmup > 0:
            return self.beta * (self.progress / self.warmup).clamp(max=1)

        cooling = self.cooling

        if cooling is None:
            cools = model.context is not None and model.likelihood.free_nats == 0
            cooling = COOLING_FRACTION if cools else 0.0

        if cooling > 0:
            return self.beta * target[0].numel() ** (1 - self.progress / cooling).clamp(min=0)

        return self.beta
