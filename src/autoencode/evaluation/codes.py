r"""Measures of codes: active units and mutual information."""

__all__ = [
    "active_units",
    "information_terms",
    "is_factorized",
    "mutual_information",
    "posterior_diagnostics",
    "unit_information",
]

import math
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.distributions import Distribution, Independent

from ..common.seeding import Seed, as_seed, seeded
from ..distributions import QuantizedPoint
from ..distributions.codes.codebook import perplexity, usage
from ..models.latent import Model

_MAX_PAIRWISE_NUMBERS = 2**20


def active_units(Z: ArrayLike, threshold: float = 1e-2) -> int:
    r"""Number of features of the code that vary with the data.

    .. math:: \# \{ j : \mathrm{Var}_x \big( \mathbb{E}_{q(z \mid x)} [z_j] \big) > 0.01 \}

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016), section 5.2
        | https://arxiv.org/abs/1509.00519

    Arguments:
        Z: The posterior means of a data set, with shape `(N, D)`.
        threshold: The variance beyond which a feature is active.

    See Also:
        :func:`~autoencode.evaluation.posterior_diagnostics`

    Example:
        >>> active_units([[0.0, 1.0], [0.0, -1.0]])
        1
    """
    Z = torch.as_tensor(Z, dtype=torch.float64)
    return int((Z.var(dim=0, correction=0) > threshold).sum())


def mutual_information(model: Model, x: Tensor, random_state: Seed = 0) -> float:
    r"""Mutual information of examples and codes.

    .. math:: I(x; z) \approx \frac{1}{N} \sum_{i=1}^N \log
        \frac{q(z_i \mid x_i)}{\frac{1}{N} \sum_{j=1}^N q(z_i \mid x_j)},
        \qquad z_i \sim q(z \mid x_i)

    The estimate is at most :math:`\log N`, so that a high mutual information needs many examples.
    It is near zero if the posterior has collapsed.

    References:
        | ELBO surgery: yet another way to carve up the variational evidence lower bound
          (Hoffman & Johnson, 2016)

    Arguments:
        model: The model.
        x: The scaled data, with shape `(N, *)`.
        random_state: The seed of the codes.

    Returns:
        The estimate in nats.

    See Also:
        :func:`~autoencode.evaluation.active_units`

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X, dtype=torch.float32)
        >>> 0 < mutual_information(model, x) < math.log(40)
        True
    """
    return float(information_terms(model, x, random_state).mean())


def unit_information(model: Model, x: Tensor, random_state: Seed = 0) -> Tensor:
    r"""Mutual information of examples and each unit of codes.

    .. math:: I(x; z_k) \approx \frac{1}{N} \sum_{i=1}^N \log
        \frac{q(z_{ik} \mid x_i)}{\frac{1}{N} \sum_{j=1}^N q(z_{ik} \mid x_j)},
        \qquad z_i \sim q(z \mid x_i)

    It does not depend on the prior, and is near zero for units that the posterior does not use.

    Arguments:
        model: The model, with a posterior of independent units.
        x: The scaled data, with shape `(N, *)`.
        random_state: The seed of the codes.

    Returns:
        The estimates in nats, with shape `(D,)`.

    Raises:
        ValueError: If the units of the posterior are not independent.

    See Also:
        :func:`~autoencode.evaluation.mutual_information`

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X, dtype=torch.float32)
        >>> unit_information(model, x).shape
        torch.Size([2])
    """
    if not is_factorized(model.encode(x)):
        raise ValueError(f"expected a posterior of independent units, got {model.posterior!r}.")

    return _log_ratios(model, x, as_seed(random_state), each=True).mean(dim=0)


def is_factorized(q: Distribution) -> bool:
    r"""Tell whether the units of codes with a density are independent given the example.

    Arguments:
        q: The posterior, with batch shape `(N,)`.
    """
    return isinstance(q, Independent) and len(q.base_dist.batch_shape) == 2


def information_terms(model: Model, x: Tensor, random_state: Seed = 0) -> Tensor:
    r"""Terms of each example in the mutual information of examples and codes.

    Arguments:
        model: The model.
        x: The scaled data, with shape `(N, *)`.
        random_state: The seed of the codes.

    Returns:
        The terms in nats, with shape `(N,)`.
    """
    return _log_ratios(model, x, as_seed(random_state))


@torch.no_grad()
def _log_ratios(model: Model, x: Tensor, seed: int, each: bool = False) -> Tensor:
    r"""Returns logs of :math:`q(z_i \mid x_i)` over their mean, of whole codes or each unit."""
    q: Any = model.encode(x)
    with seeded(seed):
        z = q.sample()

    p = q.base_dist if each else q
    rows = max(1, _MAX_PAIRWISE_NUMBERS // q.mean.numel())
    log_q = torch.cat([p.log_prob(part[:, None]) for part in z.split(rows)]).double()
    own = log_q.diagonal().movedim(-1, 0)

    return (own - log_q.logsumexp(dim=1) + math.log(len(z))).cpu()


def posterior_diagnostics(model: Model, x: Tensor) -> dict[str, float]:
    r"""Measures of the posterior that show whether it collapses.

    For codes with a density these are the active units and the mutual information. For quantized
    codes they are the perplexity, the effective number of entries that the codes use, and the
    usage, the share of the entries that they use. Few examples cannot use a large codebook.

    Arguments:
        model: The model.
        x: The scaled data, with shape `(N, *)`.

    Returns:
        :func:`active_units` and :func:`mutual_information`; or `perplexity` and `usage`, the means
        over all codebooks; empty for other codes without a density.

    See Also:
        :func:`~autoencode.evaluation.active_units`,
        :func:`~autoencode.evaluation.mutual_information`

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(40, 3))
        >>> fitted = ae.vae(2, layers=(), training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model, x = fitted.model_, torch.as_tensor(X, dtype=torch.float32)
        >>> posterior_diagnostics(model, x)["active_units"]
        2.0
    """
    q = model.encode(x)
    point = q.base_dist if isinstance(q, Independent) else q

    if isinstance(point, QuantizedPoint):
        used = point.index, point.size, point.n_codebooks
        return {"perplexity": float(perplexity(*used)), "usage": float(usage(*used))}

    if not model.posterior.has_density:
        return {}

    return {
        "active_units": float(active_units(q.mean)),
        "mutual_information": mutual_information(model, x),
    }
