r"""Families of normal distributions."""

__all__ = ["DiagonalGaussian", "FixedGaussian", "Gaussian", "SharedGaussian"]

from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Normal
from torch.nn.functional import softplus

from ..common.checks.ranges import check_above, check_at_least
from ..networks import Network
from .base import RESOLUTION, SMALLEST_SCALE, Family
from .homoscedastic import Homoscedastic


class Gaussian(Family):
    r"""Normal distributions whose mean and standard deviation depend on the example.

    .. math:: \mathcal{N}(\mu, \sigma^2), \qquad \phi = (\mu, s),
        \quad \sigma = \sigma_0 + \log(1 + e^s)

    The softplus is exponential for small scales and linear for large ones. With a plain
    exponential, a single step that is too long could make the loss infinite.

    Arguments:
        min_scale: The smallest standard deviation :math:`\sigma_0 \geq 0`. It keeps
            likelihoods finite where data can be predicted exactly. A posterior needs almost
            none.

    See Also:
        :class:`~autoencode.distributions.DiagonalGaussian`,
        :class:`~autoencode.distributions.SharedGaussian`

    Example:
        >>> Gaussian()(torch.zeros(5, 2)).log_prob(torch.zeros(5)).shape
        torch.Size([5])
    """

    n_params = 2

    def __init__(self, min_scale: float = 1e-3) -> None:
        super().__init__()

        check_at_least(0, min_scale=min_scale)

        self.min_scale = min_scale

    def forward(self, phi: Tensor) -> Normal:
        loc, s = phi.unbind(dim=-1)
        s = s.contiguous()  # softplus is ten times slower on strided tensors

        return Normal(loc, self.min_scale + softplus(s), validate_args=False)

    def raw_scale(self, scale: Tensor) -> Tensor:
        r"""Returns the raw parameter :math:`s` of a standard deviation, of any shape."""
        above = (scale - self.min_scale).clamp(min=RESOLUTION)
        return above + torch.log(-torch.expm1(-above))  # inverse of softplus


class FixedGaussian(Family):
    r"""Normal distributions with a fixed standard deviation.

    .. math:: \mathcal{N}(\mu, \sigma^2), \qquad \phi = \mu

    With :math:`\sigma^2 = 1/2`, the negative log-density is the squared error plus a constant.

    Arguments:
        scale: The standard deviation :math:`\sigma > 0`, in units of the scaled data.

    See Also:
        :class:`~autoencode.distributions.SharedGaussian`

    Example:
        >>> FixedGaussian(scale=0.1)(torch.zeros(3, 1)).stddev
        tensor([0.1000, 0.1000, 0.1000])
    """

    n_params = 1

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()

        check_above(0, scale=scale)

        self.scale = scale

    def forward(self, phi: Tensor) -> Homoscedastic:
        return Homoscedastic(phi.squeeze(dim=-1), phi.new_full((), self.scale))


class SharedGaussian(Family):
    r"""Normal distributions with one learned standard deviation for all elements.

    .. math:: \mathcal{N}(\mu, \sigma^2), \qquad \phi = \mu, \quad \sigma = 10^{-3} + e^{10 s}

    The scale converges to the root mean square of the residuals, which balances distortion and
    rate without a weight to tune. With the factor 10 it converges within a few hundred steps of
    an optimizer that moves each parameter by about its learning rate.

    With `optimal`, the training does not wait for convergence: each minibatch is scored under its
    own root mean square residual, the scale of highest likelihood,

    .. math:: \sigma^{*2} = \frac{1}{B D} \sum_{i=1}^B \| x_i - \mu_i \|^2,

    and the learned scale follows it, for use after the training. The loss of a row then depends on
    the other rows.

    References:
        | Simple and Effective VAE Training with Calibrated Decoders (Rybkin et al., 2021)
        | https://arxiv.org/abs/2006.13202

    Arguments:
        optimal: Whether the training scores each minibatch under its optimal scale.

    See Also:
        :func:`~autoencode.recipes.sigma_vae`,
        :class:`~autoencode.distributions.DiagonalGaussian`,
        :class:`~autoencode.distributions.FixedGaussian`

    Example:
        >>> SharedGaussian()(torch.zeros(3, 1)).stddev
        tensor([1.0010, 1.0010, 1.0010], grad_fn=<ExpandBackward0>)
    """

    n_params = 1

    def __init__(self, optimal: bool = False) -> None:
        super().__init__()

        self.optimal = optimal
        self.couples_examples = bool(optimal)
        self.log_scale = nn.Parameter(torch.zeros(()))

    def forward(self, phi: Tensor) -> Homoscedastic:
        scale = SMALLEST_SCALE + (10 * self.log_scale).exp()
        return Homoscedastic(phi.squeeze(dim=-1), scale, self.optimal and self.training)

    @torch.no_grad()
    def set_scale(self, scale: Tensor) -> None:
        r"""Sets :math:`\sigma` to a known value, with shape `()`."""
        self.log_scale.copy_((scale - SMALLEST_SCALE).clamp(min=1e-6).log() / 10)


class DiagonalGaussian(Family):
    r"""Normal distributions with one learned standard deviation per element.

    .. math:: \mathcal{N}(\mu_j, \sigma_j^2), \qquad \phi = \mu, \quad
        \sigma_j = \sigma_0 + e^{10 s_j}

    This is the noise model of factor analysis: the variance differs between columns, but not
    between examples. Where codes are over time, all steps share the scales
    (:class:`~autoencode.networks.TemporalConvolutional`). By default, the scale of a column that
    the code determines exactly approaches the resolution of single precision.

    References:
        | Maximum-likelihood estimation of factor analysis (Jöreskog, 1967)
        | https://doi.org/10.1007/BF02289658

    Arguments:
        min_scale: The smallest standard deviation :math:`\sigma_0 > 0`. It limits the loss of a
            new example that differs in a column that was constant in training.

    See Also:
        :class:`~autoencode.distributions.SharedGaussian`,
        :class:`~autoencode.distributions.Gaussian`

    Example:
        >>> family = DiagonalGaussian().build(None, (3,))
        >>> family.set_scale(torch.tensor([0.1, 1.0, 2.0]))
        >>> family(torch.zeros(5, 3, 1)).stddev[0]
        tensor([0.1000, 1.0000, 2.0000], grad_fn=<SelectBackward0>)
    """

    n_params = 1

    def __init__(self, min_scale: float = RESOLUTION) -> None:
        super().__init__()

        check_above(0, min_scale=min_scale)

        self.min_scale = min_scale
        self.log_scale = nn.Parameter(torch.zeros(()))

    def build(self, network: Network | None, event: Sequence[int]) -> "DiagonalGaussian":
        shared = network is not None and network.over_time
        self.log_scale = nn.Parameter(
            torch.zeros(event[0], 1, *event[2:]) if shared else torch.zeros(tuple(event))
        )
        return self

    def forward(self, phi: Tensor) -> Homoscedastic:
        scale = self.min_scale + (10 * self.log_scale).exp()
        return Homoscedastic(phi.squeeze(dim=-1), scale)

    @torch.no_grad()
    def set_scale(self, scale: Tensor) -> None:
        r"""Sets :math:`\sigma` to known values, with shape `event` or `()`."""
        self.log_scale.copy_((scale - self.min_scale).clamp(min=RESOLUTION).log() / 10)
