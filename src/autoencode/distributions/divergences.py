r"""Divergences between distributions."""

__all__ = ["kl_divergence"]

import torch.distributions as td
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal


def kl_divergence(q: Distribution, p: Distribution, z: Tensor) -> Tensor:
    r"""Kullback-Leibler divergence, in closed form or estimated from one sample.

    .. math:: \mathrm{KL} \big( q \parallel p \big)
        = \mathbb{E}_{q(z)} \big[ \log q(z) - \log p(z) \big]

    Arguments:
        q: The distribution of `z`, with batch shape `(B)`.
        p: The reference distribution, with batch shape `(B)` or `()`.
        z: A sample of `q`, with shape `(B, *)`.

    Returns:
        The divergences in nats, with shape `(B)`. They are unbiased single-sample estimates if
        torch has no closed form.

    See Also:
        :class:`~autoencode.objectives.ELBO`

    Example:
        >>> q = td.Normal(torch.ones(3), 1.0)
        >>> kl_divergence(q, td.Normal(0.0, 1.0), q.sample())
        tensor([0.5000, 0.5000, 0.5000])
    """
    if isinstance(q, MultivariateNormal) and isinstance(p, Independent):
        p = _full(p) or p

    try:
        return td.kl_divergence(q, p)
    except NotImplementedError:
        return q.log_prob(z) - p.log_prob(z)


def _full(p: Independent) -> MultivariateNormal | None:
    r"""Returns independent normal distributions as one with a diagonal covariance."""
    if not isinstance(p.base_dist, Normal) or p.reinterpreted_batch_ndims != 1:
        return None

    L = p.base_dist.stddev.diag_embed()
    return MultivariateNormal(p.mean, scale_tril=L, validate_args=False)
