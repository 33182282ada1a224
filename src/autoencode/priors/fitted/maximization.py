r"""Expectation maximization for Gaussian mixtures with regularized covariances."""

__all__ = ["fit"]

import warnings

import torch
import torch.nn.functional as F
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from ...distributions import GaussianMixture

VARIANCE_FLOOR = 1e-5  # of codes with unit variance
MAX_KMEANS_CODES = 4096
MIN_GAIN_NATS = 1e-3
MIN_WEIGHT = 1e-8


def fit(z: Tensor, draws: int, components: int, ridge: float, steps: int) -> GaussianMixture:
    r"""Fits a Gaussian mixture whose covariances are shrunk toward a common one.

    .. math:: \Sigma_k = \frac{n_k S_k + \nu W}{n_k + \nu} + \epsilon I, \qquad
        W = \frac{N S + \lambda D \, \mathrm{diag}(S)}{N + \lambda D}, \qquad
        S = \sum_k \frac{n_k}{N} S_k

    :math:`S_k` is the weighted scatter of the codes of component :math:`k`, and :math:`n_k` the
    number of their examples. This is the maximum a posteriori covariance under an inverse Wishart
    prior. It has full rank for any number of codes. :math:`\nu` is a quarter of
    :math:`D`, the best of 1, 4, 16 and 32 for codes of 16 numbers of 20,000 images.

    References:
        | Bayesian Regularization for Normal Mixture Estimation and Model-Based Clustering
          (Fraley & Raftery, 2007)
        | https://doi.org/10.1007/s00357-007-0004-5

    Arguments:
        z: The codes, with about unit variance and shape `(n, D)`.
        draws: The number of codes per example.
        components: The number :math:`K` of components.
        ridge: The weight :math:`\lambda` of the diagonal.
        steps: The maximum number of steps.

    Example:
        >>> z = torch.randn(1000, 2) + 9 * torch.randint(2, (1000, 1))
        >>> fit(z, 1, 2, 0.1, 10).weight.round(decimals=1)
        tensor([0.5000, 0.5000])
    """
    if components == 1:
        return _maximize(z, torch.ones_like(z[:, :1]), draws, ridge)

    some = z[:: max(1, len(z) // MAX_KMEANS_CODES)]
    means = KMeans(components, n_init=1, max_iter=10, random_state=int(torch.randint(2**31, ())))

    with warnings.catch_warnings():  # fewer distinct codes than components
        warnings.simplefilter("ignore", ConvergenceWarning)
        means.fit(some.numpy())

    nearest = torch.cdist(z, torch.from_numpy(means.cluster_centers_).to(z)).argmin(dim=1)
    p = _maximize(z, F.one_hot(nearest, components).to(z), draws, ridge)
    before = -torch.inf

    for _ in range(steps):
        joint = p.joint(z)
        log_p = joint.logsumexp(dim=1, keepdim=True)
        p = _maximize(z, (joint - log_p).exp(), draws, ridge)
        now = float(log_p.mean())

        if now - before < MIN_GAIN_NATS:
            break

        before = now

    return p


def _maximize(z: Tensor, shares: Tensor, draws: int, ridge: float) -> GaussianMixture:
    r"""Returns the mixture for responsibilities with shape `(n, K)` (the M step)."""
    N, D = len(z) / draws, z.shape[1]
    n = (shares.sum(dim=0).double() / draws).clamp(min=MIN_WEIGHT)
    loc = (shares.mT @ z).double() / (draws * n[:, None])

    S = []

    for share, m in zip(shares.mT, loc.to(z)):
        apart = z - m
        S.append(((share[:, None] * apart).mT @ apart).double() / draws)

    scatter = torch.stack(S)
    W = scatter.sum(dim=0) / N
    W = (N * W + ridge * D * W.diagonal().diag()) / (N + ridge * D)

    covariance = (scatter + 0.25 * D * W) / (n + 0.25 * D)[:, None, None]
    covariance += VARIANCE_FLOOR * torch.eye(D, dtype=W.dtype)

    return GaussianMixture((n / n.sum()).to(z), loc.to(z), torch.linalg.cholesky(covariance).to(z))
