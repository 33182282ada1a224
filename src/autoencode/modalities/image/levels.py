r"""Gray levels of images: black and white, and the bits that hold all levels."""

__all__ = ["COLORS", "IntensityLevels", "black_and_white"]

import logging

import numpy as np
from numpy.typing import NDArray

from ...data.media.depths import Depth
from ..statistics import value_range

log = logging.getLogger(__name__)

COLORS = {3, 4}  # numbers of channels of files in color


class IntensityLevels:
    r"""Gray levels of the images of a fit.

    Attributes:
        shape_: The channels, height and width.
        dtype_: The type of the numbers.
        range_: Black and white.
        binary_: Whether all numbers are black or white.
    """

    shape_: tuple[int, ...]
    dtype_: str
    range_: tuple[float, float]
    binary_: bool

    def _range_of(self, X: NDArray) -> tuple[float, float]:
        r"""Returns black and white of an image, which may have more bits than those of the fit."""
        binary = self.binary_ and self.range_[1] == 1

        if self.dtype_ == "uint8" and X.dtype == np.uint16:
            return 0.0, 65535.0 / 255 * self.range_[1]

        if X.dtype == np.uint8 and not binary:
            return 0.0, 255.0

        self._check_range(*value_range(X)[:2])
        return self.range_

    def _check_range(self, least: float, greatest: float) -> None:
        low, high = self.range_

        # Noise may exceed the range a little; another scale of gray values exceeds it by far
        reach = 3 * (high - low)

        if greatest > high + reach or least < low - reach:
            raise ValueError(
                f"expected intensities from about {low:g} to {high:g}, as in the images of the"
                f" fit, got {least:g} to {greatest:g}. Convert them to that scale."
            )

        if high == 255 and 0 < greatest <= 1:
            log.warning(
                "intensities of at most %g are nearly black on the scale of the fit, 0 to 255."
                " If that is wrong, multiply them by 255.",
                greatest,
            )

    def _depth(self) -> Depth:
        r"""Returns the number type of gray levels in the examples of the fit."""
        dtype, white = np.dtype(self.dtype_), self.range_[1]

        if dtype.itemsize == 1:
            return Depth("bytes", 255.0)

        if dtype.kind != "f":
            return Depth("integers", white if self.range_[0] == 0 else None)

        return Depth("floats", 1.0 if self.range_ == (0.0, 1.0) else None)

    def _bits(self) -> int:
        r"""Returns the number of bits that the levels of a file need; colors have at most 16."""
        if self._is_of_bytes() or self.shape_[0] not in {1, *COLORS}:
            return 8

        if self.dtype_ == "uint16" or self.range_ == (0.0, 1.0):
            return 16

        return 32 if self.shape_[0] == 1 else 8

    def _is_of_bytes(self) -> bool:
        r"""Tell whether eight bits hold all levels."""
        dtype = np.dtype(getattr(self, "dtype_", "uint8"))
        return dtype.itemsize == 1 or self.range_ == (0.0, 255.0)


def black_and_white(dtype: np.dtype, low: float, high: float) -> tuple[float, float]:
    r"""Numbers that stand for black and white.

    Arguments:
        dtype: The type of the numbers.
        low: The least number.
        high: The greatest number.

    Example:
        >>> black_and_white(np.dtype("float32"), 0.0, 0.9)
        (0.0, 1.0)
        >>> black_and_white(np.dtype("int16"), 0.0, 900.0)
        (0.0, 1023.0)
    """
    if dtype.kind == "b":
        return 0.0, 1.0

    if (dtype == np.uint8 and high != 1) or (low >= 0 and 127.5 < high <= 255):
        return 0.0, 255.0

    if low >= 0 and high <= 1:
        return 0.0, 1.0

    if low < 0:
        return low, high if high > low else low + 1.0

    # With 10 or 12 bits, as in cameras, images brighter than those of the fit are usual
    return 0.0, high if dtype.kind == "f" or high <= 255 else 2.0 ** int(high).bit_length() - 1
