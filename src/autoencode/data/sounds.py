r"""Folders of recordings."""

__all__ = ["fault", "holds_sounds", "mix", "read_sounds", "report"]

import logging
import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

_SUFFIXES = set(".wav .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .au .caf .w64 .rf64".split())
_SILENT = 1e-4  # of full scale: -80 dB
_CLIPPED = 0.9999  # a loud recording touches full scale, a clipped one stays there
_SHORTEST = 0.01  # seconds: less holds no pitch that one can hear
_ENOUGH = 1000  # files that say what a folder is of


class SoundFolder(NamedTuple):
    r"""The sounds of a folder: waveforms, the subfolders, and the files they come from."""

    X: NDArray
    y: NDArray | None
    files: list[str]


def read_sounds(
    folder: str | Path,
    rate: int = 16000,
    seconds: float | None = None,
    channels: int = 1,
    strict: bool = False,
) -> SoundFolder:
    r"""Reads all sounds of a folder and of its subfolders, in the order of their names.

    They may be WAV, FLAC, OGG, AIFF or whatever else libsndfile reads, each of its own rate,
    length and channels. Those of another rate are resampled, those with other channels mixed
    down. What could not be read is skipped; that, and what is silent, clipped or shorter than a
    hundredth of a second, is counted and named in the log.

    Arguments:
        folder: The folder. Every file in it is read, but those whose name, or whose folder's,
            begins with a dot.
        rate: The samples per second that they are brought to.
        seconds: How much of each is read, from its beginning; by default all.
        channels: One, or how many a sound is to have. All channels of a file that has others
            are mixed, and repeated.
        strict: Whether to refuse a folder in which anything is to be named.

    Returns:
        The waveforms as float32, full scale from -1 to 1, with shape `(n,)` or `(n, channels)`
        each, in an array of objects; the subfolder of each, or `None` if there are none; and
        the files' names.

    Raises:
        ValueError: If there is no sound, or with `strict` if something is wrong with one; or
            if the packages that read sounds are missing.

    Example:
        >>> read_sounds("recordings/").X[0].shape  # doctest: +SKIP
        (12345,)
    """
    _check_packages()
    folder = Path(folder)
    files = sorted(f for f in folder.rglob("*") if f.is_file() and not _hidden(f, folder))
    names = [str(file.relative_to(folder)) for file in files]

    def decode(file: Path) -> tuple[NDArray, bool] | str:
        try:
            return _decode(file, rate, seconds, channels)
        except Exception as error:  # libsndfile's decoders raise whatever they like
            return f"{type(error).__name__}: {error}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        decoded = dict(zip(names, pool.map(decode, files)))

    bad = [f"{name} ({d})" for name, d in decoded.items() if isinstance(d, str)]
    read = {name: d for name, d in decoded.items() if not isinstance(d, str)}
    faults = {name: fault(x, rate) for name, (x, _) in read.items()}

    report(
        {
            "no readable sounds, and skipped": bad,
            **{
                f"{kind}, and kept": [name for name, f in faults.items() if f == kind]
                for kind in ("silent", "clipped", "too short")
            },
        },
        f"{len(files):,} files",
        strict,
    )

    if not read:
        raise ValueError(f"expected a folder of sounds, got no sound in '{folder}'.")

    cut = sum(longer for _, longer in read.values())

    if cut:
        log.info("%d of %d sounds are longer than %g s, and cut off.", cut, len(read), seconds)

    X = np.empty(len(read), object)
    X[:] = [x for x, _ in read.values()]
    parents = [str(Path(name).parent) for name in read]

    return SoundFolder(X, np.array(parents) if set(parents) != {"."} else None, [*read])


def holds_sounds(folder: Path) -> bool:
    r"""Whether at least half of the first files of a folder have the suffix of a sound.

    Example:
        >>> import tempfile
        >>> holds_sounds(Path(tempfile.mkdtemp()))
        False
    """
    files = (f for f in folder.rglob("*") if not _hidden(f, folder) and f.is_file())
    sounds = [file.suffix.lower() in _SUFFIXES for file in islice(files, _ENOUGH)]

    return any(sounds) and 2 * sum(sounds) >= len(sounds)


def fault(x: NDArray, rate: int) -> str | None:
    r"""What is wrong with a sound: `"silent"`, `"clipped"`, `"too short"` or nothing.

    Arguments:
        x: The waveform, full scale from -1 to 1, with shape `(n,)` or `(n, channels)`.
        rate: The samples per second.

    Example:
        >>> fault(np.sin(np.arange(1000)), 8000), fault(np.zeros(1000), 8000)
        (None, 'silent')
    """
    peak = np.abs(x).reshape(len(x), -1).max(axis=1, initial=0)

    if peak.max(initial=0) < _SILENT:
        return "silent"

    if len(x) < _SHORTEST * rate:
        return "too short"

    full = peak >= _CLIPPED
    return "clipped" if (full[:-2] & full[1:-1] & full[2:]).any() else None


def report(faults: Mapping[str, Sequence[str]], total: str, strict: bool) -> None:
    r"""Counts and names in the log what is wrong with sounds.

    Arguments:
        faults: The names of those concerned, by what is wrong with them.
        total: What they are out of.
        strict: Whether to raise instead.

    Raises:
        ValueError: If there is something, and `strict`.

    Example:
        >>> report({"silent": ["a.wav"]}, "3 files", strict=True)
        Traceback (most recent call last):
        ...
        ValueError: 1 of 3 files silent: a.wav. Remove these, or use strict=False.
    """
    for what, names in faults.items():
        if not names:
            continue

        message = f"{len(names):,} of {total} {what}: {'; '.join(names[:5])}"
        message += "; ..." * (len(names) > 5)

        if strict:
            raise ValueError(f"{message}. Remove these, or use strict=False.")

        log.warning("%s.", message)


def mix(x: NDArray, channels: int) -> NDArray:
    r"""A sound of as many channels: its own, or else the mean of them all.

    Arguments:
        x: The sounds, with shape `(*, C)`.
        channels: How many to return.

    Example:
        >>> mix(np.array([[0.0, 1.0]]), 1)
        array([[0.5]])
    """
    if x.shape[-1] == channels:
        return x

    return np.repeat(x.mean(axis=-1, keepdims=True), channels, axis=-1)


def _decode(file: Path, rate: int, seconds: float | None, channels: int) -> tuple[NDArray, bool]:
    r"""Returns a waveform, and whether the file holds more than was asked for."""
    import soundfile
    import soxr

    with soundfile.SoundFile(file) as sound:
        wanted = -1 if seconds is None else math.ceil(seconds * sound.samplerate)
        x = sound.read(wanted, dtype="float32", always_2d=True)
        longer = 0 <= wanted < sound.frames
        own_rate = sound.samplerate

    if len(x) == 0:
        raise ValueError("it is empty")

    if not np.isfinite(x).all():
        raise ValueError("it holds numbers that are not finite")

    x = soxr.resample(mix(x, channels), own_rate, rate)
    x = x if seconds is None else x[: round(seconds * rate)]

    if len(x) == 0:
        raise ValueError(f"nothing of it is left at {rate} Hz")

    return (x[:, 0] if channels == 1 else x), longer


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _check_packages() -> None:
    if find_spec("soundfile") is None or find_spec("soxr") is None:
        raise ValueError("sounds need soundfile and soxr: pip install 'autoencode[audio]'")
