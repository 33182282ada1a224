r"""Formats of sounds, and the packages that read and write them."""

__all__ = ["check_packages", "explained_format", "holds_sounds", "is_sound"]

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from ...listing.sources import Files, list_files

_SUFFIXES = set(".wav .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .au .caf .w64 .rf64".split())
_ENOUGH = 1000  # files that decide on the kind of a folder


def is_sound(path: Path) -> bool:
    r"""Tell whether a path has the suffix of a sound, and is not a folder.

    Example:
        >>> is_sound(Path("drum.wav"))
        True
    """
    return path.suffix.lower() in _SUFFIXES and not path.is_dir()


def holds_sounds(source: Path | Files) -> bool:
    r"""Tell whether at least half of the first files of a source have the suffix of a sound.

    Example:
        >>> import tempfile
        >>> holds_sounds(Path(tempfile.mkdtemp()))
        False
    """
    files = source if isinstance(source, Files) else list_files(source).files
    sounds = [file.suffix.lower() in _SUFFIXES for file in islice(files, _ENOUGH)]

    return any(sounds) and 2 * sum(sounds) >= len(sounds)


@contextlib.contextmanager
def explained_format(path: Path, rate: int) -> Iterator[None]:
    r"""Name the formats that can be written, within a `with` block that writes a sound.

    Arguments:
        path: The file.
        rate: The sample rate in hertz.

    Raises:
        ValueError: If the format is unknown, or cannot hold such a sound.

    Example:
        >>> with explained_format(Path("drum.wav"), 8000):
        ...     pass
    """
    import soundfile

    if path.suffix[1:].upper() not in soundfile.available_formats():
        known = ", ".join(f".{name.lower()}" for name in soundfile.available_formats())
        raise ValueError(f"expected a file of a sound, one of {known}, got '{path.suffix}'.")

    try:
        yield
    except soundfile.LibsndfileError as error:
        raise ValueError(
            f"cannot write a {path.suffix} file with {rate:,} samples a second:"
            f" {error.error_string} Use .wav, which holds any rate."
        ) from None


def check_packages() -> None:
    r"""Check that the packages for sounds are installed.

    Raises:
        ValueError: If one is missing.
    """
    if find_spec("soundfile") is None or find_spec("soxr") is None:
        raise ValueError("sounds need soundfile and soxr: pip install 'autoencode[audio]'")
