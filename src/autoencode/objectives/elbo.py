r"""The evidence lower bound."""

__all__ = ["ELBO"]

from functools import partial

from torch import Tensor
from torch.distributions import Distribution

from ..common.checks.ranges import check_at_least, check_within
from ..common.schedules import WeightSchedule, check_weights
from ..distributions import RESOLUTION, Gaussian, kl_divergence
from ..models.latent import Model
from ..priors import Mixture, Prior, StandardNormal
from .base import Loss, Objective, units_of

COOLING_FRACTION = 0.2


class ELBO(Objective):
    r"""Negative evidence lower bound, with a weight on the rate.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z) \big]
        + \beta \max \big( \lambda, \mathrm{KL} \big( q(z \mid x) \parallel p(z) \big) \big)

    Free nats may also be given for each unit. The rate of a unit is then its mean over the
    minibatch,

    .. math:: \sum_j \max \Big( \lambda_\text{unit}, \frac{1}{B} \sum_i
        \mathrm{KL} \big( q(z_j \mid x_i) \parallel p(z_j) \big) \Big),

    so that no unit gains from a rate below :math:`\lambda_\text{unit}`.

    With :math:`\beta = 1` and :math:`\lambda = 0` it bounds :math:`-\log p(x)` from above and the
    model is a VAE; with :math:`\beta > 1`, a beta-VAE. The logged term `bound` does not depend on
    them: it is always the unweighted bound.

    If examples have a context, the weight of the rate starts at :math:`n \beta` for examples of
    :math:`n` elements, and falls to :math:`\beta` geometrically. The decoder then first learns
    what the context determines, and the code holds only the rest. With a constant weight, the
    codes of large examples also encode the context, and new examples ignore the label that they
    are drawn for. This schedule is this library's own; docs/decisions/conditional-cooling.md has
    its measurements.

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
        beta: The weight :math:`\beta \geq 0` of the rate: a number, or a schedule such as
            `LinearSchedule(duration=0.3)` for a warm-up.
        free_nats: The rate :math:`\lambda` per example that is not penalized, in nats; by default
            that of the likelihood, which is eight for
            :class:`~autoencode.distributions.Autoregressive` and zero for others.
        cooling: The share of the training, in 0 to 1, over which :math:`\beta` falls from
            :math:`n \beta`; by default a fifth for examples with a context, and zero for others
            and for likelihoods with free nats.
        free_nats_per_unit: The mean rate :math:`\lambda_\text{unit} \geq 0` of each unit that is
            not penalized, in nats.

    Raises:
        ValueError: If an argument is out of its range, if two of them exclude each other, or if
            units of posterior or prior are dependent and have free nats.

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
    prior: type[Prior] = Mixture

    def __init__(
        self,
        beta: float | WeightSchedule = 1.0,
        free_nats: float | None = None,
        cooling: float | None = None,
        free_nats_per_unit: float = 0.0,
    ) -> None:
        super().__init__()

        check_weights(beta=beta)
        check_at_least(0, free_nats=free_nats, free_nats_per_unit=free_nats_per_unit)
        check_within(0, 1, cooling=cooling)

        if cooling and isinstance(beta, WeightSchedule):
            raise ValueError(
                f"expected cooling or a schedule of beta, not both, got {cooling} and {beta}."
            )

        if free_nats and free_nats_per_unit:
            raise ValueError(
                "expected free nats of the code or of each unit, not both, got"
                f" free_nats={free_nats} and free_nats_per_unit={free_nats_per_unit}."
            )

        self.beta = beta
        self.free_nats = free_nats
        self.cooling = cooling
        self.free_nats_per_unit = free_nats_per_unit

        self.couples_examples = bool(free_nats_per_unit)  # of the mean rate of a minibatch

        if free_nats_per_unit:  # units of a mixture are dependent
            self.prior = StandardNormal

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        z = q.rsample()

        distortion = -model.decode(z).log_prob(target)
        rate = kl_divergence(q, model.prior(), z)

        return Loss(
            distortion + self._beta(model, target) * self._penalized_rate(model, q, z, rate),
            {"distortion": distortion, "rate": rate, "bound": -(distortion + rate)},
        )

    def _penalized_rate(self, model: Model, q: Distribution, z: Tensor, rate: Tensor) -> Tensor:
        r"""Returns the penalized rate of each example, or that of the minibatch."""
        if self.free_nats_per_unit:
            units, prior = units_of(q, "posterior"), units_of(model.prior(), "prior")
            rates = kl_divergence(units, prior.expand(units.batch_shape), z).mean(dim=0)
            return rates.clamp(min=self.free_nats_per_unit).sum()

        free_nats = model.likelihood.free_nats if self.free_nats is None else self.free_nats

        # Rates estimated from one sample may be negative: they are clipped with free nats only
        return rate.clamp(min=free_nats) if free_nats else rate

    def _beta(self, model: Model, target: Tensor) -> Tensor | float:
        if isinstance(self.beta, WeightSchedule):
            return self.beta(self.progress)

        cooling = self.cooling

        if cooling is None:
            cools = model.context is not None and model.likelihood.free_nats == 0
            cooling = COOLING_FRACTION if cools else 0.0

        if cooling > 0:
            return self.beta * target[0].numel() ** (1 - self.progress / cooling).clamp(min=0)

        return self.beta
