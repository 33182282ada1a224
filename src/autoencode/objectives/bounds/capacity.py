r"""Evidence lower bound whose rate is held at a capacity."""

__all__ = ["CapacityELBO"]

from functools import partial

from torch import Tensor

from ...common.ranges import check_at_least, check_within
from ...distributions import RESOLUTION, Gaussian, kl_divergence
from ...models.latent import Model
from ...priors import Mixture
from ..base import Loss, Objective


class CapacityELBO(Objective):
    r"""Distortion, with a penalty on the distance of the rate from a capacity.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z) \big]
        + \gamma \, \big| \mathrm{KL} \big( q(z \mid x) \parallel p(z) \big) - C \big|

    The capacity :math:`C` rises linearly from zero, so that the code takes up one factor of the
    data after another.

    References:
        | Understanding disentangling in beta-VAE (Burgess et al., 2018), equation 8
        | https://arxiv.org/abs/1804.03599

    Arguments:
        capacity: The final capacity :math:`C \geq 0`, in nats per example.
        gamma: The weight :math:`\gamma \geq 0`.
        warmup: The share of the training, in 0 to 1, over which the capacity rises.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.ELBO`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = CapacityELBO(capacity=2.0)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'distortion', 'rate', 'total']
    """

    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = Mixture

    def __init__(self, capacity: float = 25.0, gamma: float = 30.0, warmup: float = 0.5) -> None:
        super().__init__()

        check_at_least(0, capacity=capacity, gamma=gamma)
        check_within(0, 1, warmup=warmup)

        self.capacity = capacity
        self.gamma = gamma
        self.warmup = warmup

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        z = q.rsample()

        distortion = -model.decode(z).log_prob(target)
        rate = kl_divergence(q, model.prior(), z)
        risen = (self.progress / self.warmup).clamp(max=1) if self.warmup else 1.0

        return Loss(
            distortion + self.gamma * (rate - risen * self.capacity).abs(),
            {"distortion": distortion, "rate": rate, "bound": -(distortion + rate)},
        )
