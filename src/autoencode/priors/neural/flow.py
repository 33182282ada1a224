r"""Flow as a prior."""

__all__ = ["FlowPrior"]

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution

from ...common.checks.ranges import check_at_least, check_choice
from ...distributions.codes.flows.masked import AutoregressiveStep, Elementwise, MaskedNetwork
from ...distributions.codes.flows.splines import spline_map
from ...distributions.codes.flows.steps import Affine, FlowDistribution, Inverse
from ..base import Prior
from ..fitted.codes import keep_first_dimension, place, points_of
from ..standard_normal import StandardNormal
from . import ascent

_STEEPEST = 6.9  # logarithm of the largest scale of a step
_KINDS = ("maf", "realnvp", "spline")


class FlowPrior(Prior):
    r"""Normal noise that invertible steps transform.

    .. math:: \log p(z) = \log \mathcal{N}(e) + \sum_t \log | \det J_t |, \qquad
        e = f_T(\cdots f_1(z))

    With `"maf"`, each step is :math:`e_j = (z_j - m_j) e^{-s_j}`, where :math:`m_j` and
    :math:`s_j` depend on the units before, by a masked network; each step reverses the order.
    Densities take one pass, and drawing codes one for each unit. With `"realnvp"`, the second half
    of the units depends on the first half, so that both take two passes at most. With
    `"spline"`, each unit is transformed by a monotonic spline in place of the affine map, which
    needs the package zuko: `pip install 'autoencode[flows]'`.

    The flow is the unit Gaussian at first. By default it is fitted to the codes after the
    training, and is kept if held-out codes are more probable than under the unit Gaussian by two
    standard errors. With `joint=True` it is learned with the model.

    References:
        | Masked Autoregressive Flow for Density Estimation (Papamakarios et al., 2017)
        | https://arxiv.org/abs/1705.07057

        | Density Estimation using Real NVP (Dinh et al., 2017)
        | https://arxiv.org/abs/1605.08803

        | Neural Spline Flows (Durkan et al., 2019)
        | https://arxiv.org/abs/1906.04032

        | Variational Lossy Autoencoder (Chen et al., 2017), for flows as priors
        | https://arxiv.org/abs/1611.02731

    Arguments:
        kind: The kind of the steps.
        n_steps: The number of steps.
        n_bins: The number of bins of a spline.
        layers: The widths of the hidden layers of each network.
        joint: Whether the flow is learned with the model, by its objective, and not after it.
        conditional: Whether the flow depends on the condition, as :math:`p(z \mid c)`.

    Raises:
        ValueError: If an argument is out of its range, or zuko is missing.

    See Also:
        :class:`~autoencode.priors.Mixture`, :class:`~autoencode.priors.KernelDensity`,
        :class:`~autoencode.distributions.SplineFlow`

    Example:
        >>> prior = FlowPrior(n_steps=2, layers=(16,)).build(2)
        >>> prior().stddev  # until it is fitted
        tensor([1., 1.])
    """

    loc: Tensor
    log_scale: Tensor

    def __init__(
        self,
        kind: Literal["maf", "realnvp", "spline"] = "maf",
        n_steps: int = 4,
        n_bins: int = 8,
        layers: Sequence[int] = (64,),
        joint: bool = False,
        conditional: bool = False,
    ) -> None:
        super().__init__()

        check_choice(_KINDS, kind=kind)
        check_at_least(1, n_steps=n_steps)
        check_at_least(2, n_bins=n_bins)

        self.kind = kind
        self.n_steps = n_steps
        self.n_bins = n_bins
        self.layers = layers
        self.joint = joint
        self.conditional = conditional
        self.fits = not joint
        self.context = 0

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        self.context = context if self.conditional else 0

    def build(self, latent_dim: int) -> "FlowPrior":
        spline = self.kind == "spline"
        self.map = spline_map(self, self.n_bins) if spline else Elementwise(_scaled, _unscaled)
        outputs = 3 * self.n_bins - 1 if spline else 2
        passes = 2 if self.kind == "realnvp" else None
        given = latent_dim, self.context, outputs, self.layers
        networks = [MaskedNetwork(*given, t % 2 == 1, passes) for t in range(self.n_steps)]

        for network in networks:  # the first flow is the identity
            last: Any = network.linear[-1]
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

        self.networks = nn.ModuleList(networks).requires_grad_(self.joint)
        self.unit = StandardNormal().build(latent_dim)
        rows = int(self.joint)

        for name in ("loc", "log_scale"):
            zero = torch.zeros(rows, latent_dim)

            if self.joint:
                setattr(self, name, nn.Parameter(zero))
            else:
                self.register_buffer(name, zero)  # without rows until it is fitted

        if not self.joint:
            keep_first_dimension(self, "loc", "log_scale")

        return self

    def forward(self, c: Tensor | None = None) -> Distribution:
        return self._flow(c) if len(self.loc) else self.unit()

    def _flow(self, c: Tensor | None) -> FlowDistribution:
        loc, scale = self.loc[0], self.log_scale[0].exp()
        rows = () if c is None or not self.conditional else c.shape[:-1]
        like, h = loc.expand(*rows, -1), loc[:0] if c is None or not self.conditional else c
        steps = [Inverse(AutoregressiveStep(net, h, self.map)) for net in self.networks]  # type: ignore[arg-type]

        return FlowDistribution(like, [*steps[::-1], Affine(loc, scale)])

    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        if self.joint:
            return

        z, points = points_of(codes().to(self.loc))
        c = None if contexts is None else contexts.to(z)
        before = {name: tensor.clone() for name, tensor in self.state_dict().items()}
        loc, scale = place(z)
        self.loc, self.log_scale = loc[None], scale.log()[None]
        unit = None if points else lambda z, c: self.unit().log_prob(z)

        if not ascent.fit(self.networks, lambda z, c: self._flow(c).log_prob(z), unit, z, c):
            self.load_state_dict(before)


def _scaled(z: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
    m, s = theta[..., 0], _bounded(theta[..., 1])
    return (z - m) * (-s).exp(), -s


def _unscaled(e: Tensor, theta: Tensor) -> Tensor:
    return theta[..., 0] + e * _bounded(theta[..., 1]).exp()


def _bounded(s: Tensor) -> Tensor:
    return s / (1 + s.abs() / _STEEPEST)
