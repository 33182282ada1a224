r"""Fully connected networks."""

__all__ = ["MLP", "FullyConnected"]

import math
from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral

import torch
import torch.nn as nn
from torch import Tensor

from .base import Network


class MLP(nn.Module):
    r"""Multi-layer perceptron with GELU activations, from one shape to another.

    .. math:: h_{i+1} = \mathrm{GELU}(W_i h_i + b_i), \qquad y = W_L h_L + b_L

    Arguments:
        in_shape: The shape of one input.
        out_shape: The shape of one output.
        layers: The widths of the hidden layers. Without any, the network is an affine map.
        context: The number of features of the context, which are further inputs.
        skip: Whether an affine skip connection is added.

    Example:
        >>> MLP((1, 8, 8), (3,), (32, 16))(torch.rand(5, 1, 8, 8)).shape
        torch.Size([5, 3])
    """

    def __init__(
        self,
        in_shape: Sequence[int],
        out_shape: Sequence[int],
        layers: Sequence[int] = (),
        context: int = 0,
        skip: bool = False,
    ) -> None:
        super().__init__()

        self.out_shape = tuple(out_shape)

        widths = (math.prod(in_shape) + context, *layers, math.prod(out_shape))
        modules: list[nn.Module] = []

        for before, after in pairwise(widths):
            modules += [nn.Linear(before, after), nn.GELU()]

        self.layers = nn.Sequential(*modules[:-1])
        self.skip = nn.Linear(widths[0], widths[-1]) if skip else None

    @property
    def output_layer(self) -> nn.Module:
        r"""The layer to whose output the skip connection is added."""
        return self.layers[-1]

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = x.flatten(start_dim=1)
        x = x if c is None else torch.cat([x, c], dim=-1)

        y = self.layers(x)

        if self.skip is not None:
            # bfloat16 has too few digits for an affine map that may explain the data exactly
            with torch.autocast(x.device.type, enabled=False):
                y = y + self.skip(x)

        return y.unflatten(1, self.out_shape)


class FullyConnected(Network):
    r"""Fully connected encoder, and a decoder with the same widths in reverse.

    Arguments:
        layers: The widths of the encoder's hidden layers. With `()`, encoder and decoder are
            affine, as in principal component analysis.
        skip: Whether affine skip connections are added to encoder and decoder. Under a Gaussian
            likelihood, training then starts at the best linear model. This helps with few or
            high-dimensional examples and with large codes.

    References:
        | Reducing the Dimensionality of Data with Neural Networks (Hinton & Salakhutdinov, 2006)
        | https://doi.org/10.1126/science.1127647

    See Also:
        :class:`~autoencode.networks.Convolutional`, :class:`~autoencode.networks.Incomplete`

    Example:
        >>> FullyConnected((1000, 500, 250)).decoder(30, (1, 28, 28))(torch.randn(2, 30)).shape
        torch.Size([2, 1, 28, 28])
    """

    def __init__(self, layers: Sequence[int] = (256, 256), skip: bool = False) -> None:
        self.layers = layers
        self.skip = skip

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> MLP:
        return MLP(shape, (features,), self._widths(), context, self.skip)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> MLP:
        return MLP((features,), shape, self._widths()[::-1], context, self.skip)

    def _widths(self) -> tuple[int, ...]:
        widths = (self.layers,) if isinstance(self.layers, int) else tuple(self.layers)

        if not all(isinstance(w, Integral) and w > 0 for w in widths):
            raise ValueError(f"expected layers as widths > 0, such as (512, 256), got {widths}.")

        return widths
