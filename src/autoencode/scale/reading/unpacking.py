r"""Files that were packed by gzip, unpacked to a temporary file."""

__all__ = ["unpacked"]

import contextlib
import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from ...data.listing.packed import check_growth

_COPIED_BYTES = 2**22


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    r"""The file itself, or a temporary file with its content if it is packed.

    Arguments:
        path: The file.

    Raises:
        ValueError: If the file is damaged, or expands to far more than its size.

    Example:
        >>> with unpacked(Path(__file__)) as plain:
        ...     plain == Path(__file__)
        True
    """
    if path.suffix.lower() != ".gz":
        yield path
        return

    folder = tempfile.mkdtemp(prefix="autoencode-")

    try:
        plain = Path(folder, path.stem)

        try:
            with gzip.open(path) as packed, plain.open("wb") as file:
                while block := packed.read(_COPIED_BYTES):
                    file.write(block)
                    check_growth(path, file.tell())
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"it is damaged or truncated ({error}).") from None

        yield plain
    finally:
        shutil.rmtree(folder, ignore_errors=True)
