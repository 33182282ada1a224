r"""Layers shared by the networks for token sequences."""

__all__ = [
    "Logits",
    "SequenceEncoder",
    "init_variance_preserving_",
    "is_series",
    "normalized_direction",
    "vocab_size_of",
]

from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor

from .base import Network
from .exporting import is_exporting
from .mlp import MLP
from .padding import by_length, lengths


class Logits(nn.Linear):
    r"""Output layer for token logits, :math:`W h + 10 b`.

    An optimizer such as Adam moves every parameter by about the learning rate in each step. With
    the factor 10, tokens that never occur, such as most of the 256 bytes, become improbable within
    tens of steps.

    Arguments:
        width: The size of the state :math:`h`.
        vocab_size: The vocabulary size.

    Example:
        >>> Logits(8, 256)(torch.randn(5, 8)).shape
        torch.Size([5, 256])
    """

    def __init__(self, width: int, vocab_size: int) -> None:
        super().__init__(width, vocab_size)

        nn.init.zeros_(self.bias)

    def forward(self, h: Tensor) -> Tensor:
        return nn.functional.linear(h, self.weight, 10 * self.bias)


class SequenceEncoder(nn.Module):
    r"""Sequence encoder: a recurrent or attention network, a maximum over time and an MLP.

    .. math:: f = \mathrm{MLP} \Big( \max_{t \leq T} h_t(x_{1:T}) \Big)

    Arguments:
        body: Maps tokens, and whether each is part of its sequence, both with shape `(N, T)`,
            to states with shape `(N, T, width)`.
        width: The size of the states.
        vocab_size: The vocabulary size. The last token ends a sequence.
        features: The number of outputs.
        context: The number of features of the context.

    Example:
        >>> body = lambda x, inside: nn.functional.one_hot(x, 3).float()
        >>> encoder = SequenceEncoder(body, width=3, vocab_size=3, features=2)
        >>> encoder(torch.tensor([[0, 1, 2, 2]])).shape
        torch.Size([1, 2])
    """

    def __init__(
        self, body: nn.Module, width: int, vocab_size: int, features: int, context: int = 0
    ) -> None:
        super().__init__()

        self.body = body
        self.end = vocab_size - 1
        self.head = init_variance_preserving_(MLP((width,), (features,), (width,), context))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = x.long()
        n = lengths(x, self.end)
        rows, pooled = [], []

        every = [(torch.arange(x.shape[0], device=x.device), x.shape[1])]

        for group, longest in every if is_exporting() else by_length(n):
            inside = torch.arange(longest, device=x.device) < n[group, None]
            h = self.body(x[group, :longest], inside)

            rows.append(group)
            pooled.append(h.masked_fill(~inside[..., None], -torch.inf).amax(dim=1))

        return self.head(torch.cat(pooled)[torch.cat(rows).argsort()], c)


def vocab_size_of(network: Network, shape: Sequence[int] = (1,)) -> int:
    r"""Vocabulary size of a network for token sequences.

    Arguments:
        network: The architecture.
        shape: The shape of one example.

    Raises:
        ValueError: If the network has no vocabulary, or examples are not token sequences.

    Example:
        >>> from autoencode.networks import Recurrent
        >>> vocab_size_of(Recurrent(vocab_size=256), (9,))
        256
    """
    if len(shape) != 1 or not network.vocab_size or network.vocab_size < 2:
        raise ValueError(
            "expected series of numbers, with shape (C, T), or rows of tokens, with shape (L,),"
            f" from a vocabulary of at least two, got {tuple(shape)} and {network}. Use"
            " FullyConnected() for tables and Convolutional() for images."
        )

    if getattr(network, "skip", False):
        raise ValueError(f"tokens have no affine skip connection, got {network}. Leave it out.")

    return network.vocab_size


def is_series(network: Network, shape: Sequence[int]) -> bool:
    r"""Tell whether examples are series of numbers, with shape `(C, T)`, and not tokens.

    Arguments:
        network: The architecture.
        shape: The shape of one example.

    Raises:
        ValueError: If the network has a vocabulary, which numbers do not have.
    """
    if len(shape) == 2 and network.vocab_size:
        raise ValueError(f"series of numbers have no vocabulary, got {network}. Leave it out.")

    return len(shape) == 2


def normalized_direction(phi: Tensor) -> Tensor:
    r"""Decoder outputs, normalized to mean 0 and standard deviation 0.1 over their features.

    Codes without a prior grow during training and would saturate the gates that they shift. The
    standard deviation is small because the shift sums hundreds of features: an optimizer that
    moves each weight by its learning rate moves that sum hundreds of times as far.

    Arguments:
        phi: The outputs of the decoder, with shape `(N, features)`.

    Example:
        >>> normalized_direction(torch.tensor([[1.0, 3.0]])).round(decimals=2)
        tensor([[-0.1000,  0.1000]])
    """
    return 0.1 * nn.functional.layer_norm(phi, phi.shape[-1:])


def init_variance_preserving_(mlp: MLP) -> MLP:
    r"""Initializes an MLP in place so that its outputs vary as much as its inputs.

    With torch's default initialization each layer halves the differences between codes. A decoder
    that also sees the preceding tokens would then learn to ignore the code.

    Arguments:
        mlp: The network.

    Example:
        >>> mlp = init_variance_preserving_(MLP((64,), (64,), (64,)))
        >>> 0.5 < mlp(torch.randn(100, 64)).std() < 2
        tensor(True)
    """
    for layer in mlp.layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    return mlp
