r"""Long recordings, read and written in parts, so that memory does not depend on their length."""

__all__ = ["each_sound_in_blocks", "write_sound_blocks"]

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...listing.sources import list_files
from ...remedies import UnreadableFileError
from .decoding import check_rate, check_samples, is_truncated, mix
from .faults import FaultFinder
from .formats import check_packages, explained_format
from .notes import explained, log_conversions, nothing_read, report_notes

_BLOCK_FRAMES = 2**17  # three seconds at 44.1 kHz


def each_sound_in_blocks(
    source: Path, rate: int = 16000, channels: int = 1, strict: bool = False
) -> Iterator[tuple[str, Iterator[NDArray]]]:
    r"""Yields the names of the sounds of a file or folder, each with its parts.

    The parts are float32, with shape `(n, channels)`, and together what `read_sound` returns. The
    parts of one sound must be taken before the next sound. Faults are logged at the end, as by
    `read_sounds`.

    Arguments:
        source: The file or folder.
        rate: The sample rate of the result, in hertz.
        channels: The number of channels of the result.
        strict: Whether to refuse a sound with any fault, at its end.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If no sound can be read, or one has a fault with `strict`.
        UnreadableFileError: From the parts of a file that cannot be read.
    """
    check_packages()
    listing = list_files(source)
    notes: dict[str, Any] = dict(listing.lost)

    for name, file in zip(listing.names, listing.files):
        yield name, _noted(name, file, rate, channels, strict, notes)

    report_notes(notes, None, strict)
    log_conversions([*notes.values()], rate, channels)

    if not listing.names or (notes and all(isinstance(note, str) for note in notes.values())):
        raise nothing_read(source, [*notes.items()])


def _noted(
    name: str, file: Path, rate: int, channels: int, strict: bool, notes: dict[str, Any]
) -> Iterator[NDArray]:
    r"""Yields parts of a sound, and notes its length and fault, or why it cannot be read."""
    try:
        note = yield from _decoded(file, rate, channels)
    except Exception as error:  # libsndfile's decoders raise whatever they like
        notes[name] = explained(file, error)

        if strict:
            report_notes({name: notes[name]}, None, strict)

        raise UnreadableFileError(f"cannot read '{file}': {notes[name]}.") from None

    notes[name] = note

    if strict:
        report_notes({name: notes[name]}, None, strict)


def _decoded(path: Path, rate: int, channels: int) -> Any:
    r"""Yields parts of a sound, and returns its note for `report_notes`."""
    import soundfile
    import soxr

    n = n_decoded = 0

    with soundfile.SoundFile(path) as sound:
        check_rate(sound.samplerate, rate)
        own_rate, floats = sound.samplerate, sound.subtype in {"FLOAT", "DOUBLE"}
        finder, own_channels = FaultFinder(own_rate, channels), sound.channels
        resampler = None

        if own_rate != rate:
            resampler = soxr.ResampleStream(own_rate, rate, channels, dtype="float32")

        while len(x := sound.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
            n += len(x)
            x = check_samples(x, floats)
            finder.add(x)
            x = mix(x, channels)
            x = x if resampler is None else resampler.resample_chunk(x)

            if len(x):
                n_decoded += len(x)
                yield x

        if n == 0:
            raise ValueError("it is empty")

        if resampler is not None:
            x = resampler.resample_chunk(np.zeros((0, channels), np.float32), last=True)

            if len(x):
                n_decoded += len(x)
                yield x

        truncated = is_truncated(sound, path, n)

    if n_decoded == 0:
        raise ValueError(f"nothing of it is left at {rate} Hz")

    fault = "truncated" if truncated else finder.fault()
    return [n_decoded, fault, False, own_rate, own_channels]


def write_sound_blocks(path: Path, blocks: Iterator[NDArray], rate: int) -> None:
    r"""Writes the parts of a sound to a file, in the format that its suffix names.

    Arguments:
        path: The file, such as `drum.wav`.
        blocks: The parts, each with shape `(n, channels)`; floats are from -1 to 1.
        rate: The sample rate in hertz.

    Raises:
        ValueError: If there is no part, the packages for sounds are missing, or the format is
            unknown or cannot hold such a sound.
        OSError: If the file cannot be written.
    """
    check_packages()

    import soundfile

    first = next(blocks, None)

    if first is None:
        raise ValueError("expected at least one part of a sound, got none.")

    with explained_format(path, rate), path.open("wb") as file:
        watched, form = _Watched(file), path.suffix[1:].upper()

        with soundfile.SoundFile(watched, "w", rate, first.shape[1], format=form) as sound:
            sound.write(first)
            watched.check()

            for x in blocks:
                sound.write(x)
                watched.check()

        watched.check()


class _Watched:
    r"""File whose errors are raised by `check`, as libsndfile reports none."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        if self.error is None:
            try:
                self.file.write(data)
            except OSError as error:
                self.error = error

        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        if self.error is None:
            try:
                return self.file.seek(offset, whence)
            except OSError as error:  # what was written before does not fit
                self.error = error

        return max(0, offset)

    def tell(self) -> int:
        return self.file.tell()

    def check(self) -> None:
        if self.error is not None:
            raise self.error
