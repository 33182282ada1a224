r"""Images with more than eight bits, whose gray levels are kept."""

__all__ = ["Depth", "Picture", "common_depth", "has_alpha", "is_deep", "own_depth", "read_deep"]

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .opening import open_image

log = logging.getLogger(__name__)

_FULL_SCALES = {"bytes": 255.0, "integers": 65535.0, "floats": 1.0}
_LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114])  # ITU-R 601, as in Pillow
_DEEP_COLOR_MODES = {"RGB;16", "RGBA;16", "RGBX;16"}
_ORIENTATION_TAG = 0x0112
_SAMPLE_FORMAT_TAG, _BITS_TAG = 339, 258  # tags of TIFF


class Depth(NamedTuple):
    r"""Number type of gray levels, `"bytes"`, `"integers"` or `"floats"`, and the value of white.

    For integers, white is one less than the next power of two above the largest level. For floats
    from 0 to 1, white is 1. For other floats, white is unknown.
    """

    kind: str
    white: float | None


class Picture(NamedTuple):
    r"""Levels of an image in its file, with shape `(H, W)` or `(H, W, 3)`."""

    x: NDArray

    alpha: NDArray | None
    r"""The opacity of each pixel, from 0 to 1, with shape `(H, W)`."""

    def fitted(self, size: tuple[int, int], channels: int, white: float | None) -> NDArray:
        r"""Returns the image on white, at another size and with another number of channels."""
        x = self.x

        if channels == 1 and x.ndim == 3:
            x = _like(x @ _LUMA_WEIGHTS, x.dtype)
        elif channels == 3 and x.ndim == 2:
            x = np.repeat(x[..., None], 3, axis=2)

        if self.alpha is not None:
            alpha = self.alpha if x.ndim == 2 else self.alpha[..., None]
            x = _like(x * alpha + (white or 1.0) * (1 - alpha), x.dtype)

        if x.shape[:2] == size:
            return x

        planes = [x] if x.ndim == 2 else [*np.moveaxis(x, -1, 0)]
        resized = [_resized(plane, size) for plane in planes]
        return resized[0] if x.ndim == 2 else np.stack(resized, axis=-1)


def has_alpha(image: Image.Image) -> bool:
    r"""Tell whether parts of an image may be transparent.

    Example:
        >>> has_alpha(Image.new("LA", (1, 1))), has_alpha(Image.new("LAB", (1, 1)))
        (True, False)
    """
    return image.getbands()[-1] in {"A", "a"} or "transparency" in image.info


def is_deep(image: Image.Image) -> bool:
    r"""Tell whether an opened image has more than eight bits that can be read.

    Example:
        >>> is_deep(Image.new("I;16", (2, 2))), is_deep(Image.new("RGB", (2, 2)))
        (True, False)
    """
    if image.mode.startswith("I") or image.mode == "F" or _is_signed(image):
        return True

    return _rawmode(image) is not None or _is_wide_ppm(image)


def read_deep(path: Path) -> Picture:
    r"""Reads an image with more than eight bits.

    Arguments:
        path: The file.

    Raises:
        ValueError: If it holds numbers that are not finite.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "a.png"
        >>> Image.fromarray(np.array([[7, 4095]], np.uint16)).save(file)
        >>> read_deep(file).x
        array([[   7, 4095]], dtype=uint16)
    """
    with open_image(path) as image:
        rawmode, orientation = _rawmode(image), image.getexif().get(_ORIENTATION_TAG, 1)
        alpha = None

        if rawmode is not None:
            x, alpha = _halves(path, rawmode)
        elif _is_wide_ppm(image):
            x = _read_ppm(path, image)
        else:
            x = _levels(image)
            transparent = image.info.get("transparency")

            if isinstance(transparent, int):
                alpha = (x != transparent).astype(float)

    if not np.isfinite(x).all():
        raise ValueError("it holds numbers that are not finite")

    return Picture(_turned(x, orientation), None if alpha is None else _turned(alpha, orientation))


def own_depth(low: float, high: float, kind: str) -> Depth:
    r"""Depth of images, from their smallest and largest level.

    Arguments:
        low: The smallest level.
        high: The largest level.
        kind: The kind of numbers, as in `numpy.dtype.kind`.

    Example:
        >>> own_depth(200, 499, "u"), own_depth(0.0, 0.7, "f").white
        (Depth(kind='integers', white=511.0), 1.0)
    """
    if kind != "f":
        white = max(255.0, 2.0 ** int(high).bit_length() - 1) if low >= 0 else None
        return Depth("integers", white)

    return Depth("floats", 1.0 if low >= 0 and high <= 1 else None)


def common_depth(
    there: Mapping[str, float | None], known: Depth | None = None
) -> tuple[Depth, dict[str, float]]:
    r"""Common depth of images, and the factor for levels of each kind.

    Levels are those of the files. If files have several kinds, they are scaled so that black and
    white agree, provided that white is known.

    Arguments:
        there: The value of white of the images, by kind of number.
        known: The depth of the images of an earlier fit, if any.

    Raises:
        ValueError: If levels of two kinds cannot be compared.

    Example:
        >>> common_depth({"bytes": 255.0, "integers": 65535.0})
        (Depth(kind='integers', white=65535.0), {'bytes': 257.0, 'integers': 1.0})
    """
    deepest = next((kind for kind in ("floats", "integers") if kind in there), "bytes")
    own = Depth(deepest, there.get(deepest, _FULL_SCALES["bytes"]))

    if len(there) <= 1 and (known is None or known.kind == own.kind):
        return own, {own.kind: 1.0}

    if len(there) <= 1 and known is not None and "bytes" not in {known.kind, own.kind}:
        if (own.white, known.white) != (_FULL_SCALES[own.kind], _FULL_SCALES[known.kind]):
            return own, {own.kind: 1.0}  # the modality checks the range

    if [*there] == ["bytes"] and known is not None:  # the modality scales bytes by their own range
        if known.kind == "integers" and known.white not in (None, 255.0, _FULL_SCALES["integers"]):
            log.warning(
                "in these images of 8 bits, 0 is black and 255 is white; in those of the fit, %g"
                " was white. If that is wrong, save them with the levels of the fit.",
                known.white,
            )

        return own, {"bytes": 1.0}

    target = known if known is not None else own
    return target, {kind: _factor(Depth(kind, white), target) for kind, white in there.items()}


