r"""Photographs in their own size, with their colors, transparency and number of bits."""

__all__ = ["photographs_of", "read_photograph", "write_photograph"]

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .deep_png import write_deep_png
from .depths import has_alpha, is_deep, read_deep
from .opening import open_image

_MAX_16_BIT_LEVEL = 2**16 - 1


def read_photograph(path: Path) -> NDArray:
    r"""The pixels of a photograph, held upright, in its own size.

    Arguments:
        path: The file.

    Returns:
        Gray levels with shape `(H, W)`, or colors with shape `(H, W, 3)`, and another channel if
        parts are transparent. The type is uint16 for 16 bits, and uint8 for fewer.

    Raises:
        ValueError: If the file cannot be read, or its pixels do not have 8 or 16 bits.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "black.png"
        >>> Image.new("RGBA", (9, 8)).save(file)
        >>> read_photograph(file).shape
        (8, 9, 4)
    """
    try:
        with open_image(path) as opened:
            if is_deep(opened) and opened.mode in {"RGB", "RGBA"}:
                return _deep_pixels(path)

            image: Image.Image = ImageOps.exif_transpose(opened)
            pixels = _pixels(image)
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}.") from None
    except Exception as error:  # Pillow's decoders raise whatever they like
        raise ValueError(f"cannot read '{path}': {type(error).__name__}: {error}.") from None

    if pixels.dtype.kind in "if":
        whole = (
            pixels.dtype.kind == "i" and 0 <= pixels.min() and pixels.max() <= _MAX_16_BIT_LEVEL
        )

        if not whole:
            raise ValueError(
                f"cannot read '{path}' in its own size: expected pixels of 8 or 16 bits, got"
                f" {pixels.dtype} from {pixels.min():g} to {pixels.max():g}. Save it as a PNG."
            )

        pixels = pixels.astype(np.uint16)

    return pixels


def write_photograph(path: Path, X: NDArray, like: Path | None = None) -> None:
    r"""Writes a photograph as a PNG file, without loss.

    Arguments:
        path: The file.
        X: The pixels, as :func:`read_photograph` returns them.
        like: The original photograph, whose color profile is copied.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "gray.png"
        >>> write_photograph(file, np.full((2, 3), 40_000, np.uint16))
        >>> read_photograph(file).tolist()
        [[40000, 40000, 40000], [40000, 40000, 40000]]
    """
    profile = None

    if like is not None:
        with open_image(like) as image:
            # An image in CMYK, for example, has other pixels than those that are written
            alike = image.mode in {"L", "LA", "RGB", "RGBA"}
            profile = image.info.get("icc_profile") if alike else None

    if X.dtype == np.uint16 and X.ndim == 3:
        write_deep_png(path, X, profile)
        return

    Image.fromarray(X).save(path, "PNG", **({"icc_profile": profile} if profile else {}))


def photographs_of(path: Path) -> list[Path]:
    r"""The files of a folder of images, in the order of their names, or a single file.

    Arguments:
        path: The folder, which is searched with its subfolders, or the file.

    Example:
        >>> photographs_of(Path("cat.png"))
        [PosixPath('cat.png')]
    """
    if not path.is_dir():
        return [path]

    files = (f for f in path.rglob("*") if f.is_file())
    return sorted(f for f in files if not any(p[0] == "." for p in f.relative_to(path).parts))


def _pixels(image: Image.Image) -> NDArray:
    gray = image.mode in {"1", "L", "LA", "La"} or image.mode.startswith("I")

    if image.mode.startswith(("I", "F")):
        return np.asarray(image)

    if has_alpha(image):
        return np.asarray(image.convert("LA" if gray else "RGBA"))

    return np.asarray(image.convert("L" if gray else "RGB"))


def _deep_pixels(path: Path) -> NDArray:
    r"""Returns colors, and gray levels with opacity, of 16 bits; Pillow would keep eight."""
    picture = read_deep(path)

    if picture.alpha is None:
        return picture.x

    alpha = np.rint(_MAX_16_BIT_LEVEL * picture.alpha).astype(np.uint16)[..., None]
    return np.concatenate([picture.x if picture.x.ndim == 3 else picture.x[..., None], alpha], -1)
