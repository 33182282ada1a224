r"""Objective that matches codes to the prior by a discriminator."""

__all__ = ["AAE"]

from torch import Tensor
from torch.nn.functional import softplus

from ...common.schedules import WeightSchedule, check_weights
from ...distributions import Dirac
from ...models.latent import LatentModel, Model
from ...priors import StandardNormal
from ...priors.base import sample_prior
from ..base import Loss, Objective
from ..discriminator import Discriminator


class AAE(Objective):
    r"""Adversarial autoencoder: distortion, and a discriminator of codes and prior.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z)
        - \lambda \log D(z) \big], \qquad
        \max_D \; \mathbb{E}_{p(z)} [\log D(z)] + \mathbb{E}_{q(z)} [\log (1 - D(z))]

    Encoder and discriminator are trained in the same steps. The weights of the discriminator are
    held fixed for the encoder, and the codes for the discriminator.

    References:
        | Adversarial Autoencoders (Makhzani et al., 2016)
        | https://arxiv.org/abs/1511.05644

    Arguments:
        weight: The weight :math:`\lambda \geq 0` of fooling the discriminator; by default a tenth
            of the number of elements of an example.
        layers: The widths of the hidden layers of the discriminator.

    Raises:
        ValueError: If the weight is negative.

    See Also:
        :class:`~autoencode.objectives.WAE`, :class:`~autoencode.objectives.SlicedWAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = AAE(layers=(16,))
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['discriminator', 'distortion', 'fooling', 'total']
    """

    posterior = Dirac
    prior = StandardNormal
    matches_prior = True
    selection_term = "distortion"

    discriminator: Discriminator

    def __init__(
        self, weight: float | WeightSchedule | None = None, layers: tuple[int, ...] = (256, 256)
    ) -> None:
        super().__init__()

        check_weights(weight=weight)

        self.weight = weight
        self.layers = layers

    def build(self, model: LatentModel, n_examples: int = 1) -> "AAE":
        self.discriminator = Discriminator(model.encoder.event[0], self.layers)
        return super().build(model, n_examples)

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        z = model.encode(x).rsample()
        distortion = -model.decode(z).log_prob(target)

        fooling = softplus(-self.discriminator.frozen(z))
        real = self.discriminator(sample_prior(model.prior(), len(z)))
        fake = self.discriminator(z.detach())
        loss = softplus(-real) + softplus(fake)
        weight = target[0].numel() / 10 if self.weight is None else self.current(self.weight)

        return Loss(
            distortion + weight * fooling + loss,
            {"distortion": distortion, "fooling": fooling, "discriminator": loss},
        )
