r"""Images, gray or color."""

__all__ = ["Images"]

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ...common import failures
from ...common.arrays import cast, tensor_of
from ...common.checks.types import check_agreement
from ...common.failures import warn
from ...data import is_image, read_images
from ...data.listing.sources import Files
from ...data.media.images import sizes_of
from ...data.media.photographs import write_photograph
from ...data.media.text import holds_texts
from ...distributions import Bernoulli, Family, SharedGaussian
from ...networks import Convolutional, FullyConvolutional, Network
from ..array_layouts import looks_channels_first
from ..base import WIDE, Modality
from ..capabilities import Augmented, Gridded, Pictured, Readable, Writable
from ..capabilities.lattices import Axis
from ..statistics import value_range
from .exported import ExportedImages
from .levels import COLORS, black_and_white
from .own_size import OwnSize
from .shifts import Shifts

log = logging.getLogger(__name__)

_IMAGES_PER_BATCH = 512  # number of images to restore at once
_MAX_SKIP_NUMBERS = 2**16  # numbers in an image; networks of larger ones have no linear skip
# Range of the number of images for which shifted images are added
_MIN_IMAGES_TO_SHIFT, _MAX_IMAGES_TO_SHIFT = 10, 250


class Images(Modality, Readable, Writable, Pictured, OwnSize, Augmented, ExportedImages, Gridded):
    r"""Images of one size, with shape `(N, H, W)` or `(N, H, W, C)`.

    The networks see intensities between 0 and 1. Bytes are divided by 255, and so are other
    numbers with a maximum between 127.5 and 255. Floats between 0 and 1, and masks of zeros and
    ones, stay as they are. Integers beyond 255 are divided by the next power of two minus one. The
    range of all other numbers is mapped to 0 and 1. Densities refer to intensities between 0 and
    1, for all types of data.

    Arguments:
        size: The height and width to which images from a folder are scaled. By default it is the
            median of their sizes, with sides of at most 128 pixels; from 1,024 images on, the
            limit falls to 64. `denoise` returns photographs in their own size for any value.
        strict: Whether a folder with an unreadable file is refused, or the file skipped.
        layout: The axes of arrays: `"NHW"`, `"NHWC"`, or `"NCHW"` as in torch. By default `"NHW"`
            or `"NHWC"`; an array that looks like `"NCHW"` is refused. Results have the same axes.

    See Also:
        :class:`~autoencode.networks.Convolutional`, :class:`~autoencode.corruptions.Blur`

    Example:
        >>> X = np.array([[[0, 51], [102, 255]]], dtype=np.uint8)
        >>> images = Images().fit(X)
        >>> images.normalize(images.load(X))
        tensor([[[[0.0000, 0.2000],
                  [0.4000, 1.0000]]]])
    """

    suffixes = (".png", ".npy", "")

    single_: bool
    n_: int

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        strict: bool = False,
        layout: Literal["NHW", "NHWC", "NCHW"] | None = None,
    ) -> None:
        self.size = size
        self.strict = strict
        self.layout = layout
        self._told = False

    @classmethod
    def accepts(cls, X: object) -> bool:
        if isinstance(X, Files):
            return any(map(is_image, X))

        if isinstance(X, Path):
            return (X.is_dir() and not holds_texts(X)) or is_image(X)

        return isinstance(X, np.ndarray) and X.ndim in {3, 4}

    @property
    def suffix(self) -> str:
        r"""Suffix of files in a folder of images. Their format can hold all gray levels."""
        return ".tif" if self._bits() == 32 else ".png"

    def read(self, path: Path | Files) -> tuple[NDArray, NDArray | None, list[str]]:
        if self.layout == "NCHW":
            raise ValueError("layout='NCHW' is for arrays, and has no effect on files. Omit it.")

        if hasattr(self, "shape_"):
            channels, height, width = self.shape_
            return read_images(path, (height, width), channels, self.strict, self._depth())

        size = (self.size, self.size) if isinstance(self.size, int) else self.size
        images = read_images(path, size, strict=self.strict)
        warn(_reduction(sizes_of(path), images.X.shape[1:3], chosen=size is not None))

        return images

    def fit(self, X: NDArray, support: Constraint = constraints.real) -> "Images":
        self._check_arguments(X)

        if X.ndim not in {3, 4} or 0 in X.shape:
            raise ValueError(
                f"expected images with shape (N, H, W) or (N, H, W, C), got {X.shape}."
            )

        if self.layout is None and X.ndim == 4 and looks_channels_first(X.shape):
            raise ValueError(
                f"expected images with shape (N, H, W, C), got {X.shape}, which looks like"
                " (N, C, H, W). Use modality=ae.modalities.Images(layout='NCHW') (command line:"
                " --modality Images --modality.layout NCHW) or np.moveaxis(X, 1, -1), and"
                " layout='NHWC' if the channels are the last."
            )

        low, high, only_these = value_range(X)
        first = self.layout == "NCHW"

        self.single_ = X.ndim == 3
        self.shape_ = (1, *X.shape[1:]) if self.single_ else (X.shape[3], *X.shape[1:3])
        self.shape_ = X.shape[1:] if first else self.shape_
        self.n_ = len(X)
        self.dtype_ = str(X.dtype)
        self.range_ = black_and_white(X.dtype, low, high)
        self.binary_ = only_these and {low, high} <= {*self.range_}

        if not np.isfinite(self.range_[1] - self.range_[0]):
            raise ValueError(f"the intensities are too large, up to {max(-low, high):g}.")

        return self

    def check_learned(self) -> None:
        low, high = self.range_
        check_agreement(
            type(self),
            shape_=len(self.shape_) == 3,
            single_=not self.single_ or self.shape_[0] == 1,
            dtype_=np.dtype(self.dtype_).kind in "biuf",
            range_=math.isfinite(low) and math.isfinite(high) and low < high,
        )

    def load(self, X: NDArray) -> Tensor:
        first = self.layout == "NCHW"
        shape = (*X.shape[1:], *([1] if X.ndim == 3 and not first else []))
        wanted = self.shape_ if first else (*self.shape_[1:], self.shape_[0])

        if shape != wanted:
            C, H, W = self.shape_
            expected = f"(N, {H}, {W})" if C == 1 else f"(N, {H}, {W}, {C})"
            expected = f"(N, {C}, {H}, {W})" if first else expected
            raise ValueError(f"expected images with shape {expected}, got {X.shape}.")

        if X.dtype != np.uint8 and len(X):
            self._check_range(*value_range(X)[:2])

        x = tensor_of(X).reshape(len(X), *shape)
        return x if first else x.movedim(-1, 1)

    def normalize(self, x: Tensor) -> Tensor:
        low, high = self.range_

        # Bytes have 256 levels, even if the images of the fit had another range; masks have two
        if x.dtype == torch.uint8 and not (self.binary_ and high == 1):
            return x.float().div_(255)

        x = x.to(torch.float64 if x.dtype in WIDE else torch.float32)
        x = x if low == 0 else x - low

        return (x if high - low == 1 else x / (high - low)).float()

    def restore(self, x: Tensor) -> NDArray:
        # A few images at a time stay in the processor's cache between operations
        return np.concatenate([self._restore(rows) for rows in x.split(_IMAGES_PER_BATCH)])

    def network(self) -> Network:
        # Affine maps of large images would have nearly all weights of a convolutional network
        linear = not self.binary_ and math.prod(self.shape_) <= _MAX_SKIP_NUMBERS
        return Convolutional(skip=linear)

    def variation(self) -> Shifts | None:
        return (
            Shifts()
            if _MIN_IMAGES_TO_SHIFT <= self.n_ <= _MAX_IMAGES_TO_SHIFT and not self.binary_
            else None
        )

    def denoiser(self) -> Network:
        return self.network() if self.binary_ else FullyConvolutional()

    def likelihood(self) -> Family:
        return Bernoulli() if self.binary_ else SharedGaussian()

    draws_means = True

    def draw(self, p: Distribution) -> Tensor:
        return p.mean  # as in the literature: noise on each pixel would hide the image

    def axes(self) -> list[Axis]:
        (low, high), dtype = self.range_, np.dtype(self.dtype_)

        if dtype == np.uint8 and not self.binary_:
            low, high = 0.0, 255.0

        step = high - low if self.binary_ else float(dtype.kind != "f")
        return [Axis(self.dtype_, low, high, step, 0, low, high - low)]

    def elements(self, x: Tensor) -> Tensor:
        return x

    def arranged(self, x: Tensor) -> NDArray:
        X = (x if self.layout == "NCHW" else x.movedim(1, -1)).numpy()
        return X[..., 0] if self.single_ else X

    def to_images(self, X: NDArray) -> NDArray:
        low, high = self.range_

        # Noise may exceed the range by more than `load` accepts
        x = self.normalize(self.load(X.clip(low, high))).movedim(1, -1).numpy()
        return x if x.shape[-1] in {1, 3, 4} else x.mean(axis=-1, keepdims=True)

    def write(self, path: Path, example: NDArray) -> None:
        bits = self._bits()

        if bits == 32:
            Image.fromarray(np.asarray(example, np.float32).reshape(self.shape_[1:])).save(path)
            return

        dtype = np.uint16 if bits == 16 else np.uint8
        pixels = np.rint(np.iinfo(dtype).max * self.to_images(example[None])[0]).astype(dtype)

        if bits == 16 and self.dtype_ == "uint16":  # levels are written as in the files of the fit
            first = self.layout == "NCHW"
            pixels = np.moveaxis(example, 0, -1) if first else example.reshape(pixels.shape)

        if self.shape_[0] in COLORS and bits == 8 and not self._is_of_bytes() and not self._told:
            self._told = True
            log.warning(
                "colors of %s from %g to %g are written as images of 8 bits. A .npy file keeps"
                " them as they are.",
                *(self.dtype_, *self.range_),
            )

        write_photograph(path, pixels[..., 0] if pixels.shape[-1] == 1 else pixels)

    def _check_arguments(self, X: NDArray) -> None:
        sizes = {"NHW": 3, "NHWC": 4, "NCHW": 4}

        if self.layout is not None and self.layout not in sizes:
            raise ValueError(f"expected a layout out of {[*sizes]}, or None, got {self.layout!r}.")

        if self.layout is not None and X.ndim != sizes[self.layout]:
            raise ValueError(
                f"expected images with layout {self.layout}, of {sizes[self.layout]} axes, got"
                f" shape {X.shape}."
            )

        size = (self.size, self.size) if isinstance(self.size, int) else self.size
        own = X.shape[2:4] if self.layout == "NCHW" else X.shape[1:3]

        if size is not None and tuple(size) != own:
            raise ValueError(
                f"size={self.size!r} scales images from files, and has no effect on arrays; got"
                f" images of {' x '.join(map(str, own))}. Leave it out."
            )

    def _restore(self, x: Tensor) -> NDArray:
        low, high = self.range_
        x = (x if self.layout == "NCHW" else x.movedim(1, -1)).clamp(0, 1)
        x = x if np.dtype(self.dtype_).itemsize == 1 else x.double()
        X = x.cpu().numpy() * (high - low) + low
        return cast(X[..., 0] if self.single_ else X, self.dtype_)


def _reduction(sizes: list[tuple[int, int]], size: Sequence[int], chosen: bool) -> str | None:
    r"""Returns a warning about images that are scaled and cut to another size."""
    height, width = size
    own = np.median(sizes, axis=0)
    kept = [height * width / (max(height / h, width / w) ** 2 * h * w) for h, w in sizes]

    return failures.reduced(
        (int(own[0]), int(own[1])), (height, width), 1 - float(np.mean(kept)), chosen
    )
