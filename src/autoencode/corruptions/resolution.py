r"""Lower resolutions of images."""

__all__ = ["Downsampling", "check_factor", "enlarge"]

from numbers import Integral

import torch.nn.functional as F
from torch import Tensor

from .base import Corruption


class Downsampling(Corruption):
    r"""Reduces images by a whole factor, and enlarges them again to their size.

    Each pixel of the small image is the mean of a square. Enlarging interpolates linearly, as
    :func:`enlarge` does. A model that removes this damage restores details of small images
    (super-resolution): `denoise(X, enlarge=factor)`.

    References:
        | Image Super-Resolution Using Deep Convolutional Networks (Dong et al., 2016)
        | https://arxiv.org/abs/1501.00092

    Arguments:
        factor: The factor by which sides become smaller, at least 1.

    See Also:
        :class:`~autoencode.corruptions.Blur`

    Example:
        >>> x = torch.tensor([[[[0.0, 1.0, 2.0, 3.0]]]])
        >>> Downsampling(2)(x.expand(1, 1, 2, 4))[0, 0, 0]
        tensor([0.5000, 1.0000, 2.0000, 2.5000])
    """

    def __init__(self, factor: int = 2) -> None:
        super().__init__()

        self.factor = check_factor(factor)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            raise ValueError(
                f"Downsampling needs images, with shape (B, C, H, W), got {tuple(x.shape)}."
            )

        size = [-(-side // self.factor) for side in x.shape[2:]]
        small = F.interpolate(x, size, mode="area")

        return F.interpolate(small, x.shape[2:], mode="bilinear")


def check_factor(factor: int) -> int:
    r"""Check a factor of sizes, and return it.

    Raises:
        ValueError: If it is not a whole number of at least 1.
    """
    if not isinstance(factor, Integral) or factor < 1:
        raise ValueError(f"expected a factor as a whole number >= 1, got {factor!r}.")

    return int(factor)


def enlarge(x: Tensor, factor: int) -> Tensor:
    r"""Enlarge images by a whole factor with linear interpolation.

    Arguments:
        x: The images, with shape `(B, C, H, W)`.
        factor: The factor.

    Example:
        >>> enlarge(torch.tensor([[[[0.0, 1.0]]]]), 2)[0, 0, 0]
        tensor([0.0000, 0.2500, 0.7500, 1.0000])
    """
    return F.interpolate(x, scale_factor=check_factor(factor), mode="bilinear")
