r"""Families: from raw network outputs to distributions.

A network returns :math:`P` raw numbers :math:`\phi` for each element (a pixel, a cell, a
feature of the code). A family reads them as the parameters of a distribution

.. math:: p(\cdot \mid \phi),

and may own parameters that all elements share. Densities are in nats, with their
constants, so that the likelihoods of two families can be compared.
"""

__all__ = [
    "RESOLUTION",
    "Bernoulli",
    "ContinuousBernoulli",
    "DiagonalGaussian",
    "Family",
    "FixedGaussian",
    "Gaussian",
    "SharedGaussian",
]

import abc
from collections.abc import Sequence
from typing import ClassVar, TypeVar

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import ContinuousBernoulli as TorchContinuousBernoulli
from torch.distributions import Distribution, Normal, constraints
from torch.distributions.constraints import Constraint
from torch.nn.functional import softplus

from ..common.configurable import Configurable
from ..networks import Network
from .homoscedastic import Homoscedastic

Self = TypeVar("Self", bound="Family")

SMALLEST_SCALE = 1e-3  # keeps the density of data that can be predicted exactly finite
RESOLUTION = 5e-7  # about the rounding of single precision, in units of the scaled data


class Family(Configurable, nn.Module, abc.ABC):
    r"""Abstract family of distributions :math:`p(\cdot \mid \phi)`."""

    n_params: ClassVar[int]
    r"""Raw parameters per element."""

    support: ClassVar[Constraint] = constraints.real
    r"""Where the data must lie, as a `torch` constraint."""

    discrete: ClassVar[bool] = False
    r"""Whether `log_prob` is the log of a probability, not of a density."""

    free_bits: float = 0.0
    r"""The rate in nats per example that costs nothing, where the code would stay empty else."""

    def build(self: Self, network: Network, event: Sequence[int]) -> Self:
        r"""Makes the weights that have to wait for the architecture, and returns the family.

        Most families have none.

        Arguments:
            network: The architecture of the decoder.
            event: The shape of what the decoder makes for each raw parameter.

        Raises:
            ValueError: If the family needs another architecture.
        """
        return self

    def check_support(self, x: Tensor) -> None:
        r"""
        Raises:
            ValueError: If data lie where the family has no density.
        """
        if not self.support.check(x).all():
            raise ValueError(
                f"{type(self).__name__} needs values between 0 and 1, got"
                f" {x.min():g} to {x.max():g}. Bring the data there, or use another likelihood,"
                " such as SharedGaussian()."
            )

    @abc.abstractmethod
    def forward(self, phi: Tensor) -> Distribution:
        r"""
        Arguments:
            phi: The raw parameters :math:`\phi \in \mathbb{R}^P`, with shape `(*, P)`.

        Returns:
            A distribution with batch shape `(*)`.
        """


class Gaussian(Family):
    r"""Normal distributions whose location and scale both come from the network.

    .. math:: \mathcal{N}(\mu, \sigma^2), \qquad \phi = (\mu, s),
        \quad \sigma = \sigma_0 + \log(1 + e^s)

    Small scales are learned by their logarithm, large ones as they are: an exponential all
    the way up turns one overlong step into an infinite loss.

    Arguments:
        smallest_scale: The least standard deviation :math:`\sigma_0 \geq 0`. A likelihood needs
            one where data can be predicted exactly; a posterior needs almost none.

    Example:
        >>> Gaussian()(torch.zeros(5, 2)).log_prob(torch.zeros(5)).shape
        torch.Size([5])
    """

    n_params = 2

    def __init__(self, smallest_scale: float = 1e-3) -> None:
        super().__init__()

        if not smallest_scale >= 0:
            raise ValueError(f"expected a smallest scale >= 0, got {smallest_scale}.")

        self.smallest_scale = smallest_scale

    def forward(self, phi: Tensor) -> Normal:
        loc, s = phi.unbind(dim=-1)
        s = s.contiguous()  # rows apart from each other take softplus ten times as long

        return Normal(loc, self.smallest_scale + softplus(s), validate_args=False)

    def raw_scale(self, scale: Tensor) -> Tensor:
        r"""Returns the raw parameter :math:`s` of a standard deviation, of any shape."""
        above = (scale - self.smallest_scale).clamp(min=RESOLUTION)
        return above + torch.log(-torch.expm1(-above))  # the inverse of softplus


class FixedGaussian(Family):
    r"""Normal distributions of one given scale.

    .. math:: \mathcal{N}(\mu, \sigma^2), \qquad \phi = \mu

    With :math:`\sigma^2 = 1/2`, the negative log-density is the squared error and a constant.

    Arguments:
        scale: The standard deviation :math:`\sigma > 0`, in units of the scaled data.

    Example:
        >>> FixedGaussian(scale=0.1)(torch.zeros(3, 1)).stddev
        tensor([0.1000, 0.1000, 0.1000])
    """

    n_params = 1

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()

        if not scale > 0:
            raise ValueError(f"expected a scale > 0, got {scale}.")

        self.scale = scale

    def forward(self, phi: Tensor) -> Homoscedastic:
        return Homoscedastic(phi.squeeze(dim=-1), phi.new_full((), self.scale))


