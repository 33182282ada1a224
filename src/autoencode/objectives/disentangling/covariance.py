r"""Evidence lower bound with a penalty on the covariance of the code."""

__all__ = ["DIPVAE"]

from functools import partial
from typing import Literal

from torch import Tensor

from ...common.checks.ranges import check_choice
from ...common.schedules import WeightSchedule, check_weights
from ...distributions import RESOLUTION, Gaussian, kl_divergence
from ...models.latent import Model
from ...priors import StandardNormal
from ..base import Loss, Objective


class DIPVAE(Objective):
    r"""Negative evidence lower bound, with a penalty on the covariance of the codes.

    .. math:: -\mathrm{ELBO} + \lambda_\text{od} \sum_{i \neq j} C_{ij}^2
        + \lambda_\text{d} \sum_i (C_{ii} - 1)^2

    With `covariance="means"` (DIP-VAE-I) :math:`C` is the covariance of the posterior means of a
    minibatch; with `"codes"` (DIP-VAE-II) the mean of the posterior variances is added, which
    makes it the covariance of the codes.

    References:
        | Variational Inference of Disentangled Latent Concepts from Unlabeled Observations
          (Kumar et al., 2018), equations 5 to 7
        | https://arxiv.org/abs/1711.00848

    Arguments:
        off_diagonal: The weight :math:`\lambda_\text{od} \geq 0`.
        diagonal: The weight :math:`\lambda_\text{d} \geq 0`; by default ten times the other for
            means, and equal to it for codes.
        covariance: The covariance to penalize.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.BetaTCVAE`, :class:`~autoencode.objectives.FactorVAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = DIPVAE(off_diagonal=5.0)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'covariance', 'distortion', 'rate', 'total']
    """

    couples_examples = True
    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = StandardNormal

    def __init__(
        self,
        off_diagonal: float | WeightSchedule = 10.0,
        diagonal: float | WeightSchedule | None = None,
        covariance: Literal["means", "codes"] = "codes",
    ) -> None:
        super().__init__()

        check_weights(off_diagonal=off_diagonal, diagonal=diagonal)
        check_choice(("means", "codes"), covariance=covariance)

        self.off_diagonal = off_diagonal
        self.diagonal = diagonal
        self.covariance = covariance

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        z = q.rsample()

        distortion = -model.decode(z).log_prob(target)
        rate = kl_divergence(q, model.prior(), z)

        centered = q.mean - q.mean.mean(dim=0)
        C = centered.mT @ centered / len(z)
        C = C + q.variance.mean(dim=0).diag() if self.covariance == "codes" else C

        variance = C.diagonal()
        on = (variance - 1).square().sum()
        off = C.square().sum() - variance.square().sum()
        ratio = 10 if self.covariance == "means" else 1
        off_weight, weight = self.current(self.off_diagonal), self.current(self.diagonal)
        weight = ratio * off_weight if weight is None else weight
        penalty = off_weight * off + weight * on

        return Loss(
            distortion + rate + penalty,
            {
                "distortion": distortion,
                "rate": rate,
                "bound": -(distortion + rate),
                "covariance": penalty,
            },
        )
