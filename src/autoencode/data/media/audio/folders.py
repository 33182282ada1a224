r"""Folders of sounds as waveforms in an array."""

__all__ = ["Recordings", "read_sounds"]

import logging
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ....common.batching import data_limits
from ....common.progress import track
from ...cache import prepare
from ...listing.names import Names
from ...listing.sources import Files, list_files
from ...resumable import write_rows
from .decoding import Sound, decode_file
from .formats import check_packages
from .notes import explained, log_conversions, note_of, nothing_read, report_notes

log = logging.getLogger(__name__)


class Recordings(np.ndarray):
    r"""Waveforms of a folder, each with shape `(n,)` or `(n, channels)`, in an array of objects.

    Faults have been logged already. The waveforms may be views of the rows of a file.
    """

    rows: NDArray | None = None
    r"""All waveforms in a memory-mapped array, with shape `(N, n)` or `(N, n, channels)`, padded
    with silence. `None` if they are in memory, and for parts of the array.
    """

    counts: list[int] | None = None
    r"""The number of windows of each recording, in order; `None` without windows."""

    samples: int | None = None
    r"""The common length in samples; `None` if each waveform has its own."""

    @classmethod
    def of(cls, waves: Sequence[NDArray], rows: NDArray | None = None) -> "Recordings":
        r"""Collects waveforms."""
        X = cast(Recordings, np.empty(len(waves), object).view(cls))
        X.rows = rows

        for i, wave in enumerate(waves):
            X[i] = wave

        return X


class SoundFolder(NamedTuple):
    r"""Sounds of a folder: waveforms, names of subfolders, and names of files."""

    X: Recordings
    y: NDArray | None
    files: Names


def read_sounds(
    folder: str | Path | Sequence[str | Path],
    rate: int = 16000,
    seconds: float | None = None,
    channels: int = 1,
    strict: bool = False,
) -> SoundFolder:
    r"""Reads all sounds of a folder and its subfolders in the order of their names, or of a list.

    libsndfile reads WAV, FLAC, OGG, AIFF and other formats. Files may differ in rate, length and
    channels: other rates are resampled, and other numbers of channels are mixed down. Unreadable
    files are skipped. So are floats in the range of integers, because their full scale is unknown.
    The log counts and names skipped sounds, and those that are truncated, silent, clipped, shorter
    than a hundredth of a second, or whose channels cancel.

    Large folders are decoded once, by all processors, to a file in the
    :func:`cache <autoencode.data.cache_folder>`. It is used again as long as the settings and the
    names, sizes and times of modification of the files are the same.

    Arguments:
        folder: The folder, or several files. Files and folders whose names begin with a dot are
            left out.
        rate: The sample rate of the result, in hertz.
        seconds: The length to read from the beginning of each file; by default all, in memory.
        channels: The number of channels of the result. If a file has another number, the mean of
            its channels is repeated.
        strict: Whether to refuse a folder with any fault.

    Returns:
        The waveforms as float32, with full scale from -1 to 1, as :class:`Recordings`; the
        subfolder of each, or `None` if there are none; and the names of the files.

    Raises:
        ValueError: If there is no sound, a sound has a fault with `strict`, or the packages that
            read sounds are missing.
    """
    check_packages()
    source = Path(folder) if isinstance(folder, (str, Path)) else Files(map(Path, folder))
    listing = list_files(source)
    files = listing.files
    states = [file.stat() for file in files]

    n_bytes = 0 if seconds is None else 4 * len(files) * channels * round(seconds * rate)

    if seconds is not None and n_bytes > data_limits().resident_bytes:
        seen = [(n, s.st_size, s.st_mtime_ns) for n, s in zip(listing.names, states)]
        key = [
            "sounds with their rates",
            str(listing.folder.resolve()),
            rate,
            seconds,
            channels,
            seen,
        ]
        make = partial(_write, source, files, rate, seconds, channels)
        rows, about, _ = prepare(key, make)
        notes = about["notes"]
        lengths = [note[0] for note in notes if not isinstance(note, str)]
        X = Recordings.of([row[:n] for row, n in zip(np.asarray(rows), lengths)], rows)
    else:
        blocks = [*_blocks(files, rate, seconds, channels)]
        X = Recordings.of([x for waves, _ in blocks for x in waves])
        notes = [note for _, notes in blocks for note in notes]

    longer = sum(not isinstance(note, str) and note[2] for note in notes)
    left = [f"what is beyond {seconds:g} s of {longer:,} files"] if longer and seconds else []
    bad = {i: note for i, note in enumerate(notes) if isinstance(note, str)}
    names = Names.of(listing, bad, left)
    report_notes({**dict(zip(listing.names, notes)), **listing.lost}, seconds, strict)
    log_conversions(notes, rate, channels)

    if len(X) == 0:
        raise nothing_read(source, [*names.left_out.items()])

    parents = [str(Path(name).parent) for name in names]

    return SoundFolder(X, np.array(parents) if set(parents) != {"."} else None, names)


def _write(
    source: Path | Files,
    files: list[Path],
    rate: int,
    seconds: float,
    channels: int,
    place: Path,
) -> dict[str, Any]:
    r"""Writes the waveforms to a file, padded with silence."""
    log.info("decoding %d sounds of '%s', once.", len(files), source)
    shape = (round(seconds * rate), *[channels] * (channels > 1))

    def blocks(start: int) -> Iterator[tuple[NDArray, list[Any]]]:
        for waves, notes in _blocks(files[start:], rate, seconds, channels):
            X = np.zeros((len(waves), *shape), np.float32)

            for row, wave in zip(X, waves):
                row[: len(wave)] = wave

            yield X, notes

    notes = write_rows(place, 4 * math.prod(shape), blocks)
    n = sum(not isinstance(note, str) for note in notes)

    if n == 0:
        raise nothing_read(source, [(file.name, note) for file, note in zip(files, notes)])

    return {"dtype": "float32", "shape": (n, *shape), "notes": notes}


def _blocks(
    files: list[Path], rate: int, seconds: float | None, channels: int
) -> Iterator[tuple[list[NDArray], list[Any]]]:
    r"""Yields waveforms, and notes of files: length, fault, whether more follows; or an error."""

    def decode(file: Path) -> Sound | str:
        try:
            return decode_file(file, rate, seconds, channels)
        except Exception as error:  # libsndfile's decoders raise whatever they like
            return explained(file, error)

    n = data_limits().block_files
    parts = [files[i : i + n] for i in range(0, len(files), n)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in track(parts, len(files), "files"):
            decoded = [*pool.map(decode, part)]

            yield (
                [d.x for d in decoded if not isinstance(d, str)],
                [d if isinstance(d, str) else note_of(d) for d in decoded],
            )
