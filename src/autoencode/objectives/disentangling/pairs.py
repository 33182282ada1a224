r"""Evidence lower bound of pairs of examples that share some factors."""

__all__ = ["AdaGVAE"]

from functools import partial

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from ...common.schedules import WeightSchedule, check_weights
from ...distributions import RESOLUTION, Gaussian, kl_divergence
from ...models.latent import LatentModel, Model
from ...priors import StandardNormal
from ..base import Loss, Objective, units_of


class AdaGVAE(Objective):
    r"""Negative evidence lower bounds of two examples, whose codes agree in the units they share.

    .. math:: \frac{1}{2} \sum_{i=1}^2 \mathbb{E}_{\tilde q(z \mid x_i)}
        \big[ -\log p(x_i \mid z) \big]
        + \beta \, \mathrm{KL} \big( \tilde q(z \mid x_i) \parallel p(z) \big)

    A unit is shared if the divergence of its posteriors,
    :math:`\delta_j = \mathrm{KL}( q(z_j \mid x_1) \parallel q(z_j \mid x_2) )`, is below
    :math:`\frac{1}{2} (\max_j \delta_j + \min_j \delta_j)`. Both posteriors of a shared unit
    become the normal distribution with the mean of their means and the mean of their variances.
    Nobody has to say which factors a pair shares, or how many. Units then stand for factors that
    change apart from others.

    The pairs are given as `fit(X, corrupted=X_other)`, in the same order: views of a thing, or
    pictures soon after each other. On the command line they are `--corrupted`.

    References:
        | Weakly-Supervised Disentanglement Without Compromises (Locatello et al., 2020)
        | https://arxiv.org/abs/2002.02886

    Arguments:
        beta: The weight :math:`\beta \geq 0` of the rate.

    Raises:
        ValueError: If the weight is negative, examples have no partner, or units of the posterior
            are dependent or not normal.

    See Also:
        :class:`~autoencode.objectives.BetaTCVAE`, :class:`~autoencode.objectives.FactorVAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> Z, A = rng.normal(size=(60, 2)), rng.normal(size=(2, 4))
        >>> X, X_other = Z @ A, (Z + [[1.0, 0.0]]) @ A  # the second factor is shared
        >>> model = ae.Autoencoder(2, objective=AdaGVAE(), training=ae.Training(epochs=1))
        >>> sorted(model.fit(X, corrupted=X_other).history_[0].train)
        ['bound', 'distortion', 'rate', 'shared', 'total']
    """

    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = StandardNormal

    def __init__(self, beta: float | WeightSchedule = 1.0) -> None:
        super().__init__()

        check_weights(beta=beta)

        self.beta = beta

    def build(self, model: LatentModel, n_examples: int = 1) -> "AdaGVAE":
        if model.encoder.shape != model.decoder.event:
            raise ValueError(
                "expected pairs of examples of one shape, got"
                f" {model.encoder.shape} and {model.decoder.event}. Use another objective."
            )

        return super().build(model, n_examples)

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        if x is target and self.training:
            raise ValueError(
                "AdaGVAE learns from pairs of examples: use fit(X, corrupted=X_other), with the"
                " partner of each example in the same order (command line: --corrupted)."
            )

        q, q_other, shared = shared_posteriors(model.encode(x), model.encode(target))
        parts = [self._parts(model, *part) for part in ((q, x), (q_other, target))]
        distortion, rate = (torch.stack(both).mean(dim=0) for both in zip(*parts))

        return Loss(
            distortion + self.current(self.beta) * rate,
            {
                "distortion": distortion,
                "rate": rate,
                "bound": -(distortion + rate),
                "shared": shared.to(distortion).mean(dim=-1),
            },
        )

    def _parts(self, model: Model, q: Distribution, target: Tensor) -> tuple[Tensor, Tensor]:
        z = q.rsample()
        return -model.decode(z).log_prob(target), kl_divergence(q, model.prior(), z)


def shared_posteriors(
    q: Distribution, q_other: Distribution
) -> tuple[Distribution, Distribution, Tensor]:
    r"""Posteriors of pairs that agree in shared units, and which units are shared.

    Arguments:
        q: The posterior of the first examples, with batch shape `(B,)` and `D` normal units.
        q_other: That of their partners.

    Returns:
        Both posteriors, and a mask with shape `(B, D)`.

    Raises:
        ValueError: If units are dependent or not normal.

    Example:
        >>> q = Independent(Normal(torch.tensor([[0.0, 1.0]]), 1.0), 1)
        >>> q_other = Independent(Normal(torch.tensor([[0.2, 5.0]]), 1.0), 1)
        >>> shared_posteriors(q, q_other)[0].mean
        tensor([[0.1000, 1.0000]])
    """
    a, b = units_of(q, "posterior"), units_of(q_other, "posterior")

    if not isinstance(a, Normal) or not isinstance(b, Normal):
        raise ValueError(
            f"expected a posterior of normal units, got {type(a).__name__}. Use"
            " posterior=Gaussian()."
        )

    delta = torch.distributions.kl_divergence(a, b)
    threshold = (delta.amax(dim=-1, keepdim=True) + delta.amin(dim=-1, keepdim=True)) / 2
    shared = delta < threshold
    mean, scale = (a.mean + b.mean) / 2, ((a.variance + b.variance) / 2).sqrt()
    agreed = [
        Independent(
            Normal(
                torch.where(shared, mean, part.mean),
                torch.where(shared, scale, part.stddev),
                validate_args=False,
            ),
            1,
        )
        for part in (a, b)
    ]

    return agreed[0], agreed[1], shared
