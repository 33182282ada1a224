r"""Recurrent networks, for rows of symbols of different lengths."""

__all__ = ["Recurrent"]

from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor

from ..padding import by_length, lengths
from ..recurrence import GRU
from .base import Network
from .perceptron import MLP


class Recurrent(Network):
    r"""Two recurrent networks that read a sequence from both sides, and their largest states.

    .. math:: f = \mathrm{MLP} \Big( \max_t \big[ \overrightarrow{\mathrm{GRU}}(e(x_{1:T}))_t,
        \overleftarrow{\mathrm{GRU}}(e(x_{1:T}))_t \big] \Big)

    The last symbol of the alphabet ends a sequence, and fills its row up; what comes after the
    first end is never seen. The largest states, rather than the last ones, keep the codes of
    different sequences apart from the start, which keeps the posterior from collapsing.

    The decoder is a perceptron: it is for the families of sequences, which go on from its
    outputs symbol by symbol.

    References:
        | Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
          Translation (Cho et al., 2014)
        | https://arxiv.org/abs/1406.1078

        | Preventing Posterior Collapse in Sequence VAEs with Pooling (Long et al., 2019)
        | https://arxiv.org/abs/1911.03976

    Arguments:
        width: The size of the states.
        symbols: The size of the alphabet, with the end.

    Example:
        >>> network = Recurrent(width=16)
        >>> network.encoder((9,), 3)(torch.randint(256, (5, 9))).shape
        torch.Size([5, 3])
        >>> network.decoder(3, (256,))(torch.randn(5, 3)).shape
        torch.Size([5, 256])
    """

    def __init__(self, width: int = 128, symbols: int = 256) -> None:
        self.width = width
        self.symbols = symbols

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        if len(shape) != 1 or not (self.width >= 1 and self.symbols >= 2):
            raise ValueError(
                "Recurrent() needs rows of symbols, with shape (L,), width >= 1 and symbols >= 2,"
                f" got {tuple(shape)}, {self.width} and {self.symbols}."
            )

        return _Encoder(self.symbols, self.width, features, context)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        return _lively(MLP((features,), shape, (2 * self.width,), context))


class _Encoder(nn.Module):
    r"""From shape `(N, L)` to `(N, features)`."""

    def __init__(self, symbols: int, width: int, features: int, context: int) -> None:
        super().__init__()

        self.end = symbols - 1
        self.forwards = GRU(symbols, width)
        self.backwards = GRU(symbols, width)
        self.head = _lively(MLP((2 * width,), (features,), (2 * width,), context))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = x.long()
        n = lengths(x, self.end)
        rows, pooled = [], []

        for group, longest in by_length(n):
            rows.append(group)
            pooled.append(self._pool(x[group, :longest], n[group]))

        h = torch.cat(pooled)[torch.cat(rows).argsort()]
        return self.head(h, c)

    def _pool(self, x: Tensor, n: Tensor) -> Tensor:
        t = torch.arange(x.shape[1], device=x.device)
        inside = t < n[:, None]

        # Turned round within its own length, so that neither direction begins with the filling
        turned = x.gather(1, torch.where(inside, n[:, None] - 1 - t, t))
        h = torch.cat([self.forwards(x), self.backwards(turned)], dim=-1)

        return h.masked_fill(~inside[..., None], -torch.inf).amax(dim=1)


def _lively(mlp: MLP) -> MLP:
    r"""Returns a perceptron whose outputs vary as much as its inputs.

    With the usual weights, each layer halves what differs between texts, and a decoder that
    goes on from other symbols learns to do without the code before it hears of it.
    """
    for layer in mlp.layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    return mlp
