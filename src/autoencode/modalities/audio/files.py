r"""Sounds in files: reading of one or many recordings, and writing."""

__all__ = ["SoundFiles"]

import math
from collections.abc import Iterator
from numbers import Integral, Real
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...common import failures
from ...common.failures import warn
from ...data import read_sounds
from ...data.listing.names import Names
from ...data.listing.sources import Files
from ...data.media.audio.blocks import each_sound_in_blocks, write_sound_blocks
from ...data.media.audio.files import durations, read_sound, write_sound
from ...data.media.audio.folders import Recordings
from ..capabilities import Readable, Streamed, Writable
from .lengths import describe_unused
from .recordings import (
    MAX_FILES_MEASURED,
    RecordingFormat,
    as_recordings,
    choose_length,
    cut_recording,
    read_windows,
)


class SoundFiles(Readable, Writable, Streamed):
    r"""Methods of :class:`~autoencode.modalities.Sounds` for files.

    Attributes:
        rate: The samples per second.
        seconds: The length of an example, if it is given.
        channels: The number of channels.
        strict: Whether sounds that would be named in the log are refused.
        samples_: The number of samples in an example.
        windows_: Whether recordings are cut into windows.
    """

    suffix = ".wav"

    rate: int
    seconds: float | None
    channels: int
    strict: bool
    samples_: int
    windows_: bool = False

    def read(self, path: Path | Files) -> tuple[Any, ...]:
        if isinstance(path, Path) and not path.is_dir():
            return self._read_one(path)

        self._check_arguments()
        fitted = hasattr(self, "samples_")
        windows, seconds = self._length(path)

        if windows:
            return self._read_windows(path, round(self.rate * seconds))

        X, y, files = read_sounds(path, self.rate, seconds, self.channels, self.strict)
        X.samples = round(self.rate * seconds)

        if not fitted:
            warn(describe_unused(durations(path, MAX_FILES_MEASURED), seconds))
            return X, y, files

        if X.rows is not None:
            return X.rows, y, files

        return cast(Any, self).to_numeric(X), y, files

    def read_whole(self, path: Path | Files) -> tuple[Any, ...]:
        self._check_arguments()

        if isinstance(path, Files) or path.is_dir():
            own = self._length(path)[1]
            seconds = None if max(durations(path), default=0.0) > own else own
            return read_sounds(path, self.rate, seconds, self.channels, self.strict)

        x = read_sound(path, self.rate, self.channels, self.strict)
        return Recordings.of([x]), None, [path.name]

    def write(self, path: Path, example: NDArray) -> None:
        write_sound(path, example, self.rate)

    def each_in_blocks(self, path: Path) -> Iterator[tuple[str, Iterator[NDArray]]]:
        return each_sound_in_blocks(path, self.rate, self.channels, self.strict)

    def write_blocks(self, path: Path, blocks: Iterator[NDArray]) -> None:
        write_sound_blocks(path, blocks, self.rate)

    def _read_one(self, path: Path) -> tuple[Any, None, list[str]]:
        r"""Returns the windows of one recording, named by when they begin."""
        self._check_arguments()
        x = read_sound(path, self.rate, self.channels, self.strict)
        seconds = self._length(path, [len(x) / self.rate])[1]
        windows, names = cut_recording(path, x, self.rate, seconds)

        return windows if hasattr(self, "shape_") else as_recordings(windows), None, names

    def _length(
        self, path: Path | Files, lengths: list[float] | None = None
    ) -> tuple[bool, float]:
        r"""Returns whether recordings are cut into windows, and the seconds of an example."""
        if hasattr(self, "samples_"):
            return self.windows_, self.samples_ / self.rate

        return choose_length(path, self.seconds, lengths)

    def _read_windows(self, path: Path | Files, n: int) -> tuple[Any, NDArray | None, Names]:
        r"""Returns the windows of a folder of recordings, with one of them in memory at a time."""
        form = RecordingFormat(self.rate, self.channels, self.strict)
        windows, y, files = read_windows(path, form, n)

        if hasattr(self, "shape_"):
            return windows, y, files

        lengths = [length / self.rate for length in cast(tuple[int, ...], windows.length)]
        warn(failures.long_sound(lengths, n / self.rate))
        return as_recordings(windows, np.asarray(windows)), y, files

    def _check_arguments(self) -> None:
        integers = isinstance(self.rate, Integral) and isinstance(self.channels, Integral)

        if not (
            integers
            and min(self.rate, self.channels) >= 1
            and (
                self.seconds is None
                or (isinstance(self.seconds, Real) and 1 <= self.rate * self.seconds < math.inf)
            )
        ):
            raise ValueError(
                "expected rate >= 1 and channels >= 1 as integers, and seconds of at least one"
                f" sample, got rate={self.rate!r}, seconds={self.seconds!r} and"
                f" channels={self.channels!r}."
            )
