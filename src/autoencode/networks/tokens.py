r"""What networks over rows of symbols have in common."""

__all__ = ["Logits", "Reader", "alphabet", "direction", "lively"]

from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor

from ..common.padding import by_length, lengths
from .base import Network
from .mlp import MLP


class Logits(nn.Linear):
    r"""Logits of symbols, :math:`W h + 10 b`.

    The factor lets an optimizer that moves every number by its learning rate make symbols that
    never occur improbable in tens of steps: most of 256 bytes, or a part of some thousand
    subwords.

    Arguments:
        width: The size of the state :math:`h`.
        symbols: The size of the alphabet.

    Example:
        >>> Logits(8, 256)(torch.randn(5, 8)).shape
        torch.Size([5, 256])
    """

    def __init__(self, width: int, symbols: int) -> None:
        super().__init__(width, symbols)

        nn.init.zeros_(self.bias)

    def forward(self, h: Tensor) -> Tensor:
        return nn.functional.linear(h, self.weight, 10 * self.bias)


class Reader(nn.Module):
    r"""Encoder of sequences: the largest states of a network over each, and a perceptron.

    .. math:: f = \mathrm{MLP} \Big( \max_{t \leq T} h_t(x_{1:T}) \Big)

    Arguments:
        body: Codec symbols, and whether each is part of its sequence, both with shape `(N, T)`,
            to states with shape `(N, T, width)`.
        width: The size of the states.
        symbols: The size of the alphabet, whose last symbol ends a sequence.
        features: The number of outputs.
        context: The number of features of the context.

    Example:
        >>> body = lambda x, inside: nn.functional.one_hot(x, 3).float()
        >>> Reader(body, width=3, symbols=3, features=2)(torch.tensor([[0, 1, 2, 2]])).shape
        torch.Size([1, 2])
    """

    def __init__(
        self, body: nn.Module, width: int, symbols: int, features: int, context: int = 0
    ) -> None:
        super().__init__()

        self.body = body
        self.end = symbols - 1
        self.head = lively(MLP((width,), (features,), (width,), context))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = x.long()
        n = lengths(x, self.end)
        rows, pooled = [], []

        for group, longest in by_length(n):
            inside = torch.arange(longest, device=x.device) < n[group, None]
            h = self.body(x[group, :longest], inside)

            rows.append(group)
            pooled.append(h.masked_fill(~inside[..., None], -torch.inf).amax(dim=1))

        return self.head(torch.cat(pooled)[torch.cat(rows).argsort()], c)


def alphabet(network: Network, shape: Sequence[int] = (1,)) -> int:
    r"""The size of the alphabet of an architecture that reads symbols.

    Arguments:
        network: The architecture.
        shape: The shape of its examples.

    Raises:
        ValueError: If it has none, or examples are no rows of symbols.

    Example:
        >>> from autoencode.networks import Recurrent
        >>> alphabet(Recurrent(symbols=256), (9,))
        256
    """
    if len(shape) != 1 or not network.symbols or network.symbols < 2:
        raise ValueError(
            "expected rows of symbols, with shape (L,), out of an alphabet of two or more, got"
            f" {tuple(shape)} and {network}."
        )

    return network.symbols


def direction(phi: Tensor) -> Tensor:
    r"""What the decoder has made, with mean zero and standard deviation 0.1 over its features.

    Codes that no prior holds back grow, and would saturate the writer that they shift. The
    deviation is small since an optimizer that moves each weight by its learning rate moves what
    hundreds of features add up to by hundreds of times as much.

    Arguments:
        phi: The features, with shape `(N, features)`.

    Example:
        >>> direction(torch.tensor([[1.0, 3.0]])).round(decimals=2)
        tensor([[-0.1000,  0.1000]])
    """
    return 0.1 * nn.functional.layer_norm(phi, phi.shape[-1:])


def lively(mlp: MLP) -> MLP:
    r"""Returns a perceptron, in place, whose outputs vary as much as its inputs.

    With the usual weights, each layer halves what differs between texts, and a decoder that
    goes on from other symbols learns to do without the code before it hears of it.

    Arguments:
        mlp: The perceptron.

    Example:
        >>> mlp = lively(MLP((64,), (64,), (64,)))
        >>> 0.5 < mlp(torch.randn(100, 64)).std() < 2
        tensor(True)
    """
    for layer in mlp.layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    return mlp
