r"""Autoregressive flows."""

__all__ = ["InverseAutoregressiveFlow", "SplineFlow"]

from collections.abc import Sequence

import torch.nn as nn
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from ....common.checks.ranges import check_at_least
from ....networks import Network
from ...base import RESOLUTION, Family
from .masked import AutoregressiveStep, Elementwise, MaskedNetwork
from .splines import spline_class, spline_map
from .steps import Affine, FlowDistribution, check_vector

_INITIAL_GATE_LOGIT = 2.0  # a new step has gates of 0.88 and is close to the identity


class InverseAutoregressiveFlow(Family):
    r"""Normal distributions, transformed by autoregressive steps.

    .. math:: z_0 \sim \mathcal{N}(\mu, \mathrm{diag}(\sigma^2)), \qquad
        z_t = \sigma_t \odot z_{t-1} + (1 - \sigma_t) \odot m_t

    A masked network computes the gate :math:`\sigma_t` and the mean :math:`m_t` of a unit from the
    preceding units and a third output of the encoder. Each step reverses the order of the units. A
    sample and its density take one pass of each network; the density of any other code takes one
    pass for each unit. The rate is estimated from the sampled codes. `transform` returns the image
    of :math:`\mu`.

    References:
        | Improved Variational Inference with Inverse Autoregressive Flow (Kingma et al., 2016)
        | https://arxiv.org/abs/1606.04934

    Arguments:
        n_steps: The number of steps.
        layers: The widths of the hidden layers of each network.

    Raises:
        ValueError: If there is no step.

    See Also:
        :class:`~autoencode.distributions.PlanarFlow`,
        :class:`~autoencode.distributions.SplineFlow`

    Example:
        >>> import torch
        >>> family = InverseAutoregressiveFlow(n_steps=2).build(None, (3,))
        >>> q = family(torch.randn(5, 3, family.n_params))
        >>> q.log_prob(q.rsample()).shape
        torch.Size([5])
    """

    n_params = 3

    def __init__(self, n_steps: int = 2, layers: Sequence[int] = (64,)) -> None:
        super().__init__()

        check_at_least(1, n_steps=n_steps)

        self.n_steps = n_steps
        self.layers = layers
        self.networks = nn.ModuleList()

    def build(self, network: Network | None, event: Sequence[int]) -> "InverseAutoregressiveFlow":
        check_vector(self, event)
        self.networks = _networks(event[0], 2, self.layers, self.n_steps)
        return self

    def forward(self, phi: Tensor) -> FlowDistribution:
        loc, s, h = phi.unbind(dim=-1)
        gated = Elementwise(_gate, _undo_gate)
        steps = [AutoregressiveStep(network, h, gated) for network in self.networks]  # type: ignore

        return FlowDistribution(loc, [Affine(loc, _positive(s)), *steps])


class SplineFlow(Family):
    r"""Normal noise, transformed by monotonic splines, then scaled and shifted.

    .. math:: z = \mu + \sigma \odot f_T(\cdots f_1(e)), \qquad e \sim \mathcal{N}(0, I)

    Each :math:`f_t` is a rational-quadratic spline of each unit between -5 and 5. Its knots depend
    on the preceding units and on a third output of the encoder, as in
    :class:`~autoencode.distributions.InverseAutoregressiveFlow`; each step reverses the order.
    Splines can model distributions of any shape, such as several modes, with more weights. They
    need the package zuko: `pip install 'autoencode[flows]'`.

    References:
        | Neural Spline Flows (Durkan et al., 2019)
        | https://arxiv.org/abs/1906.04032

    Arguments:
        n_steps: The number of steps.
        n_bins: The number of bins of a spline.
        layers: The widths of the hidden layers of each network.

    Raises:
        ValueError: If an argument is out of its range, or zuko is missing.

    See Also:
        :class:`~autoencode.distributions.InverseAutoregressiveFlow`,
        :class:`~autoencode.distributions.Gaussian`

    Example:
        >>> import autoencode as ae
        >>> ae.vae(4, posterior=SplineFlow(n_bins=4)).posterior
        SplineFlow(n_bins=4)
    """

    n_params = 3

    def __init__(self, n_steps: int = 2, n_bins: int = 8, layers: Sequence[int] = (64,)) -> None:
        super().__init__()

        check_at_least(1, n_steps=n_steps)
        check_at_least(2, n_bins=n_bins)

        self.n_steps = n_steps
        self.n_bins = n_bins
        self.layers = layers
        self.networks = nn.ModuleList()

    def build(self, network: Network | None, event: Sequence[int]) -> "SplineFlow":
        spline_class(self)
        check_vector(self, event)
        self.networks = _networks(event[0], 3 * self.n_bins - 1, self.layers, self.n_steps)

        return self

    def forward(self, phi: Tensor) -> FlowDistribution:
        loc, s, h = phi.unbind(dim=-1)
        spline = spline_map(self, self.n_bins)
        steps = [AutoregressiveStep(network, h, spline) for network in self.networks]  # type: ignore

        return FlowDistribution(loc, [*steps, Affine(loc, _positive(s))])


def _networks(D: int, outputs: int, layers: Sequence[int], n: int) -> nn.ModuleList:
    networks = (MaskedNetwork(D, D, outputs, layers, flip=t % 2 == 1) for t in range(n))
    return nn.ModuleList(networks)


def _positive(s: Tensor) -> Tensor:
    return RESOLUTION + softplus(s.contiguous())


def _gate(e: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
    m, s = theta.unbind(dim=-1)
    gate = (s + _INITIAL_GATE_LOGIT).sigmoid()

    return gate * e + (1 - gate) * m, logsigmoid(s + _INITIAL_GATE_LOGIT)


def _undo_gate(z: Tensor, theta: Tensor) -> Tensor:
    m, s = theta.unbind(dim=-1)
    gate = (s + _INITIAL_GATE_LOGIT).sigmoid()

    return (z - (1 - gate) * m) / gate
