r"""Pictures as files, and as text for a page."""

__all__ = ["as_pixels", "data_url", "png"]

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def as_pixels(picture: NDArray) -> NDArray[np.uint8]:
    r"""Returns intensities from 0 to 1 as pixels, gray or in colors.

    Arguments:
        picture: The intensities, with shape `(H, W, C)`.

    Example:
        >>> as_pixels(np.array([[[0.0], [1.0]]])).tolist()
        [[0, 255]]
    """
    pixels = np.rint(255 * np.nan_to_num(picture).clip(0, 1)).astype(np.uint8)

    if pixels.shape[-1] in (3, 4):
        return pixels

    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels[..., :3].mean(-1).astype(np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    r"""Returns pixels as a file.

    Arguments:
        pixels: The pixels, with shape `(H, W)` or `(H, W, C)`.

    Example:
        >>> png(np.zeros((2, 2), np.uint8))[1:4]
        b'PNG'
    """
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)

    return file.getvalue()


def data_url(content: bytes, media_type: str) -> str:
    r"""Returns a file as an address that contains it.

    Arguments:
        content: The bytes of the file.
        media_type: Its type.

    Example:
        >>> data_url(b"abc", "text/plain")
        'data:text/plain;base64,YWJj'
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
