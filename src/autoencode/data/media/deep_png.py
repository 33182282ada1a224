r"""PNG files with 16 bits per channel. Pillow writes only gray ones."""

__all__ = ["write_deep_png"]

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# The type of color in the header, by the number of channels
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_UP_FILTER = 2  # the filter of a row: differences from the row above


def write_deep_png(path: Path, X: NDArray, profile: bytes | None = None) -> None:
    r"""Writes an image with 16 bits per channel.

    References:
        | Portable Network Graphics (PNG) Specification (W3C, 2003), sections 5 and 9
        | https://www.w3.org/TR/2003/REC-PNG-20031110/

    Arguments:
        path: The file.
        X: The levels as uint16. Gray levels have the shape `(H, W)` or `(H, W, 1)`, or `(H, W, 2)`
            with opacity. Colors have the shape `(H, W, 3)`, or `(H, W, 4)` with opacity.
        profile: The bytes of the color profile.

    Raises:
        ValueError: If the levels have another shape or type.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "color.png"
        >>> write_deep_png(file, np.full((2, 3, 3), 40_000, np.uint16))
        >>> file.read_bytes()[:8]
        b'\x89PNG\r\n\x1a\n'
    """
    X = X[..., None] if X.ndim == 2 else X

    if X.dtype != np.uint16 or X.ndim != 3 or X.shape[2] not in _COLOR_TYPES or X.size == 0:
        raise ValueError(
            "expected levels as uint16 with shape (H, W) or (H, W, C) of up to four channels, got"
            f" {X.dtype} with shape {X.shape}."
        )

    H, W, C = X.shape
    rows = np.ascontiguousarray(X, ">u2").view(np.uint8).reshape(H, -1)
    filtered = np.full((H, 1 + rows.shape[1]), _UP_FILTER, np.uint8)
    filtered[:, 1:] = rows
    filtered[1:, 1:] -= rows[:-1]  # modulo 256, as the format has it

    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 16, _COLOR_TYPES[C], 0, 0, 0)))

        if profile:
            file.write(_chunk(b"iCCP", b"ICC\0\0" + zlib.compress(profile)))

        file.write(_chunk(b"IDAT", zlib.compress(filtered.tobytes())))
        file.write(_chunk(b"IEND", b""))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
