r"""Evidence lower bound with a weight on the total correlation of the code."""

__all__ = ["BetaTCVAE"]

import math
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution

from ...common.schedules import WeightSchedule, check_weights
from ...distributions import RESOLUTION, Gaussian
from ...models.latent import Model
from ...priors import StandardNormal
from ..base import Loss, Objective, units_of


class BetaTCVAE(Objective):
    r"""Negative evidence lower bound, with a weight on the total correlation of the code.

    .. math:: \mathbb{E}_{q(z \mid x)} \big[ -\log p(x \mid z) \big] + I(x; z)
        + \beta \, \mathrm{KL} \Big( q(z) \Big\| \prod_j q(z_j) \Big)
        + \sum_j \mathrm{KL} \big( q(z_j) \parallel p(z_j) \big)

    The last three terms add up to the rate, so that :math:`\beta = 1` is the ELBO. They need
    densities of the aggregate posterior :math:`q(z) = \frac{1}{N} \sum_n q(z \mid x_n)`, which
    minibatch-stratified sampling estimates within a minibatch of :math:`B` examples.

    References:
        | Isolating Sources of Disentanglement in Variational Autoencoders (Chen et al., 2018),
          equation 4 and appendix C.2
        | https://arxiv.org/abs/1802.04942

    Arguments:
        beta: The weight :math:`\beta \geq 0` of the total correlation.

    Raises:
        ValueError: If the weight is negative, or the units of posterior or prior are dependent.

    See Also:
        :class:`~autoencode.objectives.FactorVAE`, :class:`~autoencode.objectives.ELBO`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = BetaTCVAE(beta=4.0)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'distortion', 'rate', 'total', 'total_correlation']
    """

    couples_examples = True
    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = StandardNormal

    def __init__(self, beta: float | WeightSchedule = 6.0) -> None:
        super().__init__()

        check_weights(beta=beta)

        self.beta = beta

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        z = q.rsample()

        distortion = -model.decode(z).log_prob(target)
        rate = decompose_rate(q, model.prior(), z, max(self.n_examples, len(z)))
        unweighted = rate.information + rate.total_correlation + rate.unit_divergence

        return Loss(
            distortion
            + rate.information
            + self.current(self.beta) * rate.total_correlation
            + rate.unit_divergence,
            {
                "distortion": distortion,
                "rate": unweighted,
                "bound": -(distortion + unweighted),
                "total_correlation": rate.total_correlation,
            },
        )


class RateParts(NamedTuple):
    r"""The rate of a code as a sum of three divergences, each with shape `(B,)`."""

    information: Tensor
    r""":math:`\log q(z \mid x) - \log q(z)`, whose mean is the index-code mutual information."""

    total_correlation: Tensor
    r""":math:`\log q(z) - \sum_j \log q(z_j)`."""

    unit_divergence: Tensor
    r""":math:`\sum_j \log q(z_j) - \log p(z_j)`."""


def decompose_rate(q: Distribution, prior: Distribution, z: Tensor, n: int) -> RateParts:
    r"""Single-sample estimates of the parts of the rate, by minibatch-stratified sampling.

    Arguments:
        q: The posteriors of a minibatch, with batch shape `(B,)`.
        prior: The prior.
        z: A sample of the posteriors, with shape `(B, D)`.
        n: The number :math:`N \geq B` of examples that the minibatch is drawn from.

    Example:
        >>> from torch.distributions import Independent
        >>> q = Independent(torch.distributions.Normal(torch.zeros(4, 2), 1.0), 1)
        >>> p = Independent(torch.distributions.Normal(torch.zeros(2), 1.0), 1)
        >>> parts = decompose_rate(q, p, q.sample(), n=4)  # each example has the same code
        >>> bool(parts.total_correlation.abs().max() < 1e-5)
        True
    """
    q_units, p_units = units_of(q, "posterior"), units_of(prior, "prior")
    log_q = q_units.log_prob(
        z[:, None]
    )  # entry (i, j): code i given example j, with shape (B, B, D)
    log_weight = _stratified_log_weights(len(z), n).to(log_q)

    log_qz = (log_weight + log_q.sum(dim=-1)).logsumexp(dim=1)
    log_q_units = (log_weight[..., None] + log_q).logsumexp(dim=1).sum(dim=-1)
    log_qzx = log_q.sum(dim=-1).diagonal()
    log_pz = p_units.log_prob(z).sum(dim=-1)

    return RateParts(log_qzx - log_qz, log_qz - log_q_units, log_q_units - log_pz)


def _stratified_log_weights(b: int, n: int) -> Tensor:
    r"""Returns weights that make sums over a minibatch unbiased means over all examples.

    A code always meets its own example, with weight :math:`1/N`. The other :math:`B - 1` examples
    of the minibatch represent the other :math:`N - 1` examples of the data.
    """
    if b == 1:
        return torch.zeros(1, 1)

    others = math.log((n - 1) / (n * (b - 1)))
    return torch.full((b, b), others).fill_diagonal_(-math.log(n))
