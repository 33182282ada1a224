r"""Autoregressive steps: the map of each unit depends on the preceding units."""

__all__ = ["AutoregressiveStep", "Elementwise", "MaskedNetwork"]

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn import functional as F


class MaskedNetwork(nn.Module):
    r"""Fully connected network whose output for a unit depends on the preceding units.

    References:
        | MADE: Masked Autoencoder for Distribution Estimation (Germain et al., 2015)
        | https://arxiv.org/abs/1502.03509

    Arguments:
        D: The number of units.
        context: The number of further inputs; all outputs depend on them.
        outputs: The number of outputs for each unit.
        layers: The widths of the hidden layers.
        flip: Whether the order of the units is reversed.
        passes: The number of groups that the units form, in order. An output depends on the
            groups before that of its unit; by default each unit is a group.

    Example:
        >>> network = MaskedNetwork(3, 2, 1, (8,))
        >>> x, h = torch.zeros(3), torch.zeros(2)
        >>> J = torch.autograd.functional.jacobian(lambda x: network(x, h)[:, 0], x)
        >>> bool((J.triu() == 0).all())
        True
    """

    def __init__(
        self,
        D: int,
        context: int,
        outputs: int,
        layers: Sequence[int],
        flip: bool = False,
        passes: int | None = None,
    ) -> None:
        super().__init__()

        G = D if passes is None else min(D, passes)
        place = [1 + j * G // D for j in range(D)][:: -1 if flip else 1]
        order = torch.tensor(place)
        last = torch.cat([order, torch.zeros(context, dtype=torch.long)])
        self.n_outputs = outputs
        self.groups = [[j for j in range(D) if place[j] == g] for g in range(1, G + 1)]
        self.linear = nn.ModuleList()
        lowest = 0 if context else 1  # without a context, the first group has constant outputs

        for width in layers:
            degree = lowest + torch.arange(width) % max(1, G - lowest)
            self.linear.append(_MaskedLinear(degree[:, None] >= last))
            last = degree

        self.linear.append(_MaskedLinear((order[:, None] > last).repeat_interleave(outputs, 0)))

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        r"""
        Arguments:
            x: The units, with shape `(*, D)`.
            h: The context, with shape `(*, context)`.

        Returns:
            The outputs, with shape `(*, D, outputs)`.
        """
        y = torch.cat([x, h.expand(*x.shape[:-1], -1)], dim=-1)

        for i, layer in enumerate(self.linear):
            y = layer(F.silu(y) if i else y)

        return y.unflatten(-1, (-1, self.n_outputs))


class _MaskedLinear(nn.Linear):
    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.mask, self.bias)


class Elementwise(NamedTuple):
    r"""Invertible map of numbers, with parameters of shape `(*, P)`."""

    forward: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    r"""Returns the images of numbers, and the logarithms of the derivatives."""

    inverse: Callable[[Tensor, Tensor], Tensor]
    r"""Returns the numbers that have the given images."""


class AutoregressiveStep(NamedTuple):
    r"""Step :math:`z_j = f(e_j; \theta_j)`, where :math:`\theta_j` depends on preceding units.

    The forward direction takes one pass of the network. The inverse takes one for each unit, or
    for each group of units that the network has. With two groups, it is a coupling step.

    References:
        | Improved Variational Inference with Inverse Autoregressive Flow (Kingma et al., 2016)
        | https://arxiv.org/abs/1606.04934

        | Density Estimation using Real NVP (Dinh et al., 2017), for coupling steps
        | https://arxiv.org/abs/1605.08803
    """

    network: MaskedNetwork
    r"""The network of :math:`\theta`."""

    context: Tensor
    r"""The further inputs of the network, with shape `(*, context)`."""

    map: Elementwise
    r"""The map :math:`f`."""

    def forward(self, e: Tensor) -> tuple[Tensor, Tensor]:
        z, log_slope = self.map.forward(e, self.network(e, self.context))
        return z, log_slope.sum(dim=-1)

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        columns = [torch.zeros_like(column) for column in z.unbind(dim=-1)]

        for group in self.network.groups:
            theta = self.network(torch.stack(columns, dim=-1), self.context)

            for j in group:
                columns[j] = self.map.inverse(z[..., j], theta[..., j, :])

        e = torch.stack(columns, dim=-1)
        return e, self.forward(e)[1]
