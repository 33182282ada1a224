r"""Recordings in files, as the windows that models see."""

__all__ = [
    "MAX_FILES_MEASURED",
    "MIN_SHARE_KEPT",
    "RecordingFormat",
    "as_recordings",
    "choose_length",
    "cut_recording",
    "read_windows",
]

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...common.batching import data_limits
from ...data.listing.names import Names
from ...data.listing.sources import Files, list_files
from ...data.media.audio.files import durations, each_sound
from ...data.media.audio.folders import Recordings
from ...data.media.audio.notes import log_conversions, report_notes
from ..windows import Windows, cut, prepared, spooled
from .lengths import choose_seconds, log_windows, share_kept

MAX_FILES_MEASURED = 256  # files whose lengths are read
MIN_SHARE_KEPT = 0.75  # of recordings; if a cut leaves less, they are cut into windows


class RecordingFormat(NamedTuple):
    r"""Format to which recordings are converted while they are read.

    Example:
        >>> RecordingFormat(16000, 1).strict
        False
    """

    rate: int
    r"""The samples per second."""

    channels: int
    r"""The number of channels."""

    strict: bool = False
    r"""True if sounds that would be named in the log are refused."""


def choose_length(
    path: Path | Files, seconds: float | None, lengths: list[float] | None = None
) -> tuple[bool, float]:
    r"""Return whether recordings are cut into windows, and the seconds of an example.

    Arguments:
        path: The files.
        seconds: The length of an example, if it is given.
        lengths: The seconds of the recordings; by default they are read from the files.
    """
    lengths = durations(path, MAX_FILES_MEASURED) if lengths is None else lengths
    seconds = choose_seconds(lengths) if seconds is None else seconds

    return share_kept(lengths, seconds) < MIN_SHARE_KEPT, seconds


def cut_recording(path: Path, x: NDArray, rate: int, seconds: float) -> tuple[Windows, list[str]]:
    r"""Cut one recording into windows, named by when they begin.

    Arguments:
        path: The file, which names the windows.
        x: The waveform.
        rate: The samples per second.
        seconds: The length of a window.

    Example:
        >>> cut_recording(Path("garden/bird.wav"), np.zeros(30), rate=10, seconds=2.0)[1]
        ['bird-0s.wav', 'bird-1s.wav']
    """
    n = max(2, round(rate * seconds))
    windows = cut(x, n)

    file = Path(path.name)

    return windows, [_window_name(file, i * (n // 2) / rate) for i in range(len(windows))]


def read_windows(
    path: Path | Files, form: RecordingFormat, n: int
) -> tuple[Windows, NDArray | None, Names]:
    r"""Read a folder of recordings as windows, with one recording in memory at a time.

    Arguments:
        path: The files.
        form: The format of the waveforms.
        n: The samples of a window.

    Returns:
        The windows; the names of the subfolders, if there are any; and the names of the windows.
    """
    notes: dict[str, Any] = {}
    each = each_sound(path, form.rate, form.channels, form.strict, notes)
    names: list[str] = []

    # Windows overlap by half, so that each sample is in two
    n_bytes = 8 * sum(durations(path)) * form.rate * form.channels

    if n_bytes > data_limits().resident_bytes:
        listing = list_files(path)
        states = [file.stat() for file in listing.files]
        seen = [(m, s.st_size, s.st_mtime_ns) for m, s in zip(listing.names, states)]
        key = [
            "windows with their rates",
            str(listing.folder.resolve()),
            form.rate,
            n,
            form.channels,
        ]
        windows, kept = prepared([*key, form.strict, seen], each, n, lambda: {"notes": notes})
        names = kept["names"]

        if not notes:  # found in the cache
            report_notes(kept["notes"], None, form.strict)
            log_conversions([*kept["notes"].values()], form.rate, form.channels)
    else:

        def waves() -> Iterator[NDArray]:
            for name, x in each:
                names.append(name)
                yield x

        windows = spooled(waves(), n)

    log_windows(len(names), len(windows), n / form.rate)
    parents = np.repeat([str(Path(name).parent) for name in names], windows.counts)
    y = parents if set(parents) != {"."} else None

    return windows, y, _names_of_windows(path, names, windows.counts, n // 2, form.rate)


def as_recordings(windows: Windows, rows: NDArray | None = None) -> Recordings:
    r"""Return all windows of recordings as the examples of a fit.

    Arguments:
        windows: The windows.
        rows: The same as an array, if they are not to be copied.

    Example:
        >>> found = as_recordings(cut(np.zeros(30), 20))
        >>> len(found), found.samples, found.counts
        (2, 20, [2])
    """
    recordings = Recordings.of([*windows], rows)
    recordings.samples, recordings.counts = windows.shape[1], windows.counts

    return recordings


def _names_of_windows(
    path: Path | Files, names: list[str], counts: list[int], hop: int, rate: int
) -> Names:
    r"""Returns the names of windows, and the files that could not be read."""
    files = [
        _window_name(Path(name), i * hop / rate)
        for name, n in zip(names, counts)
        for i in range(n)
    ]
    listing, there = list_files(path), {*names}
    bad = {i: "it could not be read" for i, n in enumerate(listing.names) if n not in there}

    return Names.of(listing, bad).cut(files, counts)


def _window_name(file: Path, begin: float) -> str:
    return str(file.with_name(f"{file.stem}-{begin:g}s")) + file.suffix
