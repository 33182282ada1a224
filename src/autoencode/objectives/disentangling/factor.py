r"""Evidence lower bound with a total correlation that a discriminator estimates."""

__all__ = ["FactorVAE"]

from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ...common.schedules import WeightSchedule, check_weights
from ...distributions import RESOLUTION, Gaussian, kl_divergence
from ...models.latent import LatentModel, Model
from ...priors import StandardNormal
from ..base import Loss, Objective
from ..discriminator import Discriminator


class FactorVAE(Objective):
    r"""Negative evidence lower bound, with a penalty on the total correlation of the code.

    .. math:: -\mathrm{ELBO} + \gamma \, \mathrm{KL} \Big( q(z) \Big\| \prod_j q(z_j) \Big)

    A discriminator :math:`D(z)` distinguishes codes from codes whose units were shuffled across
    the minibatch. Its logit estimates the logarithm of the density ratio, whose mean is the total
    correlation. The discriminator is trained in the same steps, on codes that are held fixed.

    References:
        | Disentangling by Factorising (Kim & Mnih, 2018), algorithm 2
        | https://arxiv.org/abs/1802.05983

    Arguments:
        gamma: The weight :math:`\gamma \geq 0` of the total correlation.
        layers: The widths of the hidden layers of the discriminator.

    Raises:
        ValueError: If the weight is negative.

    See Also:
        :class:`~autoencode.objectives.BetaTCVAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = FactorVAE(gamma=10.0, layers=(16,))
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'discriminator', 'distortion', 'rate', 'selection', 'total', 'total_correlation']
    """

    couples_examples = True
    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = StandardNormal
    selection_term = "selection"

    discriminator: Discriminator

    def __init__(
        self, gamma: float | WeightSchedule = 6.0, layers: tuple[int, ...] = (256, 256)
    ) -> None:
        super().__init__()

        check_weights(gamma=gamma)

        self.gamma = gamma
        self.layers = layers

    def build(self, model: LatentModel, n_examples: int = 1) -> "FactorVAE":
        self.discriminator = Discriminator(model.encoder.event[0], self.layers)
        return super().build(model, n_examples)

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        z = q.rsample()

        distortion = -model.decode(z).log_prob(target)
        rate = kl_divergence(q, model.prior(), z)
        total_correlation = self.discriminator.frozen(z)

        fixed = z.detach()
        shuffled = shuffle_units(fixed)
        D, D_shuffled = self.discriminator(fixed), self.discriminator(shuffled)
        loss = (softplus(-D) + softplus(D_shuffled)) / 2
        selection = distortion + rate + self.current(self.gamma) * total_correlation

        return Loss(
            selection + loss,
            {
                "distortion": distortion,
                "rate": rate,
                "bound": -(distortion + rate),
                "total_correlation": total_correlation,
                "discriminator": loss,
                "selection": selection,
            },
        )


def shuffle_units(z: Tensor) -> Tensor:
    r"""Shuffle each unit of the codes between examples: a sample of the product of marginals.

    Arguments:
        z: The codes, with shape `(B, D)`.

    Example:
        >>> z = torch.arange(6.0).reshape(3, 2)
        >>> shuffle_units(z).sort(dim=0).values.equal(z)
        True
    """
    return z.gather(0, torch.rand_like(z).argsort(dim=0))
