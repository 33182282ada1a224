r"""Many small pictures in one."""

__all__ = ["atlas"]

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ...modalities.capabilities.pictures import to_images
from .pictures import as_pixels
from .shown import kind_of

_PAPER, _INK = 255, 40


def atlas(model: Any, X: Any, side: int) -> tuple[NDArray[np.uint8], int]:
    r"""Square tiles, row by row, of pictures, spectra of sounds, or curves of series.

    Arguments:
        model: The fitted model.
        X: The examples, in the user's units.
        side: The number of pixels of each side of a tile.

    Returns:
        The pixels, with shape `(H, W, 3)`, and the number of tiles in a row.

    Raises:
        ValueError: If there are no pictures of this kind of data.

    Example:
        >>> import autoencode as ae
        >>> X = np.arange(5 * 36.0).reshape(5, 6, 6) / 180
        >>> pixels, columns = atlas(ae.linear(1).fit(X), X, 16)
        >>> pixels.shape, columns
        ((32, 48, 3), 3)
    """
    kind = kind_of(model.modality_)

    if kind in {"text", "row"}:
        raise ValueError(f"there are no small pictures of {model.modality_}.")

    if kind == "series":
        tiles = [_curve(np.asarray(x, float).reshape(len(x), -1), side) for x in X]
    else:
        X = np.asarray(X) if kind == "picture" else X
        tiles = [_tile(as_pixels(image), side) for image in to_images(model.modality_, X)]

    columns = max(1, math.ceil(math.sqrt(len(tiles))))
    rows = max(1, -(-len(tiles) // columns))
    pixels = np.full((rows * columns, side, side, 3), _PAPER, np.uint8)
    pixels[: len(tiles)] = tiles
    pixels = pixels.reshape(rows, columns, side, side, 3).swapaxes(1, 2)

    return pixels.reshape(rows * side, columns * side, 3), columns


def _tile(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    r"""Returns a picture in the middle of a square, with its proportions."""
    image = Image.fromarray(pixels).convert("RGB")
    scale = side / max(image.size)
    size = max(1, round(scale * image.width)), max(1, round(scale * image.height))
    way = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    square = Image.new("RGB", (side, side), (_PAPER,) * 3)
    square.paste(image.resize(size, way), ((side - size[0]) // 2, (side - size[1]) // 2))

    return np.asarray(square)


def _curve(x: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    r"""Returns a picture of the first channel of a series, with shape `(T, C)`."""
    image = Image.new("RGB", (side, side), (_PAPER,) * 3)
    values = x[:, 0]
    known = np.isfinite(values)

    if known.sum() > 1:
        low, high = values[known].min(), values[known].max()
        height = (values[known] - low) / (high - low if high > low else 1.0)
        across = np.flatnonzero(known) / max(1, len(values) - 1)
        points = np.stack([1 + across * (side - 3), side - 2 - height * (side - 3)], axis=1)
        ImageDraw.Draw(image).line([*map(tuple, points.tolist())], fill=(_INK,) * 3)

    return np.asarray(image)
