r"""Folders of images."""

__all__ = ["read_images"]

import logging
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

log = logging.getLogger(__name__)

_LARGEST_GUESS = 64  # pixels: beyond that the wait is worth an explicit `size`


class ImageFolder(NamedTuple):
    r"""The images of a folder: pixels, the files they come from, and the subfolders."""

    X: NDArray
    y: NDArray | None
    files: list[str]


def read_images(
    folder: str | Path,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    strict: bool = False,
) -> ImageFolder:
    r"""Reads all images of a folder and of its subfolders, in the order of their names.

    Each is scaled to cover `size`, and what stands out is cut off evenly. Transparent ones
    are laid on white.

    Arguments:
        folder: The folder. Every file in it is read, but those whose name, or whose folder's,
            begins with a dot.
        size: Height and width in pixels; by default the median of the images' own, at most
            64 pixels to a side.
        channels: One for grey, three for colour; by default grey if all images are.
        strict: Whether to refuse a folder with a file that cannot be read as an image. By
            default such files are skipped, counted and named in the log.

    Returns:
        The pixels as uint8, with shape `(N, H, W)` or `(N, H, W, 3)`; the subfolder of each,
        or `None` if there are none; and the files' names.

    Raises:
        ValueError: If there is no image, or with `strict` if there is something else.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> Image.new("L", (9, 8)).save(folder / "black.png")
        >>> read_images(folder).X.shape
        (1, 8, 9)
    """
    if size is not None and min(size) < 1:
        raise ValueError(f"expected a size of at least one pixel, got {size}.")

    folder = Path(folder)
    files = sorted(f for f in folder.rglob("*") if f.is_file() and not _hidden(f, folder))
    images, kept, bad = [], [], []

    for file in files:
        try:
            images.append(_open(file, size))
            kept.append(file)
        except Exception as error:  # Pillow's decoders raise whatever they like
            bad.append(f"{file.relative_to(folder)} ({type(error).__name__}: {error})")

    if bad:
        message = f"{len(bad)} of {len(files)} files are no readable images: " + "; ".join(bad[:5])
        message += "; ..." if len(bad) > 5 else ""

        if strict:
            raise ValueError(f"{message}. Remove them, or use strict=False to skip them.")

        log.warning("%s. Skipped.", message)

    if not images:
        raise ValueError(f"expected a folder of images, got no image in '{folder}'.")

    if size is None:
        median = np.median([image.size[::-1] for image in images], axis=0)
        height, width = np.ceil(median * min(1, _LARGEST_GUESS / median.max())).astype(int)
        size = (int(height), int(width))

    if channels is None:
        channels = 1 if all(image.mode == "L" for image in images) else 3

    mode = "L" if channels == 1 else "RGB"
    X = np.stack([np.asarray(_fit(image, size).convert(mode)) for image in images])
    parents = [str(file.parent.relative_to(folder)) for file in kept]
    y = np.array(parents) if set(parents) != {"."} else None

    return ImageFolder(X, y, [str(file.relative_to(folder)) for file in kept])


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _open(file: Path, size: tuple[int, int] | None) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged camera data, for example
        warnings.simplefilter("error", Image.DecompressionBombWarning)

        with Image.open(file) as image:
            grey = image.mode in {"1", "L", "LA", "La"} or image.mode.startswith("I")

            if image.mode.startswith("I"):  # 16 bits, which `convert` would clip
                image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))

            image = ImageOps.exif_transpose(image)

            if "A" in image.getbands() or "transparency" in image.info:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)

            image = image.convert("L" if grey else "RGB")

    # Small at once, so that a folder of photographs does not have to fit in memory
    if size is not None:
        return _fit(image, size)

    if max(image.size) > 4 * _LARGEST_GUESS:
        image.thumbnail((4 * _LARGEST_GUESS, 4 * _LARGEST_GUESS))

    return image


def _fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    size = size[::-1]
    return image if image.size == size else ImageOps.fit(image, size, Image.Resampling.BICUBIC)
