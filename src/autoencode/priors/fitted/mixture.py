r"""Gaussian mixture prior, fitted after the training."""

__all__ = ["Mixture"]

import logging
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal

from ...common.arrays import evenly_spaced
from ...distributions import GaussianMixture
from ..base import Prior
from ..standard_normal import StandardNormal
from . import maximization, selection
from .codes import keep_first_dimension, place, points_of, usable

log = logging.getLogger(__name__)

MAX_FITTED_CODES = 2**13
MAX_EM_STEPS = 30


class Mixture(Prior):
    r"""Mixture of Gaussians, fitted to the codes after the training.

    .. math:: p(z) = \sum_{k=1}^K \pi_k \, \mathcal{N}(z \mid \mu_k, \Sigma_k), \qquad
        \max_{\pi, \mu, \Sigma} \sum_i \mathbb{E}_{q(z \mid x_i)} \big[ \log p(z) \big]

    During the training the prior is the unit Gaussian. The codes of a variational autoencoder
    follow it only roughly, and points between them decode to examples unlike the data. Fitting
    changes neither encoder nor decoder. It maximizes the only term of the evidence lower bound
    that contains the prior: the bound rises, and remains a bound. A plain autoencoder is trained
    without a prior; its codes are fitted in the same way.

    The number of components and the shrinkage of their covariances maximize the density of
    held-out codes. The prior remains the unit Gaussian unless the mixture is better by more than
    two standard errors. Features of the code that are independent unit Gaussians, as in a
    collapsed posterior, are left out of the mixture.

    References:
        | From Variational to Deterministic Autoencoders (Ghosh et al., 2020), section 4
        | https://arxiv.org/abs/1903.12436

        | ELBO surgery: yet another way to carve up the variational evidence lower bound
          (Hoffman & Johnson, 2016), for the effect of the prior on the bound
        | http://approximateinference.org/accepted/HoffmanJohnson2016.pdf

    Arguments:
        max_components: The maximum number of Gaussians, each with a full covariance.

    See Also:
        :class:`~autoencode.priors.ConditionalMixture`,
        :class:`~autoencode.priors.StandardNormal`,
        :class:`~autoencode.distributions.GaussianMixture`

    Example:
        >>> prior = Mixture(max_components=2).build(1)
        >>> prior().stddev  # until it is fitted
        tensor([1.])
        >>> prior.fit(lambda: torch.randn(500, 1, 1) + 8 * torch.randint(2, (500, 1, 1)))
        >>> prior().stddev.round()
        tensor([4.])
    """

    fits = True

    max_components: int
    weight: Tensor
    loc: Tensor
    scale_tril: Tensor

    def __init__(self, max_components: int = 64) -> None:
        super().__init__()

        self.max_components = selection.check_max_components(max_components)

    def build(self, latent_dim: int) -> "Mixture":
        self.unit = StandardNormal().build(latent_dim)
        self.register_buffer("weight", torch.ones(0))
        self.register_buffer("loc", torch.zeros(0, latent_dim))
        self.register_buffer("scale_tril", torch.zeros(0, latent_dim, latent_dim))
        keep_first_dimension(self, "weight", "loc", "scale_tril")

        return self

    def forward(self) -> Distribution:
        if len(self.weight) == 0:
            return self.unit()

        return GaussianMixture(self.weight, self.loc, self.scale_tril)

    @torch.no_grad()
    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        z = codes().cpu()

        if not usable(z):
            return

        z, points = points_of(z)
        fitted = torch.ones(z.shape[-1]).bool()

        if not points:
            fitted = selection.differs_from_unit(z.flatten(end_dim=1))

        if not fitted.any():
            return

        z = z[evenly_spaced(len(z), MAX_FITTED_CODES)][..., fitted]
        loc, scale = place(z)
        unit = None if points else Normal(0, 1).log_prob(z).sum(dim=-1) + scale.log().sum()
        z = (z - loc) / scale
        choice = selection.choose(z, self.max_components, unit)

        if choice is not None:
            p = maximization.fit(z.flatten(end_dim=1), z.shape[1], *choice, MAX_EM_STEPS)
            self._keep(p, fitted, loc, scale)
            log.info(
                "prior: a mixture of %d Gaussian%s, fitted to %d features of the code.",
                *(len(p.weight), "s" * (len(p.weight) != 1), len(loc)),
            )

    def _keep(self, p: GaussianMixture, fitted: Tensor, loc: Tensor, scale: Tensor) -> None:
        r"""Stores the mixture of the fitted features; the others stay unit Gaussians."""
        K, D = len(p.weight), len(fitted)
        index = fitted.nonzero()[:, 0]

        self.weight = p.weight.to(self.weight)
        self.loc = self.loc.new_zeros(K, D)
        self.loc[:, fitted] = (p.loc * scale + loc).to(self.loc)
        self.scale_tril = torch.eye(D).to(self.scale_tril).repeat(K, 1, 1)
        self.scale_tril[:, index[:, None], index] = (p.scale_tril * scale[:, None]).to(
            self.scale_tril
        )
