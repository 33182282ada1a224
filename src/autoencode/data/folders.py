r"""Folders of images, and single ones."""

__all__ = ["is_image", "read_images", "sizes_of"]

import contextlib
import logging
import math
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..progress import through
from .blocks import Block, write_rows
from .cache import prepare

log = logging.getLogger(__name__)

_LARGE = 2**26  # bytes of files, beyond which they are decoded once and kept in the cache
_BLOCK = 1024  # images between two notes of how far it is
_LARGEST_GUESS = 64  # pixels: beyond that the wait is worth an explicit `size`
_NARROWEST_GUESS = 8  # pixels: strips that would be narrower keep as many pixels as a square has
_STUBS = {"BUFR", "GRIB", "HDF5"}  # which Pillow knows by name alone
_TURNED = {5, 6, 7, 8}  # orientations of a camera held upright


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
    r"""Reads all images of a folder and of its subfolders, in the order of their names; or one.

    Each is scaled to cover `size`, and what stands out is cut off evenly. Transparent ones
    are laid on white. Large folders are decoded once, by all processors, to a file in the
    :func:`cache <autoencode.data.cache_folder>`, where they are found as long as the names, sizes
    and times of modification of the files and the settings are the same.

    Arguments:
        folder: The folder. Every file in it is read, but those whose name, or whose folder's,
            begins with a dot. Or the file of a single image.
        size: Height and width in pixels; by default the median of the images' own, at most
            64 pixels to a side, and of strips no more pixels than such a square has.
        channels: One for grey, three for colour; by default grey if all images are.
        strict: Whether to refuse a folder with a file that cannot be read as an image. By
            default such files are skipped, counted and named in the log.

    Returns:
        The pixels as uint8, with shape `(N, H, W)` or `(N, H, W, 3)`; the subfolder of each,
        or `None` if there are none; and the files' names.

    Raises:
        FileNotFoundError: If there is no such file or folder.
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

    path = Path(folder)
    folder, files = _files(path)
    states = [file.stat() for file in files]
    seen = [
        (str(file.relative_to(folder)), state.st_size, state.st_mtime_ns)
        for file, state in zip(files, states)
    ]

    if sum(n for _, n, _ in seen) > _LARGE:
        key = ["images", str(folder.resolve()), size, channels, seen]
        X, about, _ = prepare(key, lambda place: _write(place, folder, files, size, channels))
        bad = _bad(seen, about["notes"])
    else:
        blocks = [*_blocks(files, *_survey(files, size, channels))]
        X = np.concatenate([X for X, _ in blocks]) if blocks else np.zeros((0, 1, 1), np.uint8)
        bad = _bad(seen, [note for _, notes in blocks for note in notes])

    if bad and not path.is_dir():
        raise ValueError(f"cannot read '{path}': {bad[path.name]}.")

    if bad:
        message = f"{len(bad)} of {len(files)} files are no readable images: "
        message += "; ".join([f"{name} ({error})" for name, error in bad.items()][:5])
        message += "; ..." * (len(bad) > 5)

        if strict:
            raise ValueError(f"{message}. Remove them, or use strict=False to skip them.")

        log.warning("%s. Skipped.", message)

    if len(X) == 0:
        raise _nothing(path, files)

    kept = [name for name, *_ in seen if name not in bad]
    parents = [str(Path(name).parent) for name in kept]
    y = np.array(parents) if set(parents) != {"."} else None

    return ImageFolder(X, y, kept)


def sizes_of(path: Path, most: int = 256) -> list[tuple[int, int]]:
    r"""The own heights and widths of images, as their first bytes announce them.

    Arguments:
        path: The folder, or the file of a single image.
        most: How many files are looked at, at most.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "black.png"
        >>> Image.new("L", (9, 8)).save(file)
        >>> sizes_of(file)
        [(8, 9)]
    """
    files = _files(path)[1]

    with _quiet():
        heads = [_head(file) for file in files[:: -(-len(files) // most)]]

    return [head[:2] for head in heads if head is not None]


def is_image(path: Path) -> bool:
    r"""Whether a path has the suffix of an image, and is no folder.

    Example:
        >>> is_image(Path("cat.png")), is_image(Path("cat.npy"))
        (True, False)
    """
    kind = Image.registered_extensions().get(path.suffix.lower())
    return kind in {*Image.OPEN} - _STUBS and not path.is_dir()


def _files(path: Path) -> tuple[Path, list[Path]]:
    r"""Returns a folder and all files in it, or that of a single file and that file."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder '{path}'.")

    if not path.is_dir():
        return path.parent, [path]

    return path, sorted(f for f in path.rglob("*") if f.is_file() and not _hidden(f, path))