def _factor(depth: Depth, target: Depth) -> float:
    if depth.kind == target.kind:
        return 1.0

    whites = depth.white, target.white

    if "floats" not in (depth.kind, target.kind) and whites == (255.0, 255.0):
        return 1.0

    if whites == (_FULL_SCALES[depth.kind], _FULL_SCALES[target.kind]):
        return _FULL_SCALES[target.kind] / _FULL_SCALES[depth.kind]

    levels = [
        f"{d.kind} with white at {'no clear level' if d.white is None else f'{d.white:g}'}"
        for d in (depth, target)
    ]
    raise ValueError(
        f"cannot compare gray levels: there are images of {levels[0]}, and of {levels[1]}."
        " Save all images in one format, with the same number of bits."
    )


def _rawmode(image: Image.Image) -> str | None:
    r"""Returns the byte order of 16 bits per channel in a file that Pillow reduces to eight."""
    tiles = getattr(image, "tile", [])

    if not tiles or image.mode not in {"RGB", "RGBA"}:
        return None

    args = tiles[0][3]
    rawmode = args if isinstance(args, str) else args[0] if args else None

    if not isinstance(rawmode, str):
        return None

    return rawmode if rawmode[:-1] in _DEEP_COLOR_MODES or rawmode == "LA;16B" else None


def _halves(path: Path, rawmode: str) -> tuple[NDArray, NDArray | None]:
    r"""Returns levels and opacity with 16 bits per channel.

    Pillow gives the upper eight bits, and with the other byte order the lower eight.
    """
    if rawmode == "LA;16B":
        four = _decoded(path, "RGBA").astype(np.uint16)
        both = four[..., ::2] * 256 + four[..., 1::2]
        return both[..., 0], both[..., 1] / 65535

    native = "L" if sys.byteorder == "little" else "B"
    order = native if rawmode[-1] == "N" else rawmode[-1]
    upper = _decoded(path, rawmode).astype(np.uint16)
    lower = _decoded(path, rawmode[:-1] + ("B" if order == "L" else "L"))
    both = upper * 256 + lower

    return both[..., :3], both[..., 3] / 65535 if rawmode.startswith("RGBA") else None


def _decoded(path: Path, rawmode: str) -> NDArray:
    with open_image(path) as opened:
        image: Any = opened
        image.tile = [
            (*tile[:3], rawmode if isinstance(tile[3], str) else (rawmode, *tile[3][1:]))
            for tile in image.tile
        ]
        return np.asarray(image)


def _is_wide_ppm(image: Image.Image) -> bool:
    tile: Any = getattr(image, "tile", None)
    return bool(tile) and image.mode == "RGB" and tile[0][0] == "ppm" and tile[0][3][-1] > 255


def _read_ppm(path: Path, image: Any) -> NDArray:
    width, height = image.size
    tile = image.tile[0]
    levels = np.fromfile(path, ">u2", 3 * width * height, offset=tile[2]) / tile[3][-1]
    return np.rint(65535 * levels.clip(0, 1)).astype(np.uint16).reshape(height, width, 3)


def _is_signed(image: Image.Image) -> bool:
    tags = getattr(image, "tag_v2", {})
    return (
        image.mode == "L" and tags.get(_SAMPLE_FORMAT_TAG) == (2,) and tags.get(_BITS_TAG) == (8,)
    )


def _levels(image: Image.Image) -> NDArray:
    signed = _is_signed(image)
    unsigned = image.mode == "I" and (tags := getattr(image, "tag_v2", {})).get(_BITS_TAG) == (32,)
    unsigned = unsigned and tags.get(_SAMPLE_FORMAT_TAG, (1,)) == (1,)
    x = np.asarray(image)

    if signed:
        return x.view(np.int8)

    return x.view(np.uint32) if unsigned else x.astype(x.dtype.newbyteorder("="))


def _turned(x: NDArray, orientation: int) -> NDArray:
    r"""Returns an image upright, by the orientation that the camera recorded."""
    if orientation in {5, 6, 7, 8}:
        x = x.swapaxes(0, 1)

    x = x[:, ::-1] if orientation in {2, 3, 6, 7} else x
    return x[::-1] if orientation in {3, 4, 7, 8} else x


def _resized(x: NDArray, size: tuple[int, int]) -> NDArray:
    image = Image.fromarray(np.ascontiguousarray(x, np.float32))
    y = np.asarray(ImageOps.fit(image, size[::-1], Image.Resampling.BICUBIC))
    return _like(
        y.clip(x.min(), x.max()), x.dtype
    )  # interpolation of floats may overshoot; interpolation of bytes cannot


def _like(x: NDArray, dtype: np.dtype) -> NDArray:
    return (x if dtype.kind == "f" else np.rint(x)).astype(dtype)
