r"""Networks of your own: plain modules of torch, functions that make them, and a `Network`."""

import math
from collections.abc import Sequence

from torch import Tensor, cat, nn

from autoencode.networks import Network


def encoder(shape: tuple[int, ...], features: int) -> nn.Module:
    r"""Makes an encoder, so that a model can be stored: see `Modules`."""
    n = math.prod(shape)
    return nn.Sequential(nn.Flatten(), nn.Linear(n, 32), nn.ReLU(), nn.Linear(32, features))


def decoder(features: int, shape: tuple[int, ...]) -> nn.Module:
    r"""Makes a decoder; the outputs for each raw parameter come one after the other."""
    return nn.Sequential(nn.Linear(features, 32), nn.ReLU(), nn.Linear(32, math.prod(shape)))


class Layered(nn.Module):
    r"""Multilayer perceptron with the input beside each hidden layer."""

    def __init__(self, n_inputs: int, out_shape: tuple[int, ...], width: int) -> None:
        super().__init__()

        self.first = nn.Linear(n_inputs, width)
        self.last = nn.Linear(width + n_inputs, math.prod(out_shape))
        self.out_shape = out_shape

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = x.flatten(start_dim=1) if c is None else cat([x.flatten(start_dim=1), c], dim=1)
        h = cat([self.first(x).relu(), x], dim=1)
        return self.last(h).unflatten(1, self.out_shape)


class Concatenated(Network):
    r"""Network whose layers see the input, too.

    Arguments:
        width: The number of hidden units.
    """

    def __init__(self, width: int = 64) -> None:
        self.width = width

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        return Layered(math.prod(shape) + context, (features,), self.width)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        return Layered(features + context, tuple(shape), self.width)
