r"""Recurrent networks for token sequences of different lengths, and for series of numbers."""

__all__ = ["Recurrent"]

from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor

from .base import Network
from .gru import GRU
from .mlp import MLP
from .steps import StepDecoder, StepEncoder
from .tokens import (
    Logits,
    SequenceEncoder,
    init_variance_preserving_,
    is_series,
    normalized_direction,
    vocab_size_of,
)


class Recurrent(Network):
    r"""Bidirectional recurrent encoder, and recurrent decoder of tokens or of series.

    .. math:: f = \mathrm{MLP} \Big( \max_t \big[ \overrightarrow{\mathrm{GRU}}(x_{1:T})_t,
        \overleftarrow{\mathrm{GRU}}(x_{1:T})_t \big] \Big), \qquad
        h_t = \mathrm{GRU}(x_{t-1} \mid A \phi, h_{t-1}), \quad h_0 = \tanh(B \phi)

    The last token of the vocabulary ends a sequence and pads its row; tokens after the first end
    are ignored. The maximum over time, rather than the last state, separates the codes of
    different sequences from the start of the training, which prevents posterior collapse.

    Series of numbers, with shape `(C, T)`, have bidirectional encoders and decoders, see
    :class:`~autoencode.networks.steps.StepEncoder`. The decoder sees the features and the position
    at each step, and no earlier numbers.

    References:
        | Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
          Translation (Cho et al., 2014)
        | https://arxiv.org/abs/1406.1078

        | Preventing Posterior Collapse in Sequence VAEs with Pooling (Long et al., 2019)
        | https://arxiv.org/abs/1911.03976

    Arguments:
        width: The size of the states; each direction of the encoder has half of it.
        vocab_size: The vocabulary size, including the end token; by default that of the data.
        skip: Whether affine skip connections are added, for series of numbers. Training then
            starts at a linear model, as with :class:`~autoencode.networks.Convolutional`.

    See Also:
        :class:`~autoencode.networks.Transformer`, :class:`~autoencode.modalities.Texts`

    Example:
        >>> network = Recurrent(width=16, vocab_size=256)
        >>> network.encoder((9,), 3)(torch.randint(256, (5, 9))).shape
        torch.Size([5, 3])
        >>> phi = network.decoder(3, (32,))(torch.randn(5, 3))
        >>> logits, cache = network.token_decoder(32)(torch.randint(256, (5, 9)), phi)
        >>> logits.shape
        torch.Size([5, 9, 256])
        >>> Recurrent(width=16).encoder((2, 50), 3)(torch.rand(5, 2, 50)).shape
        torch.Size([5, 3])
    """

    learning_rate = (
        5e-3  # stable at larger steps than other networks, and converges faster with them
    )

    def __init__(
        self, width: int = 128, vocab_size: int | None = None, skip: bool = False
    ) -> None:
        self.width = width
        self.vocab_size = vocab_size
        self.skip = skip

    @property
    def max_batch_size(self) -> int | None:  # type: ignore[override]
        r"""Largest default batch size for fewer than 100,000 token sequences."""
        return 64 if self.vocab_size else None

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        if is_series(self, shape):
            return StepEncoder(*self._body(), shape, features, context, self.skip)

        vocab_size, half = vocab_size_of(self, shape), max(1, self.width // 2)
        return SequenceEncoder(
            _BidirectionalGRU(vocab_size, half), 2 * half, vocab_size, features, context
        )

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        if is_series(self, shape):
            return StepDecoder(*self._body(), features, shape, context, self.skip)

        return init_variance_preserving_(MLP((features,), shape, (self.width,), context))

    def token_decoder(self, features: int) -> nn.Module:
        return _TokenDecoder(vocab_size_of(self), self.width, features)

    def _body(self) -> tuple[nn.Module, int]:
        r"""Returns a bidirectional network for series, and the size of its states."""
        half = max(1, self.width // 2)
        return _BidirectionalStates(2 * half, half), 2 * half


class _BidirectionalStates(nn.Module):
    r"""Bidirectional GRU from numbers `(N, T, width)` to states with the same shape."""

    def __init__(self, width: int, half: int) -> None:
        super().__init__()

        self.gru = nn.GRU(width, half, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(x)[0]


class _BidirectionalGRU(nn.Module):
    r"""Bidirectional GRU from tokens `(N, T)` to states with shape `(N, T, 2 * width)`."""

    def __init__(self, vocab_size: int, width: int) -> None:
        super().__init__()

        self.forwards = GRU(vocab_size, width)
        self.backwards = GRU(vocab_size, width)

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        t, n = torch.arange(x.shape[1], device=x.device), inside.sum(dim=-1, keepdim=True)

        # Reverse each sequence within its own length, so that the padding stays at its end
        reversed_x = x.gather(1, torch.where(inside, n - 1 - t, t))

        return torch.cat([self.forwards(x), self.backwards(reversed_x)], dim=-1)


class _TokenDecoder(nn.Module):
    r"""Recurrent next-token predictor, whose initial state and gates depend on the code."""

    def __init__(self, vocab_size: int, width: int, features: int) -> None:
        super().__init__()

        self.initial_state = nn.Linear(features, width)
        self.shift = nn.Linear(features, 3 * width)
        self.recurrence = GRU(vocab_size + 1, width)
        self.head = Logits(width, vocab_size)

        for layer in (self.initial_state, self.shift):
            nn.init.normal_(layer.weight, std=features**-0.5)

    def forward(
        self, x: Tensor, phi: Tensor, cache: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        phi = normalized_direction(phi)
        h = self.initial_state(phi).tanh() if cache is None else cache
        states = self.recurrence(x, self.shift(phi), h)

        return self.head(states), states[:, -1]