class SharedGaussian(Family):
    r"""Normal distributions with one scale for all elements, learned with the model.

    .. math:: \mathcal{N}(\mu, \sigma^2), \qquad \phi = \mu, \quad \sigma = 10^{-3} + e^{10 s}

    The scale settles at the root mean square of the residuals, which balances distortion and
    rate without a weight to tune. The factor 10 lets it get there within the first few
    hundred steps of an optimizer that moves each parameter by about its learning rate.

    References:
        | Simple and Effective VAE Training with Calibrated Decoders (Rybkin et al., 2021)
        | https://arxiv.org/abs/2006.13202

    Example:
        >>> SharedGaussian()(torch.zeros(3, 1)).stddev
        tensor([1.0010, 1.0010, 1.0010], grad_fn=<ExpandBackward0>)
    """

    n_params = 1

    def __init__(self) -> None:
        super().__init__()

        self.log_scale = nn.Parameter(torch.zeros(()))

    def forward(self, phi: Tensor) -> Homoscedastic:
        return Homoscedastic(phi.squeeze(dim=-1), SMALLEST_SCALE + (10 * self.log_scale).exp())

    @torch.no_grad()
    def set_scale(self, scale: Tensor) -> None:
        r"""Sets :math:`\sigma`, with shape `()`, where it is known in closed form."""
        self.log_scale.copy_((scale - SMALLEST_SCALE).clamp(min=1e-6).log() / 10)


class DiagonalGaussian(Family):
    r"""Normal distributions with one scale for each element, learned with the model.

    .. math:: \mathcal{N}(\mu_j, \sigma_j^2), \qquad \phi = \mu, \quad
        \sigma_j = 5 \cdot 10^{-7} + e^{10 s_j}

    This is the noise of factor analysis: each column has its own, whatever the example. A column
    that the code explains exactly has a scale near the resolution of single precision.

    References:
        | Maximum-likelihood estimation of factor analysis (Jöreskog, 1967)
        | https://doi.org/10.1007/BF02289658

    Example:
        >>> family = DiagonalGaussian().build(None, (3,))
        >>> family.set_scale(torch.tensor([0.1, 1.0, 2.0]))
        >>> family(torch.zeros(5, 3, 1)).stddev[0]
        tensor([0.1000, 1.0000, 2.0000], grad_fn=<SelectBackward0>)
    """

    n_params = 1

    def __init__(self) -> None:
        super().__init__()

        self.log_scale = nn.Parameter(torch.zeros(()))

    def build(self, network: Network | None, event: Sequence[int]) -> "DiagonalGaussian":
        self.log_scale = nn.Parameter(torch.zeros(tuple(event)))
        return self

    def forward(self, phi: Tensor) -> Homoscedastic:
        return Homoscedastic(phi.squeeze(dim=-1), RESOLUTION + (10 * self.log_scale).exp())

    @torch.no_grad()
    def set_scale(self, scale: Tensor) -> None:
        r"""Sets :math:`\sigma`, with shape `event` or `()`, where it is known in closed form."""
        self.log_scale.copy_((scale - RESOLUTION).clamp(min=RESOLUTION).log() / 10)


class Bernoulli(Family):
    r"""Bernoulli distributions, with :math:`\phi` the log-odds of one.

    .. math:: \log p(x) = x \log \pi + (1 - x) \log (1 - \pi)

    Gray values between 0 and 1 are accepted, as the field does; then this is no
    log-probability but minus a cross-entropy. `ContinuousBernoulli` is its normalized form.

    Example:
        >>> Bernoulli()(torch.zeros(1)).log_prob(torch.tensor(1.0))
        tensor(-0.6931)
    """

    n_params = 1
    support = constraints.unit_interval
    discrete = True

    def forward(self, phi: Tensor) -> TorchBernoulli:
        return TorchBernoulli(logits=phi.squeeze(dim=-1), validate_args=False)


class ContinuousBernoulli(Family):
    r"""Continuous Bernoulli distributions on :math:`[0, 1]`, with :math:`\phi` the log-odds.

    .. math:: p(x) = C(\lambda) \, \lambda^x (1 - \lambda)^{1 - x}

    References:
        | The Continuous Bernoulli (Loaiza-Ganem & Cunningham, 2019)
        | https://arxiv.org/abs/1907.06845

    Example:
        >>> ContinuousBernoulli()(torch.zeros(1)).log_prob(torch.tensor(0.3))
        tensor(0.)
    """

    n_params = 1
    support = constraints.unit_interval

    def forward(self, phi: Tensor) -> TorchContinuousBernoulli:
        return TorchContinuousBernoulli(logits=phi.squeeze(dim=-1), validate_args=False)
