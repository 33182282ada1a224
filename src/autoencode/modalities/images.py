r"""Images, grey or colour."""

__all__ = ["Images"]

import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ..data import read_images
from ..distributions import Bernoulli, Family, SharedGaussian
from ..networks import Convolutional, Network
from .base import Modality, cast, check_finite, tensor_of

log = logging.getLogger(__name__)


class Images(Modality):
    r"""Images of one size, with shape `(N, H, W)` or `(N, H, W, C)`.

    Inside, intensities lie between 0 and 1: uint8 is divided by 255, as are floats that
    reach beyond half of it; floats between 0 and 1 are taken as they are, as are masks of
    zeros and ones; others are mapped there from their least and greatest value. Densities are
    those of intensities between 0 and 1, whatever the type of the data, as is usual for images.

    Arguments:
        size: The height and width that images from a folder are brought to; by default the
            median of their own, at most 64 pixels to a side.
        strict: Whether a folder with an unreadable file is refused, or the file skipped.

    Example:
        >>> X = np.array([[[0, 51], [102, 255]]], dtype=np.uint8)
        >>> images = Images().fit(X)
        >>> images.normalize(images.load(X))
        tensor([[[[0.0000, 0.2000],
                  [0.4000, 1.0000]]]])
    """

    def __init__(self, size: int | tuple[int, int] | None = None, strict: bool = False) -> None:
        self.size = size
        self.strict = strict

    @classmethod
    def accepts(cls, X: object) -> bool:
        return isinstance(X, Path) or (isinstance(X, np.ndarray) and X.ndim in {3, 4})

    def read(self, path: Path) -> tuple[NDArray, NDArray | None]:
        if hasattr(self, "shape_"):
            channels, height, width = self.shape_
            folder = read_images(path, (height, width), channels, self.strict)
        else:
            size = (self.size, self.size) if isinstance(self.size, int) else self.size
            folder = read_images(path, size, strict=self.strict)

        return folder.X, folder.y

    def fit(self, X: NDArray, support: Constraint = constraints.real) -> "Images":
        if X.ndim not in {3, 4} or 0 in X.shape:
            raise ValueError(
                f"expected images with shape (N, H, W) or (N, H, W, C), got {X.shape}."
            )

        if X.ndim == 4 and X.shape[-1] > 4 and X.shape[1] in {1, 3, 4}:
            raise ValueError(
                f"expected images with shape (N, H, W, C), got {X.shape}, which looks like"
                " (N, C, H, W). Use np.moveaxis(X, 1, -1)."
            )

        check_finite(X)

        self.single_ = X.ndim == 3
        self.shape_ = (1, *X.shape[1:]) if self.single_ else (X.shape[3], *X.shape[1:3])
        self.dtype_ = str(X.dtype)
        self.range_ = _range(X)

        if not np.isfinite(self.range_[1] - self.range_[0]):
            raise ValueError(f"the intensities are too large, up to {np.abs(X).max():g}.")

        parts = (X[i : i + 4096] for i in range(0, len(X), 4096))
        self.binary_ = all(np.isin(part, self.range_).all() for part in parts)

        return self

    def load(self, X: NDArray) -> Tensor:
        shape = (*X.shape[1:], *([1] if X.ndim == 3 else []))

        if shape != (*self.shape_[1:], self.shape_[0]):
            C, H, W = self.shape_
            wanted = f"(N, {H}, {W})" if C == 1 else f"(N, {H}, {W}, {C})"
            raise ValueError(f"expected images with shape {wanted}, got {X.shape}.")

        check_finite(X)

        low, high = self.range_
        byte = X.dtype == np.uint8 and not (self.binary_ and high == 1)

        # Noise may lead out of the range, another scale of grey values leads far out
        reach = 3 * (high - low)

        if not byte and len(X) and (X.max() > high + reach or X.min() < low - reach):
            raise ValueError(
                f"expected intensities from about {low:g} to {high:g}, as in the images of the"
                f" fit, got {X.min():g} to {X.max():g}. Bring them to that scale."
            )

        if high == 255 and X.dtype.kind == "f" and len(X) and 0 < X.max() <= 1:
            log.warning(
                "intensities of at most %g are nearly black on the scale of the fit, 0 to 255."
                " Multiply them by 255 if that is not meant.",
                X.max(),
            )

        if not byte:
            wide = np.float32 if X.dtype.itemsize <= 2 else np.result_type(X.dtype, np.float32)
            X = ((X.astype(wide) - low) / (high - low)).astype(np.float32)

        # What is already bytes is not copied: it may be a file larger than memory
        return tensor_of(X).reshape(len(X), *shape).movedim(-1, 1)

    def normalize(self, x: Tensor) -> Tensor:
        return x if x.is_floating_point() else x.float() / 255

    def restore(self, x: Tensor) -> NDArray:
        low, high = self.range_
        X = x.movedim(1, -1).clamp(0, 1).double().cpu().numpy() * (high - low) + low
        return cast(X[..., 0] if self.single_ else X, self.dtype_)

    def network(self) -> Network:
        return Convolutional()

    def likelihood(self) -> Family:
        return Bernoulli() if self.binary_ else SharedGaussian()

    def new_examples(self, p: Distribution) -> Tensor:
        return p.mean  # the field shows means: noise on each pixel hides what was drawn

    def unit(self) -> Tensor:
        return torch.ones(())


def _range(X: NDArray) -> tuple[float, float]:
    if X.dtype == bool:
        return 0.0, 1.0

    low, high = float(X.min()), float(X.max())

    if (X.dtype == np.uint8 and high != 1) or (low >= 0 and 127.5 < high <= 255):
        return 0.0, 255.0

    if low >= 0 and high <= 1:
        return 0.0, 1.0

    return (low, high if high > low else low + 1.0) if low < 0 else (0.0, high)
