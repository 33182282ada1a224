r"""Annealed importance sampling of the log-evidence."""

__all__ = ["annealed_log_evidence"]

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from ..common.estimates import Estimate
from ..common.seeding import Seed, as_seed, seeded
from ..models.latent import Model

_TARGET, _FASTER, _SLOWER = 0.65, 1.05, 0.9  # acceptance, and changes of the step size


def annealed_log_evidence(
    model: Model,
    x: Tensor,
    n_samples: int = 16,
    n_temperatures: int = 100,
    n_leapfrogs: int = 4,
    random_state: Seed = 0,
) -> Estimate:
    r"""Estimate :math:`\log p(x)` by annealed importance sampling from the posterior.

    .. math:: \log p(x) \approx \log \frac{1}{K} \sum_{k=1}^K \prod_{t=1}^T \Big(
        \frac{p(x, z_{kt})}{q(z_{kt} \mid x)} \Big)^{1 / T}

    The codes begin at draws from :math:`q(z \mid x)`. Between two temperatures, a step of
    Hamiltonian Monte Carlo moves them towards
    :math:`q(z \mid x)^{1 - t / T} p(x, z)^{t / T}`. The steps have the scales of the posterior.
    The estimate lies below the truth on average. Unlike :func:`log_evidence`, it also works where
    the encoder's posterior is far from the model's, and costs a hundred times as much.

    References:
        | Annealed Importance Sampling (Neal, 2001)
        | https://arxiv.org/abs/physics/9803008

        | On the Quantitative Analysis of Decoder-Based Generative Models (Wu et al., 2017)
        | https://arxiv.org/abs/1611.04273

    Arguments:
        model: The model, with independent Gaussian units of the posterior.
        x: The scaled data, with shape `(B, *)`.
        n_samples: The number :math:`K` of chains per example.
        n_temperatures: The number :math:`T` of temperatures.
        n_leapfrogs: The number of leapfrog steps for each.
        random_state: The seed.

    Returns:
        The estimates in nats, with shape `(B,)`, and their standard errors.

    Raises:
        ValueError: If the posterior is no Gaussian with independent units.

    See Also:
        :func:`~autoencode.evaluation.log_evidence`

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X[:2], dtype=torch.float32)
        >>> annealed_log_evidence(model, x, n_temperatures=20).value.shape
        torch.Size([2])
    """
    q: Any = model.encode(x)

    if not (isinstance(q, Independent) and isinstance(q.base_dist, Normal) and q.mean.ndim == 2):
        raise ValueError(f"expected independent Gaussian units, got {model.posterior!r}.")

    q = Independent(Normal(q.mean.detach(), q.stddev.detach()), 1)
    scale, D = q.stddev, q.mean.shape[1]
    prior = model.prior()

    with seeded(as_seed(random_state)):  # the same noise for all examples
        start = torch.randn(n_samples, 1, D)
        momenta = torch.randn(n_temperatures, n_samples, 1, D)
        chances = torch.rand(n_temperatures, n_samples, 1).log()

    def log_ratio(z: Tensor) -> Tensor:
        return model.decode(z).log_prob(x) + prior.log_prob(z) - q.log_prob(z)

    def slope(z: Tensor, t: float) -> tuple[Tensor, Tensor]:
        r"""Returns the log-density at a temperature, and its gradient in units of the scales."""
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            value = q.log_prob(z) + t * log_ratio(z)
            (gradient,) = torch.autograd.grad(value.sum(), z)

        return value.detach(), gradient * scale

    z = q.mean + scale * start.to(x)
    log_w = torch.zeros(n_samples, len(x), dtype=torch.float64, device=x.device)
    step = torch.full((len(x), 1), 0.5 / D**0.25).to(x)

    for k in range(n_temperatures):
        with torch.no_grad():
            log_w += log_ratio(z).double() / n_temperatures

        t = (k + 1) / n_temperatures
        before, gradient = slope(z, t)
        p = momenta[k].to(x).expand_as(z)
        moved, energy = z, before - p.square().sum(dim=-1) / 2
        p = p + step * gradient / 2

        for j in range(n_leapfrogs):
            moved = moved + step * scale * p
            after, gradient = slope(moved, t)
            p = p + step * gradient / (1 if j < n_leapfrogs - 1 else 2)

        gain = after - p.square().sum(dim=-1) / 2 - energy
        accepted = chances[k].to(x) < gain  # a step to where the density is undefined is refused
        z = torch.where(accepted[..., None], moved, z)
        share = accepted.to(x).mean(dim=0)[:, None]
        step = step * torch.where(share > _TARGET, _FASTER, _SLOWER)

    w = (log_w - log_w.amax(dim=0)).exp()
    value = log_w.logsumexp(dim=0) - math.log(n_samples)
    error = w.std(dim=0) / w.mean(dim=0) / math.sqrt(n_samples)

    return Estimate(value.cpu(), error.cpu())
