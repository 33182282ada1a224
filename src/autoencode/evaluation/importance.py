r"""Importance sampling of codes: log-evidence, and codes with weights."""

__all__ = ["log_evidence", "weighted_codes"]

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from ..common.seeding import Seed, as_seed, seeded
from ..data import inference_batch_size
from ..models.latent import Model


def log_evidence(model: Model, x: Tensor, n_samples: int = 128, random_state: Seed = 0) -> Tensor:
    r"""Estimate :math:`\log p(x)` by importance sampling from the posterior.

    .. math:: \log p(x) \approx \log \frac{1}{K} \sum_{k=1}^K
        \frac{p(x \mid z_k) \, p(z_k)}{q(z_k \mid x)}, \qquad z_k \sim q(z \mid x)

    The estimate lies below the truth on average, and approaches it as :math:`K` grows. All
    examples share the same noise, so that the estimate of an example does not depend on those
    beside it.

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016)
        | https://arxiv.org/abs/1509.00519

    Arguments:
        model: The model.
        x: The scaled data, with shape `(B, *)`.
        n_samples: The number :math:`K` of codes per example.
        random_state: The seed of the noise.

    Returns:
        The estimates in nats, with shape `(B,)`.

    See Also:
        :func:`~autoencode.evaluation.weighted_codes`, :class:`~autoencode.objectives.ELBO`

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X, dtype=torch.float32)
        >>> bool((log_evidence(model, x, n_samples=10) < 0).all())
        True
    """
    parts = [
        log_w.logsumexp(dim=0) for _, log_w in _draws(model, x, n_samples, as_seed(random_state))
    ]
    return torch.stack(parts).logsumexp(dim=0) - math.log(n_samples)


def weighted_codes(
    model: Model, x: Tensor, n_samples: int = 128, random_state: Seed = 0
) -> tuple[Tensor, Tensor]:
    r"""Codes from the encoder, with importance weights for the model's own posterior.

    .. math:: \log w_k = \log p(x \mid z_k) + \log p(z_k) - \log q(z_k \mid x), \qquad
        z_k \sim q(z \mid x)

    Arguments:
        model: The model.
        x: The scaled data, with shape `(B, *)`.
        n_samples: The number :math:`K` of codes per example.
        random_state: The seed of the noise.

    Returns:
        The codes, with shape `(K, B, D)`, and :math:`\log w` in double precision, `(K, B)`.

    See Also:
        :func:`~autoencode.evaluation.log_evidence`

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X, dtype=torch.float32)
        >>> codes, log_w = weighted_codes(model, x, n_samples=10)
        >>> codes.shape, log_w.shape
        (torch.Size([10, 40, 2]), torch.Size([10, 40]))
    """
    codes, log_w = zip(*_draws(model, x, n_samples, as_seed(random_state)))
    return torch.cat(codes), torch.cat(log_w)


def _draws(model: Model, x: Tensor, n_samples: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    r"""Yields codes, with shape `(k, B, D)`, and the logs of their weights, `(k, B)`."""
    q = model.encode(x)
    rows = max(1, inference_batch_size(x[:1].numel()) // max(1, len(x)))

    with seeded(seed):
        # Drawn in one call: several smaller draws from the same seed give other numbers
        noise = torch.randn(n_samples, 1, q.event_shape.numel(), dtype=x.dtype).to(x.device)

    if isinstance(q, Independent) and isinstance(q.base_dist, Normal):
        drawn = (q.mean + q.stddev * eps for eps in noise.split(rows))
    elif isinstance(q, MultivariateNormal):
        drawn = (q.mean + (q.scale_tril @ e[..., None]).squeeze(dim=-1) for e in noise.split(rows))
    else:
        drawn = iter(_sample_each(model, x, n_samples, seed).split(rows))

    for z in drawn:
        log_w = model.decode(z).log_prob(x) + model.prior().log_prob(z) - q.log_prob(z)
        yield z, log_w.double()


def _sample_each(model: Model, x: Tensor, n_samples: int, seed: int) -> Tensor:
    r"""Returns codes, `(n_samples, B, D)`, each example's from the same random state."""
    codes = []

    for i in range(len(x)):
        c = model.context
        one = model if c is None else model.given(c[i : i + 1])

        with seeded(seed):
            codes.append(one.encode(x[i : i + 1]).sample((n_samples,)))

    return torch.cat(codes, dim=1)
