r"""Priors :math:`p(z)` of the code."""

__all__ = ["Mixture", "Prior", "StandardNormal"]

import abc
import warnings
from collections.abc import Callable
from numbers import Integral
from typing import Any, TypeVar

import torch
import torch.nn as nn
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor
from torch.distributions import (
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)

from .configurable import Configurable

_EACH = 20  # examples, at least, for a Gaussian
_SMALLEST = 1e-4  # variance across a Gaussian, of codes with unit variance

Self = TypeVar("Self", bound="Prior")


class Prior(Configurable, nn.Module, abc.ABC):
    r"""Abstract prior: a module that returns :math:`p(z)` when called.

    Its arguments are known before the size of the code is; `build` makes the parameters.
    """

    fits: bool = False
    r"""Whether it follows the codes, wherever a training has put them."""

    @abc.abstractmethod
    def build(self: Self, latent_dim: int) -> Self:
        r"""Makes the prior's parameters for codes with shape `(latent_dim,)`, and returns it."""

    @abc.abstractmethod
    def forward(self) -> Distribution:
        r"""
        Returns:
            The distribution :math:`p(z)`, with batch shape `()` and event shape `(D,)`.
        """

    def fit(self, codes: Callable[[], Tensor]) -> None:
        r"""Learns from codes once encoder and decoder are trained. Most priors learn nothing.

        Arguments:
            codes: Draws codes :math:`z_i \sim q(z \mid x_i)`, some of each example, with shape
                `(N, k, D)`.
        """


class StandardNormal(Prior):
    r"""The unit Gaussian.

    .. math:: p(z) = \mathcal{N}(z \mid 0, I)

    Example:
        >>> StandardNormal().build(3)().sample((5,)).shape
        torch.Size([5, 3])
    """

    loc: Tensor
    scale: Tensor

    def build(self, latent_dim: int) -> "StandardNormal":
        self.register_buffer("loc", torch.zeros(latent_dim), persistent=False)
        self.register_buffer("scale", torch.ones(latent_dim), persistent=False)

        return self

    def forward(self) -> Independent:
        return Independent(Normal(self.loc, self.scale, validate_args=False), 1)


class Mixture(Prior):
    r"""A mixture of Gaussians, fitted to the codes after the training.

    .. math:: p(z) = \sum_{k=1}^K \pi_k \, \mathcal{N}(z \mid \mu_k, \Sigma_k), \qquad
        \max_{\pi, \mu, \Sigma} \sum_i \mathbb{E}_{q(z \mid x_i)} \big[ \log p(z) \big]

    Until then it is the unit Gaussian. The codes of a variational autoencoder follow that not
    quite, and what is decoded from where none of them are is unlike the data. With encoder and
    decoder as they are, the prior stands in one term of the evidence lower bound, which is what is
    maximised here: the bound rises, and remains one. Codes that no prior was asked of, those
    of a plain autoencoder, are drawn from in the same way.

    References:
        | From Variational to Deterministic Autoencoders (Ghosh et al., 2020), section 4
        | https://arxiv.org/abs/1903.12436

    Arguments:
        components: The number :math:`K` of Gaussians, each with a full covariance; fewer where
            there are not twenty examples for each.

    Example:
        >>> prior = Mixture(components=2).build(1)
        >>> prior().stddev  # until it is fitted
        tensor([1.])
        >>> prior.fit(lambda: torch.randn(500, 1, 1) + 8 * torch.randint(2, (500, 1, 1)))
        >>> prior().stddev.round()
        tensor([4.])
    """

    fits = True

    components: int
    weight: Tensor
    loc: Tensor
    scale_tril: Tensor

    def __init__(self, components: int = 10) -> None:
        super().__init__()

        if not (isinstance(components, Integral) and components >= 1):
            raise ValueError(f"expected components as an integer >= 1, got {components!r}.")

        self.components = components

    def build(self, latent_dim: int) -> "Mixture":
        self.unit = StandardNormal().build(latent_dim)
        self.register_buffer("weight", torch.ones(0))
        self.register_buffer("loc", torch.zeros(0, latent_dim))
        self.register_buffer("scale_tril", torch.zeros(0, latent_dim, latent_dim))
        self.register_load_state_dict_pre_hook(_as_many_as_stored)

        return self

    def forward(self) -> Distribution:
        if len(self.weight) == 0:
            return self.unit()

        return MixtureSameFamily(
            Categorical(self.weight, validate_args=False),
            MultivariateNormal(self.loc, scale_tril=self.scale_tril, validate_args=False),
            validate_args=False,
        )

    @torch.no_grad()
    def fit(self, codes: Callable[[], Tensor]) -> None:
        z = codes().double().cpu()
        most = max(1, len(z) // _EACH)
        z = z.flatten(end_dim=1)
        loc, scale = z.mean(dim=0), z.std(dim=0, correction=0)
        scale = torch.where(scale > 0, scale, 1)

        found = GaussianMixture(
            min(self.components, most),
            reg_covar=_SMALLEST,
            random_state=int(torch.randint(2**31, ())),
        )

        with warnings.catch_warnings():  # of codes that are few and alike there is no better fit
            warnings.simplefilter("ignore", ConvergenceWarning)
            found.fit((z - loc) / scale)

        means, covariances = map(torch.from_numpy, (found.means_, found.covariances_))
        self.weight = torch.from_numpy(found.weights_).to(self.weight)
        self.loc = (means * scale + loc).to(self.loc)
        self.scale_tril = (torch.linalg.cholesky(covariances) * scale[:, None]).to(self.scale_tril)


def _as_many_as_stored(
    prior: Mixture, tensors: dict[str, Tensor], prefix: str, *others: Any
) -> None:
    for name in ("weight", "loc", "scale_tril"):
        if prefix + name in tensors:
            setattr(prior, name, torch.empty_like(tensors[prefix + name]).to(getattr(prior, name)))
