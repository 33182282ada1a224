r"""Objectives that match codes to the prior by distances of optimal transport."""

__all__ = ["SinkhornAE", "SlicedWAE", "sinkhorn_divergence", "sliced_wasserstein"]

import math

import torch
from torch import Tensor

from ...common.checks.ranges import check_above, check_at_least
from ...common.schedules import WeightSchedule, check_weights
from ...distributions import Dirac
from ...models.latent import Model
from ...priors import StandardNormal
from ...priors.base import sample_prior
from ..base import Loss, Objective, penalty_weight


class SlicedWAE(Objective):
    r"""Distortion, with a penalty on the sliced Wasserstein distance of codes and prior.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z) \big]
        + \lambda \, \mathrm{SW}_2^2 \big( q(z), p(z) \big)

    References:
        | Sliced-Wasserstein Auto-Encoders (Kolouri et al., 2019), algorithm 1
        | https://openreview.net/forum?id=H1xaJn05FQ

    Arguments:
        weight: The weight :math:`\lambda \geq 0`; by default the number of elements of an example.
        n_projections: The number of random directions, in each step.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.WAE`, :class:`~autoencode.objectives.SinkhornAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = SlicedWAE(n_projections=16)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['distortion', 'mismatch', 'total']
    """

    couples_examples = True
    posterior = Dirac
    prior = StandardNormal
    matches_prior = True

    def __init__(
        self, weight: float | WeightSchedule | None = None, n_projections: int = 64
    ) -> None:
        super().__init__()

        check_weights(weight=weight)
        check_at_least(1, n_projections=n_projections)

        self.weight = weight
        self.n_projections = n_projections

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        z = model.encode(x).rsample()
        distortion = -model.decode(z).log_prob(target)
        mismatch = sliced_wasserstein(z, sample_prior(model.prior(), len(z)), self.n_projections)
        weight = penalty_weight(self.current(self.weight), target)

        return Loss(
            distortion + weight * mismatch, {"distortion": distortion, "mismatch": mismatch}
        )


class SinkhornAE(Objective):
    r"""Distortion, with a penalty on the Sinkhorn divergence of codes and prior.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z) \big]
        + \lambda \, S_\varepsilon \big( q(z), p(z) \big)

    References:
        | Sinkhorn AutoEncoders (Patrini et al., 2019)
        | https://arxiv.org/abs/1810.01118

    Arguments:
        weight: The weight :math:`\lambda \geq 0`; by default the number of elements of an example.
        blur: The standard deviation :math:`\sqrt{\varepsilon / 2}` of the entropic blur, relative
            to the prior's.
        n_iter: The number of Sinkhorn iterations.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.WAE`, :class:`~autoencode.objectives.SlicedWAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = SinkhornAE(blur=0.1)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['distortion', 'mismatch', 'total']
    """

    couples_examples = True
    posterior = Dirac
    prior = StandardNormal
    matches_prior = True

    def __init__(
        self, weight: float | WeightSchedule | None = None, blur: float = 0.3, n_iter: int = 20
    ) -> None:
        super().__init__()

        check_weights(weight=weight)
        check_above(0, blur=blur)
        check_at_least(1, n_iter=n_iter)

        self.weight = weight
        self.blur = blur
        self.n_iter = n_iter

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        z = model.encode(x).rsample()
        distortion = -model.decode(z).log_prob(target)
        noise = sample_prior(model.prior(), len(z))
        mismatch = sinkhorn_divergence(z, noise, self.blur, self.n_iter)
        weight = penalty_weight(self.current(self.weight), target)

        return Loss(
            distortion + weight * mismatch, {"distortion": distortion, "mismatch": mismatch}
        )


def sliced_wasserstein(x: Tensor, y: Tensor, n_projections: int = 64) -> Tensor:
    r"""Squared sliced Wasserstein distance of two samples of the same size.

    .. math:: \mathbb{E}_u \Big[ \frac{1}{n} \sum_{i=1}^n
        \big( (u^\top x)_{(i)} - (u^\top y)_{(i)} \big)^2 \Big], \qquad \| u \| = 1

    On a line, the best transport plan pairs the sorted points.

    Arguments:
        x: The first sample, with shape `(n, D)`.
        y: The second sample, with shape `(n, D)`.
        n_projections: The number of random directions.

    Example:
        >>> x = torch.randn(50, 1)
        >>> torch.testing.assert_close(sliced_wasserstein(x, x + 3), torch.tensor(9.0))
    """
    u = torch.randn(x.shape[1], n_projections, dtype=x.dtype, device=x.device)
    u = u / u.norm(dim=0)
    x, y = ((points @ u).sort(dim=0).values for points in (x, y))

    return (x - y).square().mean()


def sinkhorn_divergence(x: Tensor, y: Tensor, blur: float, n_iter: int = 20) -> Tensor:
    r"""Sinkhorn divergence of two samples, an entropic squared Wasserstein distance.

    .. math:: S_\varepsilon(x, y) = \mathrm{OT}_\varepsilon(x, y)
        - \tfrac{1}{2} \mathrm{OT}_\varepsilon(x, x) - \tfrac{1}{2} \mathrm{OT}_\varepsilon(y, y)

    with costs :math:`\frac{1}{2} \| x_i - y_j \|^2` and :math:`\varepsilon = 2 \sigma^2` for a
    blur :math:`\sigma`. It is zero for equal samples, and at small blur half the squared
    2-Wasserstein distance.

    References:
        | Learning Generative Models with Sinkhorn Divergences (Genevay et al., 2018)
        | https://arxiv.org/abs/1706.00292

    Arguments:
        x: The first sample, with shape `(n, D)`.
        y: The second sample, with shape `(m, D)`.
        blur: The blur :math:`\sigma > 0`.
        n_iter: The number of iterations.

    Example:
        >>> x = torch.randn(20, 2)
        >>> torch.testing.assert_close(sinkhorn_divergence(x, x, 0.5), torch.tensor(0.0))
    """
    a, b, c = (_entropic_cost(*pair, blur, n_iter) for pair in ((x, y), (x, x), (y, y)))
    return a - (b + c) / 2


def _entropic_cost(x: Tensor, y: Tensor, blur: float, n_iter: int) -> Tensor:
    cost = (x[:, None] - y).square().sum(dim=-1) / 2
    epsilon = 2 * blur**2
    f, g = x.new_zeros(len(x)), y.new_zeros(len(y))

    for _ in range(n_iter):
        f, g = (  # symmetric updates, which also converge for equal samples
            (f - epsilon * (((g - cost) / epsilon).logsumexp(dim=1) - math.log(len(y)))) / 2,
            (g - epsilon * (((f[:, None] - cost) / epsilon).logsumexp(dim=0) - math.log(len(x))))
            / 2,
        )

    return f.mean() + g.mean()
