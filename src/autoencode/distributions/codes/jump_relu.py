r"""Sparse codes with learned thresholds."""

__all__ = ["JumpReLU", "SparsePoint"]

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Size, Tensor
from torch.distributions import Distribution

from ...common.checks.ranges import check_above
from ...networks import Network
from ..base import Family
from ..dirac import PointMass


class SparsePoint(PointMass):
    r"""Point mass with indicators of its active units.

    Arguments:
        loc: The point, with shape `(*)`.
        active: One for active units, else zero, with shape `(*)` and a gradient to thresholds.

    See Also:
        :class:`~autoencode.distributions.PointMass`

    Example:
        >>> SparsePoint(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0])).active.sum()
        tensor(1.)
    """

    def __init__(self, loc: Tensor, active: Tensor) -> None:
        super().__init__(loc)

        self.active = active

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "SparsePoint":
        return SparsePoint(self.loc.expand(batch_shape), self.active.expand(batch_shape))


class JumpReLU(Family):
    r"""Point masses at codes whose units are zero up to a learned threshold.

    .. math:: z_j = \phi_j \, [\phi_j > \theta_j]

    A step has no useful derivative. The thresholds are learned with a replacement: the derivative
    with respect to :math:`\theta_j` is that of a ramp of width :math:`\varepsilon` at the
    threshold. Train it with :class:`~autoencode.objectives.Sparse` and `penalty="l0"`.

    References:
        | Jumping Ahead: Improving Reconstruction Fidelity with JumpReLU Sparse Autoencoders
          (Rajamanoharan et al., 2024), equations 8 to 12
        | https://arxiv.org/abs/2407.14435

    Arguments:
        threshold: The initial threshold :math:`\theta_j > 0`.
        bandwidth: The width :math:`\varepsilon > 0` of the ramp.

    Raises:
        ValueError: If an argument is not positive.

    See Also:
        :class:`~autoencode.distributions.BatchTopK`, :class:`~autoencode.distributions.TopK`

    Example:
        >>> family = JumpReLU(threshold=1.0).build(None, (3,))
        >>> family(torch.tensor([[[0.5], [2.0], [0.1]]])).mean.detach()
        tensor([[0., 2., 0.]])
    """

    n_params = 1
    has_density = False

    log_threshold: nn.Parameter

    def __init__(self, threshold: float = 0.1, bandwidth: float = 0.1) -> None:
        super().__init__()

        check_above(0, threshold=threshold, bandwidth=bandwidth)

        self.threshold = threshold
        self.bandwidth = bandwidth
        self.log_threshold = nn.Parameter(torch.full((1,), math.log(threshold)))

    def build(self, network: Network | None, event: Sequence[int]) -> "JumpReLU":
        self.log_threshold = nn.Parameter(torch.full(tuple(event), math.log(self.threshold)))
        return self

    def forward(self, phi: Tensor) -> SparsePoint:
        a, threshold = phi.squeeze(dim=-1), self.log_threshold.exp()
        step = (a > threshold).to(a)
        ramp = ((a.detach() - threshold) / self.bandwidth + 0.5).clamp(0, 1)
        slope = ramp - ramp.detach()  # zero, with the derivative of the ramp

        return SparsePoint(a * step + threshold.detach() * slope, step + slope)
