r"""Objectives that match codes to the prior by the maximum mean discrepancy."""

__all__ = ["WAE", "InfoVAE", "squared_mmd"]

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from ...common.schedules import WeightSchedule, check_weights
from ...distributions import RESOLUTION, Dirac, Gaussian, kl_divergence
from ...models.latent import Model
from ...priors import StandardNormal
from ...priors.base import sample_prior
from ..base import Loss, Objective, penalty_weight


class WAE(Objective):
    r"""Wasserstein autoencoder: distortion, with a penalty on the mismatch of codes and prior.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z) \big]
        + \lambda \, \mathrm{MMD}^2 \big( q(z), p(z) \big)

    The encoder may be deterministic: only the codes of all examples together follow the prior.

    References:
        | Wasserstein Auto-Encoders (Tolstikhin et al., 2018), algorithm 2
        | https://arxiv.org/abs/1711.01558

    Arguments:
        weight: The weight :math:`\lambda \geq 0`; by default the number of elements of an example,
            so that it grows with the distortion.
        scales: The scales of the kernels, relative to the prior's variance.

    Raises:
        ValueError: If the weight is negative.

    See Also:
        :class:`~autoencode.objectives.SinkhornAE`, :class:`~autoencode.objectives.SlicedWAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = WAE(weight=10.0)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['distortion', 'mismatch', 'total']
    """

    couples_examples = True
    posterior = Dirac
    prior = StandardNormal
    matches_prior = True

    def __init__(
        self,
        weight: float | WeightSchedule | None = None,
        scales: Sequence[float] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
    ) -> None:
        super().__init__()

        check_weights(weight=weight)

        self.weight = weight
        self.scales = scales

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        z = model.encode(x).rsample()
        distortion = -model.decode(z).log_prob(target)
        mismatch = squared_mmd(z, sample_prior(model.prior(), len(z)), self.scales)
        weight = penalty_weight(self.current(self.weight), target)

        return Loss(
            distortion + weight * mismatch, {"distortion": distortion, "mismatch": mismatch}
        )


class InfoVAE(Objective):
    r"""Negative evidence lower bound with its own weight on the mutual information.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z) \big]
        + (1 - \alpha) \, \mathrm{KL} \big( q(z \mid x) \parallel p(z) \big)
        + (\alpha + \lambda - 1) \, \mathrm{MMD}^2 \big( q(z), p(z) \big)

    With :math:`\alpha = 0` and :math:`\lambda = 1` it is the ELBO; with :math:`\alpha = 1`, the
    MMD-VAE, which does not limit the information in the code.

    References:
        | InfoVAE: Balancing Learning and Inference in Variational Autoencoders (Zhao et al.,
          2019), equation 6
        | https://arxiv.org/abs/1706.02262

    Arguments:
        alpha: The weight :math:`\alpha \leq 1` of the mutual information.
        weight: The weight :math:`\lambda \geq 1 - \alpha`; by default the number of elements of an
            example.
        scales: The scales of the kernels, relative to the prior's variance.

    Raises:
        ValueError: If a weight is out of its range.

    See Also:
        :class:`~autoencode.objectives.WAE`, :class:`~autoencode.objectives.ELBO`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = InfoVAE(alpha=0.5)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'distortion', 'mismatch', 'rate', 'total']
    """

    couples_examples = True
    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = StandardNormal
    matches_prior = True

    def __init__(
        self,
        alpha: float = 0.5,
        weight: float | None = None,
        scales: Sequence[float] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
    ) -> None:
        super().__init__()

        if not alpha <= 1 or (weight is not None and alpha + weight < 1):
            raise ValueError(
                f"expected alpha <= 1 and weight >= 1 - alpha, got {alpha}, {weight}."
            )

        self.alpha = alpha
        self.weight = weight
        self.scales = scales

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q, prior = model.encode(x), model.prior()
        z = q.rsample()

        distortion = -model.decode(z).log_prob(target)
        rate = kl_divergence(q, prior, z)
        mismatch = squared_mmd(z, sample_prior(prior, len(z)), self.scales)
        weight = max(1.0, target[0].numel()) if self.weight is None else self.weight

        return Loss(
            distortion + (1 - self.alpha) * rate + (self.alpha + weight - 1) * mismatch,
            {
                "distortion": distortion,
                "rate": rate,
                "bound": -(distortion + rate),
                "mismatch": mismatch,
            },
        )


def squared_mmd(
    x: Tensor,
    y: Tensor,
    scales: Sequence[float] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
    unbiased: bool = True,
) -> Tensor:
    r"""Squared maximum mean discrepancy of two samples.

    .. math:: \frac{1}{n (n - 1)} \sum_{i \neq j} \big( k(x_i, x_j) + k(y_i, y_j) \big)
        - \frac{2}{n^2} \sum_{i, j} k(x_i, y_j), \qquad
        k(x, y) = \frac{1}{S} \sum_s \frac{2 D s}{2 D s + \| x - y \|^2}

    The inverse multiquadratic kernels have heavy tails, so that even distant codes are drawn
    toward the prior. The estimate above has no bias, and is negative about half of the time if the
    distributions are equal. The biased estimate includes :math:`i = j`, divides by :math:`n^2`,
    and is the squared distance between the samples themselves.

    References:
        | A Kernel Two-Sample Test (Gretton et al., 2012), equation 3
        | https://jmlr.org/papers/v13/gretton12a.html

    Arguments:
        x: The first sample, with shape `(n, D)`.
        y: The second sample, with shape `(n, D)`.
        scales: The scales :math:`s > 0`.
        unbiased: Whether to leave out :math:`i = j`.

    Returns:
        The estimate, with shape `()`; from a single pair, the unbiased estimate is zero.

    Example:
        >>> x, y = torch.randn(2, 1000, 3)
        >>> bool(squared_mmd(x, y).abs() < 0.01), bool(squared_mmd(x, y + 1) > 0.05)
        (True, True)
    """
    n, D = x.shape

    if n < 2 and unbiased:
        return x.sum() * 0

    widths = 2 * D * torch.tensor(scales, dtype=x.dtype, device=x.device)

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        squares = (a[:, None] - b).square().sum(dim=-1, keepdim=True)
        return (widths / (widths + squares)).mean(dim=-1)

    within = kernel(x, x) + kernel(y, y)
    mean = (within.sum() - 2 * n) / (n * (n - 1)) if unbiased else within.mean()

    return mean - 2 * kernel(x, y).mean()
