r"""Convolutional networks whose code has a position for each stretch of time."""

__all__ = ["TemporalConvolutional"]

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn.functional import pad

from ..base import Network
from ..convolutional import Residual
from .frequencies import cosine_frames

_MOST_CHANNELS = 8  # of a code, unless they are given
_INITIAL_GAIN = 0.1


class TemporalConvolutional(Network):
    r"""Dilated convolutions over time, with one code for each `stride` steps.

    Examples are series, with shape `(C, T)`, or spectra of sounds, with shape `(C, T, F)`, whose
    bins are channels, too. A code consists of the numbers of its steps (:math:`S`), mapped
    linearly, plus a correction that sees the neighborhood,

    .. math:: z = P S x + f(S x), \qquad y = S^{-1} (Q z + g(z)).

    :math:`f` and :math:`g` are residual blocks with dilations :math:`1, 2, 4, \dots`; :math:`P`
    and :math:`Q` start at the lowest frequencies of a cosine transform and are learned. There are
    no fully connected layers: the same weights encode series of any length with
    `transform(X, full_size=True)`, and draw series of any length with `sample(steps=...)` or
    `sample(seconds=...)`. Codes of neighboring steps are alike, so that the default prior of a
    variational autoencoder is then :class:`~autoencode.priors.AutoregressivePrior`.

    References:
        | An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
          Modeling (Bai et al., 2018), for dilated residual blocks
        | https://arxiv.org/abs/1803.01271

    Arguments:
        width: The number of channels of the hidden layers.
        depth: The number of residual blocks, in the encoder and in the decoder.
        stride: The number of steps that a code stands for. Two frames of a sound are 32 ms.
        channels: The numbers of the code of `stride` steps; by default eight, or half of the
            numbers in these steps if that is less.

    See Also:
        :class:`~autoencode.networks.Convolutional`,
        :class:`~autoencode.priors.AutoregressivePrior`

    Example:
        >>> network = TemporalConvolutional(width=16, stride=4, channels=3)
        >>> network.code_shape((2, 50)), network.code_size((2, 50))
        ((3, 13), 39)
        >>> network.encoder((2, 50), 39)(torch.rand(5, 2, 50)).shape
        torch.Size([5, 39])
        >>> network.decoder(39, (2, 50))(torch.rand(5, 39)).shape
        torch.Size([5, 2, 50])
    """

    stride: int
    over_time = True
    max_batch_size = 32  # every step is a training example

    def __init__(
        self, width: int = 96, depth: int = 4, stride: int = 2, channels: int | None = None
    ) -> None:
        self.width = width
        self.depth = depth
        self.stride = stride
        self.channels = channels

    @property
    def receptive_radius(self) -> int:  # type: ignore[override]
        r"""Number of steps on either side of a code that it depends on."""
        return self.stride * (1 + 2 * sum(2**i for i in range(self.depth)))

    def code_shape(self, shape: Sequence[int]) -> tuple[int, int]:
        if len(shape) not in {2, 3}:
            raise ValueError(
                "TemporalConvolutional() needs series, with shape (C, T), or spectra of sounds,"
                f" with shape (C, T, F), got {tuple(shape)}. Use FullyConnected() for tables."
            )

        sizes = (self.width, self.depth + 1, self.stride, self.channels or 1)

        if not min(sizes) >= 1 or self.channels == 0:
            raise ValueError(
                "expected width >= 1, depth >= 0, stride >= 1, and channels >= 1 or None, got"
                f" {self.width}, {self.depth}, {self.stride} and {self.channels}."
            )

        numbers = shape[0] * self.stride * math.prod(shape[2:])
        return self.channels or min(_MOST_CHANNELS, -(-numbers // 2)), -(-shape[1] // self.stride)

    def code_size(self, shape: Sequence[int]) -> int:
        return math.prod(self.code_shape(shape))

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        channels, steps = self.code_shape(shape)

        if features % steps or not features:
            raise ValueError(
                f"{self} needs a code size of {channels * steps} for examples with shape"
                f" {tuple(shape)}, got latent_dim={features}. Leave latent_dim out, and set"
                " channels=... for the numbers of each code."
            )

        return _Encoder(self, shape, (features // steps, steps), context)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        steps = self.code_shape(shape)[1]
        return _Decoder(self, (features // steps, steps), shape, context)

    def layers(self, before: int, after: int) -> nn.Sequential:
        r"""Returns the layers of a correction, which starts near zero."""
        last = nn.Conv1d(self.width, after, 1)

        with torch.no_grad():
            last.weight.mul_(_INITIAL_GAIN)
            last.bias.zero_()  # type: ignore[union-attr]

        blocks = [Residual(self.width, axes=1, dilation=2**i) for i in range(self.depth)]
        return nn.Sequential(nn.Conv1d(before, self.width, 3, padding=1), *blocks, nn.SiLU(), last)


class _Encoder(nn.Module):
    r"""Encoder from shape `(N, C, T)` or `(N, C, T, F)` to `(N, features)`."""

    def __init__(
        self, sizes: TemporalConvolutional, shape: Sequence[int], code: tuple[int, int],
        context: int,
    ) -> None:  # fmt: skip
        super().__init__()

        self.code, self.stride = code, sizes.stride
        C, bins = shape[0], math.prod(shape[2:])
        basis = cosine_frames(C, bins, sizes.stride)
        self.linear = _linear(basis[: code[0]], code[0])
        self.layers = sizes.layers(len(basis) + context, code[0])

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = x.movedim(3, 2).flatten(1, 2) if x.ndim == 4 else x
        x = pad(x, (0, -x.shape[2] % self.stride), mode="replicate")
        x = x.unflatten(2, (-1, self.stride)).mT.flatten(1, 2)

        return (self.linear(x) + self.layers(_join(x, c))).flatten(1)


class _Decoder(nn.Module):
    r"""Decoder from shape `(N, features)` to `(N, C, T)` or `(N, C, T, F)`."""

    def __init__(
        self, sizes: TemporalConvolutional, code: tuple[int, int], shape: Sequence[int],
        context: int,
    ) -> None:  # fmt: skip
        super().__init__()

        self.code, self.stride, self.shape = code, sizes.stride, tuple(shape)
        basis = cosine_frames(shape[0], math.prod(shape[2:]), sizes.stride)
        self.linear = _linear(basis[: code[0]].T, len(basis))
        self.layers = sizes.layers(code[0] + context, len(basis))

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        z = z.unflatten(1, self.code)
        y = self.linear(z) + self.layers(_join(z, c))
        y = y.unflatten(1, (-1, self.stride)).mT.flatten(2, 3)[..., : self.shape[1]]

        return y if len(self.shape) == 2 else y.unflatten(1, (-1, self.shape[2])).movedim(2, 3)


def _linear(weight: Tensor, after: int) -> nn.Conv1d:
    r"""Returns an affine map of each position that starts at given weights, and at zero beyond."""
    rows, before = weight.shape
    layer = nn.Conv1d(before, after, 1)

    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[:rows] = weight[..., None]
        layer.bias.zero_()  # type: ignore[union-attr]

    return layer


def _join(x: Tensor, c: Tensor | None) -> Tensor:
    return x if c is None else torch.cat([x, c[..., None].expand(-1, -1, x.shape[2])], dim=1)
