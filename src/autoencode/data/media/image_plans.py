r"""Common size, mode and levels of the images of a folder, from the heads of their files."""

__all__ = ["ImageHead", "ImagePlan", "is_gray", "plan_images", "quiet_decoding", "read_head"]

import contextlib
import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ...common.failures import filtered, ignored
from .depths import Depth, common_depth, has_alpha, is_deep, own_depth, read_deep
from .opening import open_image

_MAX_DEFAULT_SIDES = (64, 128)  # pixels; users choose a longer training with an explicit `size`
_MAX_DEFAULT_PIXELS = 2**24  # in all images; with more, the lower limit of the size holds
_MIN_DEFAULT_SIDE = 8  # pixels; narrower strips keep as many pixels as a square
_ROTATED_ORIENTATIONS = {5, 6, 7, 8}  # orientations of a camera held upright


class ImageHead(NamedTuple):
    r"""Properties of an image that are known before its pixels are read."""

    height: int
    width: int
    gray: bool
    frames: int
    depth: str

    levels: tuple[float, float] | None
    r"""The smallest and the largest level of an image with more than eight bits."""

    clear: bool
    r"""True if some parts of it may be transparent."""


class ImagePlan(NamedTuple):
    r"""Common size and mode of all images of a source."""

    size: tuple[int, int]
    channels: int
    dtype: str
    white: float | None

    factors: dict[str, float]
    r"""The factors for levels of each kind."""

    deep: list[int]
    r"""The indices of the files with more than eight bits."""

    frames: dict[str, int]
    r"""The number of frames or pages of files that have several, by name."""

    message: str | None
    r"""The log line about gray levels and transparency."""


def plan_images(
    files: list[Path],
    size: tuple[int, int] | None,
    channels: int | None,
    known: Depth | None,
) -> ImagePlan:
    r"""Returns a plan from the heads of the files, and from the levels of deep images.

    Arguments:
        files: The files.
        size: The height and width in pixels, if the user sets them.
        channels: One or three, if the user sets it.
        known: The depth of an earlier fit.

    Raises:
        ValueError: If the gray levels of two images cannot be compared.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "black.png"
        >>> Image.new("L", (9, 8)).save(file)
        >>> plan_images([file], None, None, None)[:3]
        ((8, 9), 1, 'uint8')
    """
    with quiet_decoding(), ThreadPoolExecutor(os.cpu_count()) as pool:
        heads_read = {
            i: head for i, head in enumerate(pool.map(read_head, files)) if head is not None
        }

    heads = [*heads_read.values()]

    if size is None:
        median = np.median([head[:2] for head in heads] or [(1, 1)], axis=0)
        fewer, few = _MAX_DEFAULT_SIDES
        largest = min(few, max(fewer, int((_MAX_DEFAULT_PIXELS / max(1, len(heads))) ** 0.5)))
        shrink = min(1, largest / median.max())

        if shrink * median.min() < _MIN_DEFAULT_SIDE:  # a strip
            shrink = min(1, largest / math.sqrt(median.prod()))

        height, width = np.ceil(median * shrink).astype(int)
        size = (int(height), int(width))

    channels = channels or (1 if all(head.gray for head in heads) else 3)
    ranges: dict[str, tuple[float, float]] = {}

    for head in heads:
        if head.levels is None and head.depth != "bytes":
            continue  # decoding it reports the fault

        low, high = head.levels or (0, 255)
        before = ranges.get(head.depth, (low, high))
        ranges[head.depth] = min(low, before[0]), max(high, before[1])

    kinds = {"bytes": "u", "integers": "i", "floats": "f"}
    whites = {
        kind: 255.0 if kind == "bytes" else own_depth(*levels, kinds[kind]).white
        for kind, levels in ranges.items()
    }

    try:
        depth, factors = common_depth(whites, known)
    except ValueError as error:
        examples = {head.depth: files[i].name for i, head in heads_read.items()}
        shown = "; ".join(f"'{name}' has {kind}" for kind, name in examples.items())
        raise ValueError(f"{error} Here {shown}.") from None

    dtype = _dtype(depth, [(factors[k] * a, factors[k] * b) for k, (a, b) in ranges.items()])
    white = whites.get(depth.kind, depth.white)
    frames = {f"{i}": head.frames for i, head in heads_read.items() if head.frames > 1}
    deep = [i for i, head in heads_read.items() if head.depth != "bytes"]
    notes = [_describe_levels(ranges, depth, factors, len(deep), len(files))]

    if clear := sum(head.clear for head in heads):
        notes.append(
            f"{clear:,} of {len(files):,} images have an alpha channel, which is left out:"
            " transparent parts are white. Lay the images on another color before, to change that."
        )

    return ImagePlan(
        *(size, channels, dtype, white, factors, deep, frames),
        " ".join(filter(None, notes)) or None,
    )


