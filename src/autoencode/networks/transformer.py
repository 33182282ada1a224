r"""Transformers for token sequences of different lengths."""

__all__ = ["Transformer"]

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from .base import Network
from .mlp import MLP
from .tokens import (
    Logits,
    SequenceEncoder,
    init_variance_preserving_,
    normalized_direction,
    vocab_size_of,
)

Cache = list[tuple[Tensor, Tensor]]


class Transformer(Network):
    r"""Transformer encoder and causal transformer token decoder.

    .. math:: h \leftarrow h + \mathrm{softmax} \Big( \frac{Q K^\top}{\sqrt{d}} \Big) V,
        \qquad h \leftarrow h + \mathrm{MLP}(h)

    Queries, keys and values are linear in the normalized :math:`h`. Its initial value is the sum
    of the token embedding, a sinusoidal encoding of the position and, in the token decoder, a
    linear map of the decoder output. The token decoder caches keys and values, so that generating
    a token costs one step. The code is computed from the maximum over time, as in
    :class:`Recurrent`.

    References:
        | Attention Is All You Need (Vaswani et al., 2017)
        | https://arxiv.org/abs/1706.03762

        | On Layer Normalization in the Transformer Architecture (Xiong et al., 2020)
        | https://arxiv.org/abs/2002.04745

    Arguments:
        width: The size of the states, a multiple of twice the number of heads.
        depth: The number of blocks of the encoder and of the token decoder.
        n_heads: The number of attention heads.
        vocab_size: The vocabulary size, including the end token; by default that of the data.

    See Also:
        :class:`~autoencode.networks.Recurrent`, :class:`~autoencode.modalities.Texts`

    Example:
        >>> network = Transformer(width=16, depth=1, vocab_size=256)
        >>> network.encoder((9,), 3)(torch.randint(256, (5, 9))).shape
        torch.Size([5, 3])
        >>> phi = network.decoder(3, (32,))(torch.randn(5, 3))
        >>> logits, cache = network.token_decoder(32)(torch.randint(256, (5, 9)), phi)
        >>> logits.shape
        torch.Size([5, 9, 256])
    """

    def __init__(
        self, width: int = 128, depth: int = 3, n_heads: int = 4, vocab_size: int | None = None
    ) -> None:
        self.width = width
        self.depth = depth
        self.n_heads = n_heads
        self.vocab_size = vocab_size

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        vocab_size = vocab_size_of(self, shape)
        return SequenceEncoder(
            _Encoder(self._stack(vocab_size)), self.width, vocab_size, features, context
        )

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        return init_variance_preserving_(MLP((features,), shape, (2 * self.width,), context))

    def token_decoder(self, features: int) -> nn.Module:
        vocab_size = vocab_size_of(self)
        return _TokenDecoder(self._stack(vocab_size + 1), self.width, vocab_size, features)

    def _stack(self, vocab_size: int) -> "_Stack":
        if not (self.n_heads >= 1 and self.depth >= 1 and self.width % (2 * self.n_heads) == 0):
            raise ValueError(
                f"expected a width that is a multiple of twice the heads, and depth >= 1, got"
                f" {self}."
            )

        return _Stack(vocab_size, self.width, self.depth, self.n_heads)


class _Encoder(nn.Module):
    def __init__(self, stack: "_Stack") -> None:
        super().__init__()

        self.stack = stack

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        return self.stack(x, inside[:, None, None])[0]


class _TokenDecoder(nn.Module):
    def __init__(self, stack: "_Stack", width: int, vocab_size: int, features: int) -> None:
        super().__init__()

        self.stack = stack
        self.shift = nn.Linear(features, width)
        self.head = Logits(width, vocab_size)

        nn.init.normal_(self.shift.weight, std=features**-0.5)

    def forward(self, x: Tensor, phi: Tensor, cache: Cache | None = None) -> tuple[Tensor, Cache]:
        T, before = x.shape[1], cache[0][0].shape[2] if cache else 0
        causal = torch.ones(T, before + T, dtype=torch.bool, device=x.device).tril(before)
        h, cache = self.stack(x, causal, self.shift(normalized_direction(phi))[:, None], cache)

        return self.head(h), cache


class _Stack(nn.Module):
    r"""Attention blocks from tokens `(N, T)` to states `(N, T, width)`, with their cache."""

    def __init__(self, vocab_size: int, width: int, depth: int, n_heads: int) -> None:
        super().__init__()

        self.table = nn.Embedding(vocab_size, width)
        self.blocks = nn.ModuleList(_Block(width, n_heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(
        self, x: Tensor, mask: Tensor, shift: Tensor | float = 0.0, cache: Cache | None = None
    ) -> tuple[Tensor, Cache]:
        before = cache[0][0].shape[2] if cache else 0
        h = self.table(x)
        h = h + _positional_encoding(before, h) + shift
        kept = []

        for block, past in zip(self.blocks, cache or len(self.blocks) * [None]):
            h, present = block(h, mask, past)
            kept.append(present)

        return self.norm(h), kept


class _Block(nn.Module):
    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()

        self.n_heads = n_heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = MLP((width,), (width,), (4 * width,)).layers

    def forward(
        self, h: Tensor, mask: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        qkv = self.qkv(self.norms[0](h)).unflatten(-1, (3, self.n_heads, -1))
        q, k, v = qkv.movedim(1, -2).unbind(dim=1)

        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)

        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        h = h + self.out(a.movedim(1, 2).flatten(start_dim=2))

        return h + self.mlp(self.norms[1](h)), (k, v)


def _positional_encoding(before: int, h: Tensor) -> Tensor:
    r"""Returns sines and cosines of the positions, with shape `(T, width)`."""
    T, width = h.shape[1:]
    t = torch.arange(before, before + T, dtype=h.dtype, device=h.device)
    i = torch.arange(width // 2, dtype=h.dtype, device=h.device)
    angles = t[:, None] * torch.exp(-math.log(10_000) * 2 * i / width)

    return torch.cat([angles.sin(), angles.cos()], dim=-1)
