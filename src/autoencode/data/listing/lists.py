r"""Files named by a list, an array or a series of the user."""

__all__ = ["as_files"]

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from .sources import Files, check_there

_LOOKED_AT = 100  # number of texts that are examined to tell whether they are names of files
_LONGEST = 1024  # letters; longer texts are not names of files
_FILE = re.compile(r"[^\n]*[^\s./\\][^\n/\\]*\.[A-Za-z][A-Za-z0-9]{0,5}")
_SUFFIXES = set(
    ".png .jpg .jpeg .tif .tiff .bmp .gif .webp .avif .pgm .ppm .pnm .jp2 .heic .dcm .wav .flac"
    " .ogg .opus .mp3 .aif .aiff .au .m4a .txt .csv .tsv .parquet .npy .npz .jsonl .json .gz .zip"
    " .h5 .mat .pt .pkl .mp4 .avi .mov .pdf .xlsx".split()
)


def as_files(X: Any, texts: bool = False) -> Files | None:
    r"""Files named by a list, an array or a series; `None` for other data.

    Paths always name files. Texts name files if the files exist.

    Arguments:
        X: The input of the user.
        texts: Whether texts are data if they look like names of files that do not exist.

    Returns:
        The files; `None` if `X` is anything else.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If `X` holds paths and something else.

    Example:
        >>> as_files(["a text", "another"]) is None
        True
        >>> as_files(["cat.png", "dog.png"])
        Traceback (most recent call last):
        ...
        FileNotFoundError: there is no file 'cat.png', and no file 'dog.png': ...
    """
    values = _row(X)

    if values is None or not any(isinstance(value, (str, os.PathLike)) for value in values):
        return None

    paths = [isinstance(value, os.PathLike) for value in values]

    if (
        any(paths)
        and not all(paths)
        and not all(isinstance(v, (str, os.PathLike)) for v in values)
    ):
        i = next(i for i, v in enumerate(values) if not isinstance(v, (str, os.PathLike)))
        raise ValueError(f"expected names of files, got {values[i]!r} as element {i}.")

    if any(paths):
        check_there([Path(value) for value in values])
        return Files(map(Path, values))

    some = values[:: -(-len(values) // _LOOKED_AT)]

    if not all(map(_exists, some)) and (texts or not all(map(_looks_like_file, some))):
        return None

    if all(map(_exists, values)):
        return Files(map(Path, values))

    if texts or not all(map(_looks_like_file, values)):
        return None

    check_there([Path(value) for value in values])
    return None


def _row(X: Any) -> list[Any] | None:
    r"""Returns the values of a one-dimensional object that may hold names."""
    if isinstance(X, (list, tuple)):
        return [*X]

    if getattr(X, "ndim", None) != 1 or getattr(X.dtype, "kind", "O") in "buifcmM":
        return None

    return np.asarray(X, dtype=object).tolist() if hasattr(X, "__array__") else None


def _exists(value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or "\0" in value:
        return False

    try:
        return os.path.isfile(value)
    except (OSError, ValueError):  # not a valid name of a file
        return False


def _looks_like_file(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > _LONGEST:
        return False

    return bool(_FILE.fullmatch(value)) and Path(value).suffix.lower() in _SUFFIXES
