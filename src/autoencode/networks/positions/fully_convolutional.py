r"""Fully convolutional networks, for images of any size."""

__all__ = ["FullyConvolutional"]

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn.functional import pad, pixel_shuffle, pixel_unshuffle

from ..base import Network
from ..convolutional import MAX_WIDTH_MULTIPLIER, Residual, channels_last
from .frequencies import cosine_patches


class FullyConvolutional(Network):
    r"""Residual convolutional network without fully connected layers, for images of any size.

    The code is a map, with one position for each square of `stride` by `stride` pixels and
    `channels` numbers at each position. It consists of the numbers of the squares (:math:`S`, a
    pixel unshuffle), mapped linearly, plus a residual correction,

    .. math:: z = P S x + f(S x), \qquad y = S^{-1} (Q z + g(z)).

    By default, the code has as many numbers as the image, :math:`P` and :math:`Q` are the
    identity, and the correction starts near zero. Such a code does not summarize an image: it is
    meant for restoring damaged images, where a narrow code would lose details that were absent
    from the training images. With fewer `channels`, the code compresses each square: :math:`P` and
    :math:`Q` start as the lowest frequencies of its cosine transform, and are learned. `stride=8,
    channels=8` keeps 8 of 192 numbers of color images.

    An output pixel depends only on input pixels within :attr:`receptive_radius`, whatever the size
    of the image. With a distribution of codes, the Kullback-Leibler divergence is summed over
    positions. A prior with independent positions does not model their arrangement: images drawn
    from it are textures. Use a code without positions
    (:class:`~autoencode.networks.Convolutional`) for new images.

    References:
        | Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising
          (Zhang et al., 2017)
        | https://arxiv.org/abs/1608.03981

        | FFDNet: Toward a Fast and Flexible Solution for CNN based Image Denoising (Zhang et
          al., 2018), for the half resolution
        | https://arxiv.org/abs/1710.04026

        | Variational image compression with a scale hyperprior (Ballé et al., 2018), for codes
          that are maps
        | https://arxiv.org/abs/1802.01436

    Arguments:
        width: The number of channels of the hidden layers at half the resolution. The next level
            has twice as many, and all further levels four times as many.
        depth: The number of residual blocks of each level, in the encoder and in the decoder.
        stride: The side in pixels of the square that each position of the code stands for, a power
            of two.
        channels: The number of channels of the code; by default the code has as many numbers as
            the image.

    See Also:
        :class:`~autoencode.networks.Convolutional`, :func:`~autoencode.recipes.denoising`

    Example:
        >>> network = FullyConvolutional(stride=8, channels=4)
        >>> network.code_shape((3, 32, 47)), network.code_size((3, 32, 47))
        ((4, 4, 6), 96)
        >>> network.encoder((3, 32, 47), 96)(torch.rand(2, 3, 32, 47)).shape
        torch.Size([2, 96])
    """

    stride: int
    learning_rate = 6e-3
    batch_size = 8  # every pixel is a training example

    def __init__(
        self, width: int = 24, depth: int = 1, stride: int = 2, channels: int | None = None
    ) -> None:
        self.width = width
        self.depth = depth
        self.stride = stride
        self.channels = channels

    @property
    def receptive_radius(self) -> int:  # type: ignore[override]
        r"""Radius of the receptive field in pixels, a multiple of the stride."""
        # A 3 x 3 layer whose positions are 2^j pixels apart adds 2^j pixels to the radius
        down = sum((1 + 2 * self.depth) * 2**j for j in range(1, self._halvings + 1))
        radius = 2 * down + 2 * self.stride + 2
        return -(-radius // self.stride) * self.stride

    def code_shape(self, shape: Sequence[int]) -> tuple[int, int, int]:
        if len(shape) != 3:
            raise ValueError(
                f"FullyConvolutional() needs images, with shape (C, H, W), got {tuple(shape)}."
                " Use FullyConnected() for tables."
            )

        sizes = (self.width, self.depth + 1, 1 if self.channels is None else self.channels)

        if not min(sizes) >= 1:
            raise ValueError(
                "expected width >= 1, depth >= 0, and channels >= 1 or None, got"
                f" {self.width}, {self.depth} and {self.channels}."
            )

        if not self.stride >= 2 or self.stride != 2**self._halvings:
            raise ValueError(f"expected stride as a power of two >= 2, got {self.stride!r}.")

        C, H, W = shape
        return (
            self.channels or self.stride**2 * C,
            math.ceil(H / self.stride),
            math.ceil(W / self.stride),
        )

    def code_size(self, shape: Sequence[int]) -> int:
        return math.prod(self.code_shape(shape))

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        size = self.code_size(shape)

        if features % size:
            raise ValueError(
                f"{self} needs a code size of {size} for images with shape {tuple(shape)}, got"
                f" latent_dim={features}. Leave latent_dim out, or use Convolutional() for a code"
                " of a given size."
            )

        return _Encoder(self, shape, features // size, context)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        _, rows, columns = self.code_shape(shape)
        return _Decoder(self, (features // (rows * columns), rows, columns), shape, context)

    @property
    def _halvings(self) -> int:
        return max(1, int(self.stride)).bit_length() - 1

    @property
    def _widths(self) -> list[int]:
        r"""Returns the channels of the levels, from half the resolution to that of the code."""
        return [self.width * min(2**j, MAX_WIDTH_MULTIPLIER) for j in range(self._halvings)]

    def encoder_layers(self, before: int, after: int) -> nn.Sequential:
        r"""Returns the layers from blocks of 2 x 2 pixels, in `before` channels, to the code."""
        widths = self._widths
        layers: list[nn.Module] = []

        for j, width in enumerate(widths):
            layers += [nn.PixelUnshuffle(2)] if j else []
            layers += [nn.Conv2d(4 * widths[j - 1] if j else before, width, 3, padding=1)]
            layers += [Residual(width, activation=nn.ReLU()) for _ in range(self.depth)]

        return _initialized([*layers, nn.ReLU(), nn.Conv2d(widths[-1], after, 3, padding=1)])

    def decoder_layers(self, before: int, after: int) -> nn.Sequential:
        r"""Returns the layers from the code to blocks of 2 x 2 pixels, in `after` channels."""
        widths = self._widths[::-1]
        layers: list[nn.Module] = [nn.Conv2d(before, widths[0], 3, padding=1)]

        for j, width in enumerate(widths):
            if j:
                layers += [nn.ReLU(), nn.Conv2d(widths[j - 1], 4 * width, 3, padding=1)]
                layers += [nn.PixelShuffle(2)]

            layers += [Residual(width, activation=nn.ReLU()) for _ in range(self.depth)]

        return _initialized([*layers, nn.ReLU(), nn.Conv2d(widths[-1], after, 3, padding=1)])


class _Encoder(nn.Module):
    r"""Encoder from shape `(N, C, H, W)` to `(N, features)`."""

    def __init__(
        self, sizes: FullyConvolutional, shape: Sequence[int], maps: int, context: int
    ) -> None:
        super().__init__()

        C, H, W = shape
        self.stride = s = sizes.stride
        self.padding = (0, -W % s, 0, -H % s)  # repeats the last rows and columns
        code = sizes.code_shape(shape)[0]
        self.layers = sizes.encoder_layers(4 * C + context, code * maps)
        self.linear = None if code == s**2 * C else _linear(cosine_patches(C, s)[:code])

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = pad(x, self.padding, mode="replicate")
        squares = pixel_unshuffle(x, self.stride)
        squares = squares if self.linear is None else self.linear(squares)
        return _residual(squares, self.layers(_join(pixel_unshuffle(x, 2), c))).flatten(1)


class _Decoder(nn.Module):
    r"""Decoder from shape `(N, features)` to `(N, C, H, W)`."""

    def __init__(
        self, sizes: FullyConvolutional, code: tuple[int, int, int], shape: Sequence[int],
        context: int,
    ) -> None:  # fmt: skip
        super().__init__()

        C, self.height, self.width = shape
        self.code, self.stride = code, sizes.stride
        self.layers = sizes.decoder_layers(code[0] + context, 4 * C)
        self.linear = None

        # With several raw parameters per number the channels are mixed, and the start is random
        if sizes.channels is not None and code[0] != self.stride**2 * C:
            self.linear = _linear(cosine_patches(C, self.stride)[: code[0]].T)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        z = z.unflatten(1, self.code)
        squares = z if self.linear is None else self.linear(z)
        x = pixel_shuffle(self.layers(_join(z, c)), 2)
        x = _residual(pixel_shuffle(squares, self.stride), x)
        return x[:, :, : self.height, : self.width]


def _initialized(layers: list[nn.Module]) -> nn.Sequential:
    r"""Returns layers that keep the size of their inputs, and end near zero."""
    net = nn.Sequential(*layers)

    with torch.no_grad():
        for name, layer in net.named_modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
                layer.weight.mul_(0.3 if name.endswith("second") else 1.0)

        net[-1].weight.mul_(0.03)  # type: ignore[operator, union-attr]

    return channels_last(net)


def _linear(weight: Tensor) -> nn.Conv2d:
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], 1)

    with torch.no_grad():
        layer.weight.copy_(weight[:, :, None, None])
        layer.bias.zero_()  # type: ignore[union-attr]

    return layer


def _residual(x: Tensor, y: Tensor) -> Tensor:
    r"""Returns `y` with `x` added to its first channels."""
    return y + pad(x, (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))


def _join(x: Tensor, c: Tensor | None) -> Tensor:
    if c is None:
        return x

    return torch.cat([x, c[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1)
