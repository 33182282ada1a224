r"""Folders of images, lists of images, and single images."""

__all__ = ["is_image", "read_images", "sizes_of"]

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ...common.batching import data_limits
from ...common.progress import track
from ..cache import prepare
from ..listing.names import Names, first_few
from ..listing.sources import Files, Listing, list_files
from ..remedies import remedy
from ..resumable import Block, write_rows
from .depths import Depth, has_alpha, read_deep
from .image_plans import ImagePlan, is_gray, plan_images, quiet_decoding, read_head
from .opening import open_image

log = logging.getLogger(__name__)

_DECODED_BYTES_PER_BYTE = 4  # files of images are compressed
_UNDECODABLE_FORMATS = {"BUFR", "GRIB", "HDF5"}  # formats that Pillow lists but cannot decode


class ImageFolder(NamedTuple):
    r"""Images of a folder: pixels, names of subfolders, and names of files."""

    X: NDArray
    y: NDArray | None
    files: Names


def read_images(
    folder: str | Path | Sequence[str | Path],
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    strict: bool = False,
    depth: Depth | None = None,
) -> ImageFolder:
    r"""Reads all images of a folder and its subfolders in the order of their names, or of a list.

    Each image is scaled to cover `size`, and cropped at its center. Transparent images are laid on
    white. Images with more than eight bits keep their levels.

    Large folders are decoded once, by all processors, to a file in the
    :func:`cache <autoencode.data.cache_folder>`. It is used again as long as the settings and the
    names, sizes and times of modification of the files are the same.

    Arguments:
        folder: The folder, a file, or several files. Files and folders whose names begin with a
            dot are left out.
        size: The height and width in pixels. By default the median of all images, with sides of
            at most 128 pixels, fewer from 1,024 images on; strips have at most as many pixels as
            a square of that size.
        channels: One for gray, three for color; by default gray if all images are gray.
        strict: Whether to refuse a folder with unreadable images. By default they are skipped, and
            the log counts and names them.
        depth: The number type of gray levels, as in the images of an earlier fit; by default the
            number type of the deepest image.

    Returns:
        The pixels with shape `(N, H, W)` or `(N, H, W, 3)`, as uint8, or in the number type of the
        files if any has more than eight bits; the subfolder of each, or `None` if there are none;
        and the names of the files.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If there is no image, a file is unreadable with `strict`, or gray levels of two
            images cannot be compared.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> Image.new("L", (9, 8)).save(folder / "black.png")
        >>> read_images(folder).X.shape
        (1, 8, 9)
    """
    if size is not None and min(size) < 1:
        raise ValueError(f"expected a size of at least one pixel, got {size}.")

    path = Path(folder) if isinstance(folder, (str, Path)) else Files(map(Path, folder))
    listing = list_files(path)
    single = path if isinstance(path, Path) and not path.is_dir() else None
    states = [file.stat() for file in listing.files]
    seen = [(n, s.st_size, s.st_mtime_ns) for n, s in zip(listing.names, states)]

    if sum(n for _, n, _ in seen) * _DECODED_BYTES_PER_BYTE > data_limits().resident_bytes:
        key = ["images", str(listing.folder.resolve()), size, channels, depth, seen]
        X, about, _ = prepare(
            key, lambda place: _write(place, path, listing, size, channels, depth)
        )
        notes, frames, message = (about[name] for name in ("notes", "frames", "message"))
    else:
        plan = plan_images(listing.files, size, channels, depth)
        blocks = [*_blocks(listing.files, plan)]
        X = np.concatenate([X for X, _ in blocks]) if blocks else np.zeros((0, 1, 1), np.uint8)
        notes = [note for _, notes in blocks for note in notes]
        frames, message = plan.frames, plan.message

    bad = {i: note for i, note in enumerate(notes) if note is not None}
    more = {listing.names[int(i)]: n - 1 for i, n in frames.items() if int(i) not in bad}
    left = [f"{sum(more.values()):,} frames after the first"] if more else []
    names = Names.of(listing, bad, left)

    if names.left_out and single is not None:
        raise ValueError(f"cannot read '{path}': {names.left_out[single.name]}.")

    if names.left_out:
        message = f"{len(names.left_out)} of {names.total} files are not readable images: "
        message += first_few([f"{name} ({error})" for name, error in names.left_out.items()])

        if strict:
            raise ValueError(f"{message}. Remove them, or use strict=False to skip them.")

        log.warning("%s. Skipped.", message)

    if len(X) == 0:
        raise _nothing(path, names)

    if message is not None:
        log.info("%s", message)

    if more:
        log.warning(
            "%d of %d files have several frames or pages: %s. The first is read, and %d are left"
            " out. To use all of them, split the files, for example with `magick FILE"
            " page-%%d.png`.",
            *(
                len(more),
                names.total,
                first_few([f"{k} ({n + 1})" for k, n in more.items()]),
            ),
            sum(more.values()),
        )

    parents = [str(Path(name).parent) for name in names]
    y = np.array(parents) if set(parents) != {"."} else None

    return ImageFolder(X, y, names)


