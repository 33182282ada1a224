r"""Packed files, which may expand to far more than their size."""

__all__ = ["check_growth", "most_unpacked", "unpack"]

import gzip
import zlib
from pathlib import Path

_MAX_GROWTH = 100  # data rarely shrink more
_ALWAYS_BYTES = 2**30  # fits into the memory of any machine


def most_unpacked(path: Path) -> int:
    r"""Returns the maximum size of the content of a packed file: a hundred times its own size.

    Example:
        >>> most_unpacked(Path(__file__)) == 2**30
        True
    """
    return max(_ALWAYS_BYTES, _MAX_GROWTH * path.stat().st_size)


def check_growth(path: Path, n: int) -> None:
    r"""Check that the content of a packed file is not far larger than the file.

    Arguments:
        path: The file.
        n: The size of its content in bytes.

    Raises:
        ValueError: If it is larger than :func:`most_unpacked` allows.

    Example:
        >>> check_growth(Path(__file__), 2**20)
    """
    if n > most_unpacked(path):
        raise ValueError(
            f"it expands to more than {_MAX_GROWTH} times its size, as files do that are made to"
            " fill the memory. Unpack it first if you trust it."
        )


def unpack(path: Path) -> bytes:
    r"""Returns the content of a file that was packed by gzip.

    Arguments:
        path: The file.

    Raises:
        ValueError: If the content is damaged, or far larger than the file.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "x.gz"
        >>> _ = file.write_bytes(gzip.compress(b"one"))
        >>> unpack(file)
        b'one'
    """
    try:
        with gzip.open(path) as file:
            data = file.read(most_unpacked(path) + 1)

        check_growth(path, len(data))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"cannot read '{path}': it is damaged or truncated ({error}).") from None
    except ValueError as error:
        raise ValueError(f"cannot read '{path}': {error}") from None

    return data
