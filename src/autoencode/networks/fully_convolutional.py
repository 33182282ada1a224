r"""Networks that keep images at their resolution, to clean them."""

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
    r"""Residual convolutions alone, from images to codes of their own size, and back.

    The code is a map of half the resolution, whose `4 C` channels hold the four pixels of each
    square of the image (:math:`S`), and what a residual network says should be different,

    .. math:: z = S x + f(S x), \qquad y = S^{-1} (z + g(z)).

    Both halves begin near the identity. What comes out at a place depends on some 34 pixels around
    it, whatever the size of the image. So wide a code says nothing about the examples that they
    do not say themselves: it is for damaged images that come back clean, of which a narrow code
    would lose the details that it has not seen in training.

    References:
        | Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising
          (Zhang et al., 2017)
        | https://arxiv.org/abs/1608.03981

        | FFDNet: Toward a Fast and Flexible Solution for CNN based Image Denoising (Zhang et
          al., 2018), for the half resolution
        | https://arxiv.org/abs/1710.04026

    Arguments:
        width: The channels within each half.
        depth: The residual blocks of each half.

    Example:
        >>> network = FullyConvolutional()
        >>> network.code_size((3, 32, 47))
        4608
        >>> network.encoder((3, 32, 47), 4608)(torch.rand(2, 3, 32, 47)).shape
        torch.Size([2, 4608])
    """

    learning_rate = 4e-3
    batch_size = 16  # places are examples, too

    def __init__(self, width: int = 32, depth: int = 1) -> None:
        self.width = width
        self.depth = depth

    @property
    def reach(self) -> int:  # type: ignore[override]
        r"""How many pixels around a place what comes out there depends on."""
        layers = 2 * (2 + 2 * self.depth)  # of both halves, each of which sees a place beside
        return 2 * layers + 2

    def code_size(self, shape: Sequence[int]) -> int:
        return math.prod(self._map(shape))

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        size = self.code_size(shape)

        if features % size:
            raise ValueError(
                f"FullyConvolutional() has codes of {size} numbers for images with shape"
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
        r"""Returns the layers of a half, from and to maps of so many channels."""
        last = nn.Conv2d(self.width, after, 3, padding=1)

        with torch.no_grad():
            last.weight.mul_(0.1)  # so that each half begins near the identity

        return channels_last(
            nn.Sequential(
                nn.Conv2d(before, self.width, 3, padding=1),
                *(Residual(self.width) for _ in range(self.depth)),
                nn.SiLU(),
                last,
            )
        )


class _Encoder(nn.Module):
    r"""From shape `(N, C, H, W)` to `(N, features)`."""

    def __init__(
        self, sizes: FullyConvolutional, shape: Sequence[int], maps: int, context: int
    ) -> None:
        super().__init__()

        C, H, W = shape
        self.places = (H + 1) // 2, (W + 1) // 2  # each with a code of its own
        self.odd = (0, W % 2, 0, H % 2)  # a row or column repeated, so that halving rounds up
        self.layers = sizes.layers(4 * C + context, 4 * C * maps)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        x = pixel_unshuffle(pad(x, self.odd, mode="replicate"), 2)
        return _residual(x, self.layers(_join(x, c))).flatten(start_dim=1)


class _Decoder(nn.Module):
    r"""From shape `(N, features)` to `(N, C, H, W)`."""

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
    r"""Returns `y` plus the identity, in the first channels if there are more."""
    return y + pad(x, (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))


def _join(x: Tensor, c: Tensor | None) -> Tensor:
    if c is None:
        return x

    return torch.cat([x, c[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1)