def _write(
    place: Path,
    folder: Path,
    files: list[Path],
    size: tuple[int, int] | None,
    channels: int | None,
) -> dict[str, Any]:
    r"""Writes the pixels to a file."""
    log.info("decoding %d images of '%s', once.", len(files), folder)
    size, channels = _survey(files, size, channels)
    row = channels * size[0] * size[1]
    notes = write_rows(place, row, lambda start: _blocks(files[start:], size, channels))
    n = sum(note is None for note in notes)

    if n == 0:
        raise _nothing(folder, files)

    return {"dtype": "uint8", "shape": (n, *size, *[3] * (channels == 3)), "notes": notes}


def _nothing(folder: Path, files: list[Path]) -> ValueError:
    remedy = ""

    if any(file.suffix.lower() == ".txt" for file in files):
        remedy = " Texts are the lines of one .txt file: join these."

    return ValueError(f"expected images, got none in '{folder}'.{remedy}")


def _bad(seen: list[tuple[str, int, int]], notes: list[str | None]) -> dict[str, str]:
    return {name: note for (name, *_), note in zip(seen, notes) if note is not None}


def _blocks(files: list[Path], size: tuple[int, int], channels: int) -> Iterator[Block]:
    r"""Yields the pixels of the readable files, and what is wrong with each."""
    mode = "RGB" if channels == 3 else "L"

    def decode(file: Path) -> NDArray | str:
        try:
            return np.asarray(_open(file, size).convert(mode))
        except Exception as error:  # Pillow's decoders raise whatever they like
            return f"{type(error).__name__}: {error}"

    parts = [files[i : i + _BLOCK] for i in range(0, len(files), _BLOCK)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in through(parts, len(files), "files"):
            with _quiet():
                decoded = [*pool.map(decode, part)]

            pixels = [d for d in decoded if not isinstance(d, str)]
            X = np.zeros((len(pixels), *size, *[3] * (channels == 3)), np.uint8)
            X[:] = pixels if pixels else X

            yield X, [d if isinstance(d, str) else None for d in decoded]


def _survey(
    files: list[Path], size: tuple[int, int] | None, channels: int | None
) -> tuple[tuple[int, int], int]:
    r"""Returns size and channels that suit the images, as their first bytes announce them."""
    if size is not None and channels is not None:
        return size, channels

    with _quiet(), ThreadPoolExecutor(os.cpu_count()) as pool:
        heads = [head for head in pool.map(_head, files) if head is not None]

    if size is None:
        median = np.median([head[:2] for head in heads] or [(1, 1)], axis=0)
        shrink = min(1, _LARGEST_GUESS / median.max())

        if shrink * median.min() < _NARROWEST_GUESS:  # strips, of which little would be left
            shrink = min(1, _LARGEST_GUESS / math.sqrt(median.prod()))

        height, width = np.ceil(median * shrink).astype(int)
        size = (int(height), int(width))

    return size, channels or (1 if all(grey for _, _, grey in heads) else 3)


def _head(file: Path) -> tuple[int, int, bool] | None:
    try:
        with Image.open(file) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112) in _TURNED
            return *((width, height) if turned else (height, width)), _is_grey(image)
    except Exception:  # said when it is decoded
        return None


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    r"""Silences damaged data of cameras, and makes images too large to be true an error.

    Filters belong to the whole process: they are set around all threads, not in each.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _is_grey(image: Image.Image) -> bool:
    return image.mode in {"1", "L", "LA", "La"} or image.mode.startswith("I")


def _open(file: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(file) as opened:
        image: Image.Image = opened
        grey = _is_grey(image)
        image.draft(None, (2 * max(size), 2 * max(size)))  # of photographs, only what is needed

        if image.mode.startswith("I"):  # 16 bits, which `convert` would clip
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))

        image = ImageOps.exif_transpose(image)

        if "A" in image.getbands() or "transparency" in image.info:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)

        image = image.convert("L" if grey else "RGB")

    width_height = size[::-1]

    if image.size == width_height:
        return image

    return ImageOps.fit(image, width_height, Image.Resampling.BICUBIC)
