r"""Fully convolutional networks, for restoring images."""

__all__ = ["FullyConvolutional"]

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn.functional import pad, pixel_shuffle, pixel_unshuffle

from .base import Network
from .convolutional import Residual, channels_last


class FullyConvolutional(Network):
    r"""Residual convolutional network without fully connected layers, for restoring images.

    The code is a map of half the resolution with `4 C` channels: the four pixels of each square of
    the image (:math:`S`, a pixel unshuffle) plus a residual correction,

    .. math:: z = S x + f(S x), \qquad y = S^{-1} (z + g(z)).

    Encoder and decoder start near the identity. An output pixel depends only on input pixels
    within :attr:`receptive_radius`, whatever the size of the image. A code as large as the image
    does not summarize it. The network is meant for restoring damaged images, where a narrow code
    would lose details that were absent from the training images.

    References:
        | Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising
          (Zhang et al., 2017)
        | https://arxiv.org/abs/1608.03981

        | FFDNet: Toward a Fast and Flexible Solution for CNN based Image Denoising (Zhang et
          al., 2018), for the half resolution
        | https://arxiv.org/abs/1710.04026

    Arguments:
        width: The number of channels of the hidden layers.
        depth: The number of residual blocks of the encoder and of the decoder.

    See Also:
        :class:`~autoencode.networks.Convolutional`, :func:`~autoencode.recipes.denoising`

    Example:
        >>> network = FullyConvolutional()
        >>> network.code_size((3, 32, 47))
        4608
        >>> network.encoder((3, 32, 47), 4608)(torch.rand(2, 3, 32, 47)).shape
        torch.Size([2, 4608])
    """

    learning_rate = 4e-3
    batch_size = 16  # every pixel is a training example

    def __init__(self, width: int = 32, depth: int = 1) -> None:
        self.width = width
        self.depth = depth

    @property
    def receptive_radius(self) -> int:  # type: ignore[override]
        r"""Radius of the receptive field, in pixels."""
        layers = 2 * (2 + 2 * self.depth)  # each adds one position at half the resolution
        return 2 * layers + 2

    def code_size(self, shape: Sequence[int]) -> int:
        return math.prod(self._map(shape))

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        size = self.code_size(shape)

        if features % size:
            raise ValueError(
                f"FullyConvolutional() needs a code size of {size} for images with shape"
                f" {tuple(shape)}, got latent_dim={features}. Leave latent_dim out, or use"
                " Convolutional() for a narrow code."
            )

        return _Encoder(self, shape, features // size, context)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        _, rows, columns = self._map(shape)
        return _Decoder(self, (features // (rows * columns), rows, columns), shape, context)

    def _map(self, shape: Sequence[int]) -> tuple[int, int, int]:
        r"""Returns the shape of the code."""
        if len(shape) != 3:
            raise ValueError(
                f"FullyConvolutional() needs images, with shape (C, H, W), got {tuple(shape)}."
                " Use FullyConnected() for tables."
            )

        if not (self.width >= 1 and self.depth >= 0):
            raise ValueError(
                f"expected width >= 1 and depth >= 0, got {self.width} and {self.depth}."
            )

        C, H, W = shape
        return 4 * C, (H + 1) // 2, (W + 1) // 2

    def layers(self, before: int, after: int) -> nn.Sequential:
        r"""Returns a residual branch between maps with `before` and `after` channels."""
        last = nn.Conv2d(self.width, after, 3, padding=1)

        with torch.no_grad():
            last.weight.mul_(0.1)  # so that encoder and decoder start near the identity

        return channels_last(
            nn.Sequential(
                nn.Conv2d(before, self.width, 3, padding=1),
                *(Residual(self.width) for _ in range(self.depth)),
                nn.SiLU(),
                last,
            )
        )


class _Encoder(nn.Module):
    r"""Encoder from shape `(N, C, H, W)` to `(N, features)`."""

    def __init__(
        self, sizes: FullyConvolutional, shape: Sequence[int], maps: int, context: int
    ) -> None:
        super().__init__()

        C, H, W = shape
        self.places = (H + 1) // 2, (W + 1) // 2  # positions of the code map
        self.odd = (0, W % 2, 0, H % 2)  # repeat the last row or column, so that halving rounds up
        self.layers = sizes.layers(4 * C + context, 4 * C * maps)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = pixel_unshuffle(pad(x, self.odd, mode="replicate"), 2)
        return _residual(x, self.layers(_join(x, c))).flatten(start_dim=1)


class _Decoder(nn.Module):
    r"""Decoder from shape `(N, features)` to `(N, C, H, W)`."""

    def __init__(
        self, sizes: FullyConvolutional, code: tuple[int, int, int], shape: Sequence[int],
        context: int,
    ) -> None:  # fmt: skip
        super().__init__()

        C, self.height, self.width = shape
        self.code = code
        self.layers = sizes.layers(code[0] + context, 4 * C)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        z = z.unflatten(1, self.code)
        x = pixel_shuffle(_residual(z, self.layers(_join(z, c))), 2)
        return x[:, :, : self.height, : self.width]


def _residual(x: Tensor, y: Tensor) -> Tensor:
    r"""Returns `y` with `x` added to its first channels."""
    return y + pad(x, (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))


def _join(x: Tensor, c: Tensor | None) -> Tensor:
    if c is None:
        return x

    return torch.cat([x, c[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1)
