r"""Layers that recurrent networks and transformers share for series of numbers."""

__all__ = ["StepDecoder", "StepEncoder", "positional_encoding"]

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor

from .convolutional import add_skip, join
from .mlp import MLP

_N_POOLS = 4


class StepEncoder(nn.Module):
    r"""Encoder of series: states of all steps, weighted means over time, and an MLP.

    .. math:: f = \mathrm{MLP} \Big( \Big[ \sum_t a_{kt} h_t \Big]_{k = 1}^4 \Big) + A x, \qquad
        a_k = \mathrm{softmax}_t \big( w_k^\top h_t \big)

    Arguments:
        body: Maps steps with shape `(N, T, width)` to states with the same shape.
        width: The size of the states.
        shape: The shape of one example, `(C, T)`.
        features: The number of outputs.
        context: The number of features of the context.
        skip: Whether the affine skip connection :math:`A x` is added.

    Example:
        >>> StepEncoder(nn.Identity(), 8, (2, 50), features=3)(torch.rand(5, 2, 50)).shape
        torch.Size([5, 3])
    """

    def __init__(
        self,
        body: nn.Module,
        width: int,
        shape: Sequence[int],
        features: int,
        context: int = 0,
        skip: bool = False,
    ) -> None:
        super().__init__()

        self.lift = nn.Linear(shape[0], width)
        self.body = body
        self.weights = nn.Linear(width, _N_POOLS)
        self.head = MLP((_N_POOLS * width,), (features,), (width,), context)
        self.skip = nn.Linear(math.prod(shape) + context, features) if skip else None

    @property
    def output_layer(self) -> nn.Module:
        r"""The layer to whose output the skip connection is added."""
        return self.head.output_layer

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        h = self.lift(x.mT)
        h = self.body(h + positional_encoding(h))
        a = self.weights(h).softmax(dim=1)

        return add_skip(self.head(a.mT @ h, c), self.skip, join(x.flatten(start_dim=1), c))


class StepDecoder(nn.Module):
    r"""Decoder of series, which computes all steps from the features and their positions.

    .. math:: y_t = W h_t + (A z)_t, \qquad h = \mathrm{body}(B z + p_t)

    where :math:`p_t` is a sinusoidal encoding of the position.

    Arguments:
        body: Maps steps with shape `(N, T, width)` to states with the same shape.
        width: The size of the states.
        features: The number of inputs.
        shape: The shape of one output, `(C, T)`.
        context: The number of features of the context.
        skip: Whether the affine skip connection :math:`A z` is added.

    Example:
        >>> StepDecoder(nn.Identity(), 8, 3, (2, 50))(torch.rand(5, 3)).shape
        torch.Size([5, 2, 50])
    """

    def __init__(
        self,
        body: nn.Module,
        width: int,
        features: int,
        shape: Sequence[int],
        context: int = 0,
        skip: bool = False,
    ) -> None:
        super().__init__()

        self.n_steps = shape[1]
        self.lift = nn.Linear(features + context, width)
        self.body = body
        self.output_layer = nn.Linear(width, shape[0])
        self.skip = nn.Linear(features + context, math.prod(shape)) if skip else None

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        z = join(z, c)
        h = self.lift(z)[:, None].expand(-1, self.n_steps, -1)
        h = self.body(h + positional_encoding(h))

        return add_skip(self.output_layer(h).mT, self.skip, z)


def positional_encoding(h: Tensor, first: int = 0) -> Tensor:
    r"""Sines and cosines of positions.

    .. math:: \sin(t \, 10^{-8 i / d}), \quad \cos(t \, 10^{-8 i / d}), \qquad i < d / 2

    Arguments:
        h: The states, with shape `(N, T, d)` and `d` even.
        first: The position of the first step.

    Returns:
        The encodings, with shape `(T, d)`.

    Example:
        >>> positional_encoding(torch.zeros(1, 2, 4))
        tensor([[0.0000, 0.0000, 1.0000, 1.0000],
                [0.8415, 0.0100, 0.5403, 0.9999]])
    """
    T, width = h.shape[1:]
    t = torch.arange(first, first + T, dtype=h.dtype, device=h.device)
    i = torch.arange(width // 2, dtype=h.dtype, device=h.device)
    angles = t[:, None] * torch.exp(-math.log(10_000) * 2 * i / width)

    return torch.cat([angles.sin(), angles.cos()], dim=-1)
