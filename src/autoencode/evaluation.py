r"""Numbers about a trained model."""

__all__ = ["active_units", "log_evidence", "weighted_codes"]

import math

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from .model import LatentModel

_ROWS = 2048  # codes to decode at once: more of them do not fit in the processor's cache


def log_evidence(model: LatentModel, x: Tensor, samples: int = 128, seed: int = 0) -> Tensor:
    r"""Estimates :math:`\log p(x)` by importance sampling from the posterior.

    .. math:: \log p(x) \approx \log \frac{1}{K} \sum_{k=1}^K
        \frac{p(x \mid z_k) \, p(z_k)}{q(z_k \mid x)}, \qquad z_k \sim q(z \mid x)

    The estimate lies below the truth on average, and approaches it as :math:`K` grows. All
    examples share the same draws of a Gaussian posterior's noise, so that the estimate of an
    example does not depend on those beside it.

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016)
        | https://arxiv.org/abs/1509.00519

    Arguments:
        model: The model.
        x: The scaled data, with shape `(B, *)`.
        samples: The number :math:`K` of codes per example.
        seed: Seeds the noise.

    Returns:
        The estimates in nats, with shape `(B,)`.

    Example:
        >>> log_evidence(model, x, samples=1000).shape  # doctest: +SKIP
        torch.Size([64])
    """
    log_w = weighted_codes(model, x, samples, seed)[1]
    return log_w.logsumexp(dim=0) - math.log(samples)


def weighted_codes(
    model: LatentModel, x: Tensor, samples: int = 128, seed: int = 0
) -> tuple[Tensor, Tensor]:
    r"""Codes from the posterior, with the weights that make them codes of the model itself.

    .. math:: \log w_k = \log p(x \mid z_k) + \log p(z_k) - \log q(z_k \mid x), \qquad
        z_k \sim q(z \mid x)

    Arguments:
        model: The model.
        x: The scaled data, with shape `(B, *)`.
        samples: The number :math:`K` of codes per example.
        seed: Seeds the noise.

    Returns:
        The codes, with shape `(K, B, D)`, and :math:`\log w` in double precision, `(K, B)`.

    Example:
        >>> weighted_codes(model, x, samples=10)[1].shape  # doctest: +SKIP
        torch.Size([10, 64])
    """
    q = model.encode(x)
    codes, weights = [], []

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)

        # All at once: smaller draws from the same seed are other numbers
        noise = torch.randn(samples, 1, q.event_shape.numel(), dtype=x.dtype).to(x.device)

        for eps in noise.split(max(1, _ROWS // max(1, len(x)))):
            z = _sample(q, eps)
            log_w = model.decode(z).log_prob(x) + model.prior().log_prob(z) - q.log_prob(z)
            codes.append(z)
            weights.append(log_w.double())

    return torch.cat(codes), torch.cat(weights)


def active_units(Z: ArrayLike, threshold: float = 1e-2) -> int:
    r"""The number of features of the code that the data move.

    .. math:: \# \{ j : \mathrm{Var}_x \big( \mathbb{E}_{q(z \mid x)} [z_j] \big) > 0.01 \}

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016), section 5.2
        | https://arxiv.org/abs/1509.00519

    Arguments:
        Z: The posterior means of a data set, with shape `(N, D)`.
        threshold: The variance beyond which a feature is active.

    Example:
        >>> active_units([[0.0, 1.0], [0.0, -1.0]])
        1
    """
    Z = torch.as_tensor(Z, dtype=torch.float64)
    return int((Z.var(dim=0, correction=0) > threshold).sum())


def _sample(q: Distribution, eps: Tensor) -> Tensor:
    r"""Draws codes from noise with shape `(n, 1, D)` where they can be, with shape `(n, B, D)`."""
    if isinstance(q, Independent) and isinstance(q.base_dist, Normal):
        return q.mean + q.stddev * eps

    return q.sample((len(eps),))