def read_head(file: Path, levels: bool = True) -> ImageHead | None:
    r"""Returns the properties of an image, or `None` if it cannot be read.

    Arguments:
        file: The file.
        levels: Whether to find the levels of images with more than eight bits.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "black.png"
        >>> Image.new("L", (9, 8)).save(file)
        >>> read_head(file)[:3]
        (8, 9, True)
    """
    try:
        with open_image(file) as image:
            gray, deep = is_gray(image), is_deep(image)  # loading would lose the Exif data
            clear = has_alpha(image)
            width, height = image.size
            turned = image.getexif().get(0x0112) in _ROTATED_ORIENTATIONS
            size = (height, width) if not turned else (width, height)
            frames = getattr(image, "n_frames", 1)

        if not (levels and deep):
            return ImageHead(*size, gray, frames, "bytes", None, clear)

        try:
            x = read_deep(file).x
        except Exception:
            return ImageHead(*size, gray, frames, "integers", None, clear)

        kind = "floats" if x.dtype.kind == "f" else "integers"
        levels_of_x = float(x.min()), float(x.max())
        return ImageHead(*size, gray, frames, kind, levels_of_x, clear)
    except Exception:  # decoding it reports the fault
        return None


@contextlib.contextmanager
def quiet_decoding() -> Iterator[None]:
    r"""Silences warnings of damaged Exif data, and turns those of huge images into errors.

    Filters of warnings hold for the whole process, so they are set once around all threads.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> Image.new("L", (9, 8)).save(file, "png")
        >>> with quiet_decoding():
        ...     Image.open(file).size
        (9, 8)
    """
    huge = filtered("error", category=Image.DecompressionBombWarning)

    with ignored(module=r"PIL\b|numpy\b|autoencode\.data\b"), huge:
        yield


def is_gray(image: Image.Image) -> bool:
    r"""Returns whether an image is gray, with or without transparency.

    Example:
        >>> is_gray(Image.new("LA", (9, 8))), is_gray(Image.new("RGB", (9, 8)))
        (True, False)
    """
    if image.mode in {"1", "L", "LA", "La", "F"} or image.mode.startswith("I"):
        return True

    return "LA;16B" in str(getattr(image, "tile", ""))


def _dtype(depth: Depth, ranges: list[tuple[float, float]]) -> str:
    r"""Returns the smallest type that holds all levels."""
    if depth.kind != "integers":
        return "uint8" if depth.kind == "bytes" else "float32"

    low, high = min(a for a, _ in ranges), max(b for _, b in ranges)
    types = ("uint16", "int32", "int64")
    return next(t for t in types if np.iinfo(t).min <= low and high <= np.iinfo(t).max)


def _describe_levels(
    ranges: dict[str, tuple[float, float]],
    depth: Depth,
    factors: dict[str, float],
    deep: int,
    total: int,
) -> str | None:
    if deep == 0:
        return None

    parts = [f"{kind} from {a:g} to {b:g}" for kind, (a, b) in ranges.items()]
    changed = [f"{kind} times {factor:g}" for kind, factor in factors.items() if factor != 1]
    white = "" if depth.white is None else f", white at {depth.white:g}"

    return (
        f"{deep:,} of {total:,} images have more than 8 bits: {' and '.join(parts)}; levels are"
        f" {', '.join(changed) if changed else 'as in the files'}{white}."
    )
