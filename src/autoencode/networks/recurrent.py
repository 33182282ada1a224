r"""Recurrent networks, for rows of symbols of different lengths."""

__all__ = ["Recurrent"]

from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor

from .base import Network
from .gru import GRU
from .mlp import MLP
from .tokens import Logits, Reader, alphabet, direction, lively


class Recurrent(Network):
    r"""Two recurrent networks that read a sequence from both sides, and one that writes it.

    .. math:: f = \mathrm{MLP} \Big( \max_t \big[ \overrightarrow{\mathrm{GRU}}(x_{1:T})_t,
        \overleftarrow{\mathrm{GRU}}(x_{1:T})_t \big] \Big), \qquad
        h_t = \mathrm{GRU}(x_{t-1} \mid A \phi, h_{t-1}), \quad h_0 = \tanh(B \phi)

    The last symbol of the alphabet ends a sequence, and fills its row up; what comes after the
    first end is never seen. The largest states, rather than the last ones, keep the codes of
    different sequences apart from the start, which keeps the posterior from collapsing.

    References:
        | Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
          Translation (Cho et al., 2014)
        | https://arxiv.org/abs/1406.1078

        | Preventing Posterior Collapse in Sequence VAEs with Pooling (Long et al., 2019)
        | https://arxiv.org/abs/1911.03976

    Arguments:
        width: The size of the states; each side of the encoder has half of it.
        symbols: The size of the alphabet, with the end; by default that of the data.

    Example:
        >>> network = Recurrent(width=16, symbols=256)
        >>> network.encoder((9,), 3)(torch.randint(256, (5, 9))).shape
        torch.Size([5, 3])
        >>> phi = network.decoder(3, (32,))(torch.randn(5, 3))
        >>> logits, memory = network.writer(32)(torch.randint(256, (5, 9)), phi)
        >>> logits.shape
        torch.Size([5, 9, 256])
    """

    learning_rate = 5e-3  # they bear larger steps than others, and need fewer then

    def __init__(self, width: int = 128, symbols: int | None = None) -> None:
        self.width = width
        self.symbols = symbols

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        symbols, half = alphabet(self, shape), max(1, self.width // 2)
        return Reader(_BothWays(symbols, half), 2 * half, symbols, features, context)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        return lively(MLP((features,), shape, (self.width,), context))

    def writer(self, features: int) -> nn.Module:
        return _Writer(alphabet(self), self.width, features)


class _BothWays(nn.Module):
    r"""From symbols with shape `(N, T)` to states with shape `(N, T, 2 * width)`."""

    def __init__(self, symbols: int, width: int) -> None:
        super().__init__()

        self.forwards = GRU(symbols, width)
        self.backwards = GRU(symbols, width)

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        t, n = torch.arange(x.shape[1], device=x.device), inside.sum(dim=-1, keepdim=True)

        # Turned round within its own length, so that neither direction begins with the filling
        turned = x.gather(1, torch.where(inside, n - 1 - t, t))

        return torch.cat([self.forwards(x), self.backwards(turned)], dim=-1)


class _Writer(nn.Module):
    r"""Goes on from symbols by a state, which the code begins and shifts at each step."""

    def __init__(self, symbols: int, width: int, features: int) -> None:
        super().__init__()

        self.begin = nn.Linear(features, width)
        self.shift = nn.Linear(features, 3 * width)
        self.recurrence = GRU(symbols + 1, width)
        self.head = Logits(width, symbols)

        for layer in (self.begin, self.shift):
            nn.init.normal_(layer.weight, std=features**-0.5)

    def forward(
        self, x: Tensor, phi: Tensor, memory: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        phi = direction(phi)
        h = self.begin(phi).tanh() if memory is None else memory
        states = self.recurrence(x, self.shift(phi), h)

        return self.head(states), states[:, -1]
