r"""Complete sounds, read from files and written to them."""

__all__ = ["durations", "each_sound", "read_sound", "write_sound"]

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ....common.progress import track
from ...listing.sources import Files, check_source, list_files, no_such
from .decoding import decode_file
from .formats import check_packages, explained_format
from .notes import explained, log_conversions, note_of, report_notes


def each_sound(
    folder: Path | Files,
    rate: int = 16000,
    channels: int = 1,
    strict: bool = False,
    notes: dict[str, Any] | None = None,
) -> Iterator[tuple[str, NDArray]]:
    r"""Yields complete sounds of a folder one by one, with the names of their files.

    Faults are logged at the end, as by `read_sounds`.

    Arguments:
        folder: The folder.
        rate: The sample rate of the result, in hertz.
        channels: The number of channels of the result.
        strict: Whether to refuse a folder with any fault.
        notes: A dictionary that receives properties of each file, by its name.

    Raises:
        ValueError: In the cases of `read_sounds`.

    Example:
        >>> import tempfile
        >>> [*each_sound(Path(tempfile.mkdtemp()))]
        []
    """
    check_packages()
    listing = list_files(folder)
    named = [*zip(listing.names, listing.files)]
    notes = {} if notes is None else notes
    notes.update(listing.lost)

    for parts in track([[pair] for pair in named], len(named), "files"):
        ((name, file),) = parts

        try:
            sound = decode_file(file, rate, None, channels)
        except Exception as error:  # libsndfile's decoders raise whatever they like
            notes[name] = explained(file, error)
            continue

        notes[name] = note_of(sound)
        yield name, sound.x

    report_notes(notes, None, strict)
    log_conversions([*notes.values()], rate, channels)


def durations(folder: Path | Files, most: int | None = None) -> list[float]:
    r"""Durations of the sounds of a folder, in seconds. Unreadable files are left out.

    Arguments:
        folder: The folder, including its subfolders, or several files.
        most: The maximum number of files to examine.

    Example:
        >>> import tempfile
        >>> durations(Path(tempfile.mkdtemp()))
        []
    """
    check_packages()

    import soundfile

    files, found = list_files(folder).files, []

    for file in files[:: 1 if most is None else max(1, -(-len(files) // most))]:
        with contextlib.suppress(Exception):  # libsndfile's decoders raise whatever they like
            found.append(soundfile.info(file).duration)

    return found


def read_sound(path: Path, rate: int = 16000, channels: int = 1, strict: bool = False) -> NDArray:
    r"""Reads one complete sound.

    Arguments:
        path: The file, in any format that `read_sounds` reads.
        rate: The sample rate of the result, in hertz.
        channels: The number of channels of the result.
        strict: Whether to refuse a truncated, silent, clipped or very short sound; by default such
            faults are logged.

    Returns:
        The waveform as float32, with shape `(n,)` or `(n, channels)`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a sound, or has a fault with `strict`.
    """
    check_packages()

    check_source(path)

    if not path.exists():
        raise no_such(path)

    try:
        sound = decode_file(path, rate, None, channels)
    except Exception as error:  # libsndfile's decoders raise whatever they like
        raise ValueError(f"cannot read '{path}': {explained(path, error)}.") from None

    report_notes({path.name: note_of(sound)}, None, strict)
    log_conversions([note_of(sound)], rate, channels)

    return sound.x


def write_sound(path: Path, x: NDArray, rate: int) -> None:
    r"""Writes a sound to a file, in the format that its suffix names.

    Arguments:
        path: The file, such as `drum.wav`.
        x: The waveform, with shape `(n,)` or `(n, channels)`; floats are from -1 to 1.
        rate: The sample rate in hertz.

    Raises:
        ValueError: If the packages for sounds are missing, or the format is unknown or cannot hold
            such a sound.
        OSError: If the file cannot be written.
    """
    check_packages()

    import soundfile

    # To memory first: libsndfile reports neither full disks nor names that are not UTF-8
    written = io.BytesIO()

    with explained_format(path, rate):
        soundfile.write(written, x, rate, format=path.suffix[1:].upper())

    path.write_bytes(written.getvalue())
