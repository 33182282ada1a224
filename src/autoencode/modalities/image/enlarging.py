r"""Images that are enlarged before a model restores their details."""

__all__ = ["enlarge_pixels", "factor_between"]

import numpy as np
import torch
from numpy.typing import NDArray

from ...common.arrays import cast
from ...corruptions.resolution import check_factor, enlarge


def enlarge_pixels(X: NDArray, factor: int, channels_first: bool = False) -> NDArray:
    r"""Enlarge images of pixels of any type, whose type stays.

    Arguments:
        X: The images, with shape `(N, H, W)`, `(N, H, W, C)`, or `(N, C, H, W)`.
        factor: The factor.
        channels_first: Whether the channels come first.

    Example:
        >>> enlarge_pixels(np.array([[[0, 200]]], np.uint8), 2)[0, 0].tolist()
        [0, 50, 150, 200]
    """
    if check_factor(factor) == 1:
        return X

    single = X.ndim == 3
    pixels = X[..., None] if single else X
    pixels = pixels if channels_first and not single else np.moveaxis(pixels, -1, 1)
    x = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float64))
    R = enlarge(x, factor).numpy()
    R = R if channels_first and not single else np.moveaxis(R, 1, -1)

    return cast(R[..., 0] if single else R, str(X.dtype))


def factor_between(small: tuple[int, ...], large: tuple[int, ...]) -> int:
    r"""The whole factor between two sizes, and 1 if there is none.

    Arguments:
        small: Height and width of the smaller images.
        large: Those of the larger ones.

    Example:
        >>> factor_between((8, 12), (16, 24)), factor_between((8, 12), (16, 12))
        (2, 1)
    """
    factor = large[0] // max(1, small[0])
    return factor if tuple(factor * side for side in small) == tuple(large) else 1
