r"""Images that Pillow opens, after a check that their files describe all of their pixels."""

__all__ = ["open_image"]

from pathlib import Path

from PIL import Image

_PARTIAL = {"GIF"}  # formats whose frames may be smaller than the canvas


def open_image(path: Path) -> Image.Image:
    r"""Opens an image, whose pixels are not decoded yet.

    Pillow fills pixels that no part of the file describes with zeros. A damaged header of some
    bytes could therefore ask for any amount of black.

    Arguments:
        path: The file.

    Raises:
        OSError: If it is not an image.
        ValueError: If parts of the image are not in the file.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "black.png"
        >>> Image.new("L", (9, 8)).save(file)
        >>> with open_image(file) as image:
        ...     image.size
        (9, 8)
    """
    image = Image.open(path)
    parts = [tile[1] for tile in getattr(image, "tile", None) or () if tile[1] is not None]
    covered = tuple(max(part[k] for part in parts) for k in (2, 3)) if parts else image.size

    if image.format not in _PARTIAL and any(a < b for a, b in zip(covered, image.size)):
        size = image.size
        image.close()
        raise ValueError(
            f"its header names {size[0]} x {size[1]} pixels, and the file has data of"
            f" {covered[0]} x {covered[1]}: it is damaged or truncated"
        )

    return image
