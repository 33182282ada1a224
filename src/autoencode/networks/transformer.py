r"""Transformers for token sequences of different lengths, and for series of numbers."""

__all__ = ["Transformer"]

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from .base import Network
from .mlp import MLP
from .steps import StepDecoder, StepEncoder, positional_encoding
from .tokens import (
    Logits,
    SequenceEncoder,
    init_variance_preserving_,
    is_series,
    normalized_direction,
    vocab_size_of,
)

Cache = list[tuple[Tensor, Tensor]]


class Transformer(Network):
    r"""Transformer encoder, and transformer decoder of tokens or of series.

    .. math:: h \leftarrow h + \mathrm{softmax} \Big( \frac{Q K^\top}{\sqrt{d}} \Big) V,
        \qquad h \leftarrow h + \mathrm{MLP}(h)

    Queries, keys and values are linear in the normalized :math:`h`. Its initial value is the sum
    of the token embedding, a sinusoidal encoding of the position and, in the token decoder, a
    linear map of the decoder output. The token decoder caches keys and values, so that generating
    a token costs one step. The code is computed from the maximum over time, as in
    :class:`Recurrent`. The token decoder is causal.

    Series of numbers, with shape `(C, T)`, have an encoder and a decoder that see all steps, see
    :class:`~autoencode.networks.steps.StepEncoder`.

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
        skip: Whether affine skip connections are added, for series of numbers. Training then
            starts at a linear model, as with :class:`~autoencode.networks.Convolutional`.

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
        >>> Transformer(width=16, depth=1).encoder((2, 50), 3)(torch.rand(5, 2, 50)).shape
        torch.Size([5, 3])
    """

    def __init__(
        self,
        width: int = 128,
        depth: int = 3,
        n_heads: int = 4,
        vocab_size: int | None = None,
        skip: bool = False,
    ) -> None:
        self.width = width
        self.depth = depth
        self.n_heads = n_heads
        self.vocab_size = vocab_size
        self.skip = skip

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        if is_series(self, shape):
            return StepEncoder(self._blocks(), self.width, shape, features, context, self.skip)

        vocab_size = vocab_size_of(self, shape)
        return SequenceEncoder(
            _Encoder(self._stack(vocab_size)), self.width, vocab_size, features, context
        )

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        if is_series(self, shape):
            return StepDecoder(self._blocks(), self.width, features, shape, context, self.skip)

        return init_variance_preserving_(MLP((features,), shape, (2 * self.width,), context))

    def token_decoder(self, features: int) -> nn.Module:
        vocab_size = vocab_size_of(self)
        return _TokenDecoder(self._stack(vocab_size + 1), self.width, vocab_size, features)

    def _blocks(self) -> nn.Sequential:
        self._check_sizes()
        blocks = [_Block(self.width, self.n_heads) for _ in range(self.depth)]
        return nn.Sequential(*blocks, nn.LayerNorm(self.width))

    def _stack(self, vocab_size: int) -> "_Stack":
        self._check_sizes()
        return _Stack(vocab_size, self.width, self.depth, self.n_heads)

    def _check_sizes(self) -> None:
        if not (self.n_heads >= 1 and self.depth >= 1 and self.width % (2 * self.n_heads) == 0):
            raise ValueError(
                f"expected a width that is a multiple of twice the heads, and depth >= 1, got"
                f" {self}."
            )


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
        h = h + positional_encoding(h, before) + shift
        kept = []

        for block, past in zip(self.blocks, cache or len(self.blocks) * [None]):
            h, present = cast(_Block, block).cached(h, mask, past)
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

    def forward(self, h: Tensor) -> Tensor:
        q, k, v = self._heads(h)

        # The fused attention has no second derivatives
        a = (q @ k.mT / q.shape[-1] ** 0.5).softmax(dim=-1) @ v
        return self._updated(h, a)

    def cached(
        self, h: Tensor, mask: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        r"""Returns the states of further steps, which see the steps of a cache, and the cache."""
        q, k, v = self._heads(h)

        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)

        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self._updated(h, a), (k, v)

    def _heads(self, h: Tensor) -> tuple[Tensor, ...]:
        qkv = self.qkv(self.norms[0](h)).unflatten(-1, (3, self.n_heads, -1))
        return qkv.movedim(1, -2).unbind(dim=1)

    def _updated(self, h: Tensor, a: Tensor) -> Tensor:
        h = h + self.out(a.movedim(1, 2).flatten(start_dim=2))
        return h + self.mlp(self.norms[1](h))
