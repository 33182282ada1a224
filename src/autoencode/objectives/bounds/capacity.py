r"""Evidence lower bound whose rate is held at a capacity."""

__all__ = ["CapacityELBO"]

from functools import partial

from torch import Tensor

from ...common.schedules import LinearSchedule, WeightSchedule, check_weights
from ...distributions import RESOLUTION, Gaussian, kl_divergence
from ...models.latent import Model
from ...priors import Mixture
from ..base import Loss, Objective


class CapacityELBO(Objective):
    r"""Distortion, with a penalty on the distance of the rate from a capacity.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z) \big]
        + \gamma \, \big| \mathrm{KL} \big( q(z \mid x) \parallel p(z) \big) - C \big|

    The capacity :math:`C` rises during the training, so that the code takes up one factor of the
    data after another.

    References:
        | Understanding disentangling in beta-VAE (Burgess et al., 2018), equation 8
        | https://arxiv.org/abs/1804.03599

    Arguments:
        capacity: The capacity :math:`C \geq 0`, in nats per example; by default it rises from 0
            to 25 in the first half of the training, `LinearSchedule(end=25.0)`.
        gamma: The weight :math:`\gamma \geq 0`.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.ELBO`, :class:`~autoencode.objectives.LinearSchedule`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = CapacityELBO(LinearSchedule(end=2.0))
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'distortion', 'rate', 'total']
    """

    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = Mixture

    def __init__(
        self, capacity: float | WeightSchedule | None = None, gamma: float | WeightSchedule = 30.0
    ) -> None:
        super().__init__()

        check_weights(capacity=capacity, gamma=gamma)

        self.capacity = capacity
        self.gamma = gamma

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        z = q.rsample()

        distortion = -model.decode(z).log_prob(target)
        rate = kl_divergence(q, model.prior(), z)
        capacity = LinearSchedule(end=25.0) if self.capacity is None else self.capacity

        return Loss(
            distortion + self.current(self.gamma) * (rate - self.current(capacity)).abs(),
            {"distortion": distortion, "rate": rate, "bound": -(distortion + rate)},
        )