def sizes_of(path: Path | Files, most: int = 256) -> list[tuple[int, int]]:
    r"""Heights and widths of images, from the headers of their files.

    Arguments:
        path: The folder, a file, or several files.
        most: The maximum number of files to examine.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "black.png"
        >>> Image.new("L", (9, 8)).save(file)
        >>> sizes_of(file)
        [(8, 9)]
    """
    files = list_files(path).files

    with quiet_decoding():
        heads = [read_head(file, levels=False) for file in files[:: -(-len(files) // most)]]

    return [head[:2] for head in heads if head is not None]


def is_image(path: Path) -> bool:
    r"""Tell whether a path has the suffix of an image, and is not a folder.

    Example:
        >>> is_image(Path("cat.png")), is_image(Path("cat.npy"))
        (True, False)
    """
    kind = Image.registered_extensions().get(path.suffix.lower())
    return kind in {*Image.OPEN} - _UNDECODABLE_FORMATS and not path.is_dir()


def _write(
    place: Path,
    source: Path | Files,
    listing: Listing,
    size: tuple[int, int] | None,
    channels: int | None,
    depth: Depth | None,
) -> dict[str, Any]:
    r"""Writes the pixels to a file."""
    files = listing.files
    log.info("decoding %d images of '%s', once.", len(files), source)
    plan = plan_images(files, size, channels, depth)
    row = plan.channels * plan.size[0] * plan.size[1] * np.dtype(plan.dtype).itemsize
    notes = write_rows(place, row, lambda start: _blocks(files, plan, start))
    n = sum(note is None for note in notes)

    if n == 0:
        raise _nothing(source, Names.of(listing, dict(enumerate(notes))))

    shape = (n, *plan.size, *[3] * (plan.channels == 3))
    about = {"notes": notes, "frames": plan.frames, "message": plan.message}
    return {"dtype": plan.dtype, "shape": shape, **about}


def _nothing(source: Path | Files, names: Names) -> ValueError:
    why = first_few([f"{name} ({why})" for name, why in names.left_out.items()], 3)
    remedy = ""

    if any(name.lower().endswith(".txt") for name in names.left_out):
        remedy = " For texts, join the files to one .txt file, with one text in each line."

    return ValueError(
        f"expected images, got none in '{source}'{f': {why}' if why else ''}.{remedy}"
    )


def _blocks(files: list[Path], plan: ImagePlan, start: int = 0) -> Iterator[Block]:
    r"""Yields the pixels of readable files from index `start` on, and the faults of the others."""
    deep, dtype = {*plan.deep}, np.dtype(plan.dtype)
    shape = (*plan.size, *[3] * (plan.channels == 3))

    def decode(i: int) -> NDArray | str:
        try:
            return _pixels(files[i], plan, i in deep).astype(dtype, copy=False)
        except Exception as error:  # Pillow's decoders raise whatever they like
            return _explained(files[i], error)

    numbers = range(start, len(files))
    n = data_limits().block_files
    parts = [numbers[i : i + n] for i in range(0, len(numbers), n)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in track(parts, len(numbers), "files"):
            with quiet_decoding():
                decoded = [*pool.map(decode, part)]

            pixels = [d for d in decoded if not isinstance(d, str)]
            X = np.zeros((len(pixels), *shape), dtype)
            X[:] = pixels if pixels else X

            yield X, [d if isinstance(d, str) else None for d in decoded]


def _pixels(file: Path, plan: ImagePlan, deep: bool) -> NDArray:
    r"""Returns the levels of one image in the size and mode of the plan."""
    if deep:
        picture = read_deep(file)
        kind = "floats" if picture.x.dtype.kind == "f" else "integers"
        x = picture.fitted(plan.size, plan.channels, plan.white)
    else:
        kind, mode = "bytes", "RGB" if plan.channels == 3 else "L"
        x = np.asarray(_open(file, plan.size).convert(mode))

    factor = plan.factors[kind]

    if factor == 1:
        return x

    return x * factor if plan.dtype.startswith("float") else np.rint(x * factor)


def _explained(file: Path, error: Exception) -> str:
    r"""Returns the fault of a file, and the remedy."""
    if isinstance(error, (UnidentifiedImageError, OSError)) and (known := remedy(file)):
        return known

    reason = f"{type(error).__name__}: {error}".rstrip(".")

    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        return (
            f"{reason}: if you trust the file, raise PIL.Image.MAX_IMAGE_PIXELS, or save it"
            " smaller"
        )

    if isinstance(error, UnidentifiedImageError):
        what = "not an image that Pillow can read" if file.stat().st_size else "it is empty"
        return f"{type(error).__name__}: {what}"

    return reason


def _open(file: Path, size: tuple[int, int]) -> Image.Image:
    with open_image(file) as opened:
        image: Image.Image = opened
        gray = is_gray(image)
        # Decodes photographs at a reduced size, which is faster
        image.draft(None, (2 * max(size), 2 * max(size)))
        image = ImageOps.exif_transpose(image)

        if has_alpha(image):
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)

        image = image.convert("L" if gray else "RGB")

    width_height = size[::-1]

    if image.size == width_height:
        return image

    return ImageOps.fit(image, width_height, Image.Resampling.BICUBIC)
