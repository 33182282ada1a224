r"""Images of any size, through networks of one size or convolutional ones."""

__all__ = ["OwnSize"]

import logging
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...common.arrays import cast
from ..capabilities import Tiled
from .enlarging import enlarge_pixels, factor_between
from .levels import IntensityLevels
from .tiles import over_blocks, over_tiles

log = logging.getLogger(__name__)


class OwnSize(IntensityLevels, Tiled):
    r"""Methods of :class:`~autoencode.modalities.Images` for photographs in their own size.

    Attributes:
        layout: The axes of arrays.
    """

    layout: str | None

    def in_own_size(
        self,
        X: NDArray,
        function: Callable[[Tensor], Tensor],
        receptive_radius: int | None = None,
        hidden: NDArray | None = None,
    ) -> NDArray:
        first, C = self.layout == "NCHW" and X.ndim == 3, self.shape_[0]
        pixels, colors = self._colors(X)
        n = colors.shape[-1]
        x, (low, high) = self._scaled(colors)
        x = x if hidden is None else x.masked_fill(torch.from_numpy(hidden), torch.nan)
        apart = C == 1 and n == 3  # each color is a gray image
        parts = x.split(1) if apart else [x if n == C else x.expand(C, -1, -1)]
        y = torch.cat([self.piecewise(part, function, receptive_radius) for part in parts])
        y = y if len(y) == n else y.mean(dim=0, keepdim=True)
        y = y.movedim(0, -1).clamp_(0, 1)
        y = y.double() if X.dtype.itemsize > 2 else y  # single precision saves memory
        R = cast(y.mul_(high - low).add_(low).numpy(), str(X.dtype))
        has_alpha = pixels.shape[-1] != n
        R = np.concatenate([R, pixels[..., -1:]], axis=-1) if has_alpha else R
        R = R[..., 0] if X.ndim == 2 else R

        return np.moveaxis(R, -1, 0) if first else R

    def enlarged(self, X: NDArray, factor: int | None = None) -> NDArray:
        first = self.layout == "NCHW"
        size = X.shape[2:4] if first and len(X.shape) == 4 else X.shape[1:3]
        goal = self.shape_[1:]
        chosen = factor_between(size, goal) if factor is None else factor

        if factor is None and chosen > 1:
            log.info("corrupted images are enlarged from %d x %d to %d x %d.", *size, *goal)

        return enlarge_pixels(X, chosen, first)

    def scale_one(self, X: NDArray) -> Tensor:
        x, _ = self._scaled(self._colors(X)[1])
        C = self.shape_[0]
        return x.mean(dim=0, keepdim=True) if C == 1 else x.expand(C, -1, -1)

    def piecewise(
        self,
        x: Tensor,
        function: Callable[[Tensor], Tensor],
        receptive_radius: int | None = None,
        stride: int = 1,
    ) -> Tensor:
        if receptive_radius is None:
            return over_tiles(x, (self.shape_[1], self.shape_[2]), function)

        return over_blocks(x, receptive_radius, function, stride)

    def _colors(self, X: NDArray) -> tuple[NDArray, NDArray]:
        r"""Returns the pixels of one image, `(H, W, C)`, and those without transparency."""
        X = np.moveaxis(X, 0, -1) if self.layout == "NCHW" and X.ndim == 3 else X
        C = self.shape_[0]

        if X.ndim not in {2, 3} or X.size == 0:
            raise ValueError(f"expected one image, with shape (H, W) or (H, W, C), got {X.shape}.")

        pixels = X[..., None] if X.ndim == 2 else X
        has_alpha = pixels.shape[-1] in {2, 4} and pixels.shape[-1] != C
        colors = pixels[..., :-1] if has_alpha else pixels
        n = colors.shape[-1]

        if n != C and {n, C} != {1, 3}:
            raise ValueError(f"expected images of {C} channels, got shape {X.shape}.")

        return pixels, colors

    def _scaled(self, colors: NDArray) -> tuple[Tensor, tuple[float, float]]:
        r"""Returns pixels from 0 to 1, channels first, and their black and white."""
        low, high = self._range_of(colors)
        x = torch.from_numpy(np.ascontiguousarray(colors, dtype=np.float32)).movedim(-1, 0)
        return (x - low) / (high - low), (low, high)
