r"""Recordings from files and folders."""

__all__ = [
    "Recordings",
    "check_packages",
    "check_samples",
    "durations",
    "each_sound",
    "explained",
    "explained_format",
    "holds_sounds",
    "is_sound",
    "is_truncated",
    "mix",
    "nothing_read",
    "read_sound",
    "read_sounds",
    "report_notes",
    "tell_conversions",
    "write_sound",
]

import contextlib
import io
import logging
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ...common.batching import data_limits
from ...common.progress import track
from ..cache import prepare
from ..listing import Files, Names, check_source, first_few, list_files, no_such
from ..remedies import remedy
from ..resumable import write_rows
from .audio_checks import FAULTS, find_fault, report_faults

log = logging.getLogger(__name__)

_SUFFIXES = set(".wav .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .au .caf .w64 .rf64".split())
_ENOUGH = 1000  # files that decide on the kind of a folder
_SIZES = re.compile(r"(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)")
_PAGE = 2**16  # bytes, the maximum size of a page of an Ogg file
_UNKNOWN = 2**31 - 2**24  # size written by encoders that stream to a pipe
_last: dict[str, list[str]] = {}  # what was said, as each command reads the same files again
_LOUDEST = 64.0  # filters do not exceed full scale by this factor; integers as floats do


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


class _Sound(NamedTuple):
    x: NDArray

    wrong: str | None
    r"""The fault of the sound in the file, or `None`."""

    longer: bool
    r"""True if the file is longer than the part that was read."""

    rate: int
    r"""The samples per second in the file."""

    channels: int
    r"""The number of channels in the file."""


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
    tell_conversions(notes, rate, channels)

    if len(X) == 0:
        raise nothing_read(source, [*names.left_out.items()])

    parents = [str(Path(name).parent) for name in names]

    return SoundFolder(X, np.array(parents) if set(parents) != {"."} else None, names)


def each_sound(
    folder: Path | Files,
    rate: int = 16000,
    channels: int = 1,
    strict: bool = False,
    notes: dict[str, Any] | None = None,
) -> Iterator[tuple[str, NDArray]]:
    r"""Yields complete sounds of a folder one by one, with the names of their files.

    Faults are logged at the end, as by :func:`read_sounds`.

    Arguments:
        folder: The folder.
        rate: The sample rate of the result, in hertz.
        channels: The number of channels of the result.
        strict: Whether to refuse a folder with any fault.
        notes: A dictionary that receives properties of each file, by its name.

    Raises:
        ValueError: In the cases of :func:`read_sounds`.

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
            sound = _decode(file, rate, None, channels)
        except Exception as error:  # libsndfile's decoders raise whatever they like
            notes[name] = explained(file, error)
            continue

        notes[name] = _note(sound)
        yield name, sound.x

    report_notes(notes, None, strict)
    tell_conversions([*notes.values()], rate, channels)


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
        path: The file, in any format that :func:`read_sounds` reads.
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
        sound = _decode(path, rate, None, channels)
    except Exception as error:  # libsndfile's decoders raise whatever they like
        raise ValueError(f"cannot read '{path}': {explained(path, error)}.") from None

    report_notes({path.name: _note(sound)}, None, strict)
    tell_conversions([_note(sound)], rate, channels)

    return sound.x


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


def mix(x: NDArray, channels: int) -> NDArray:
    r"""Sounds with a given number of channels: unchanged, or the repeated mean of all channels.

    Arguments:
        x: The sounds, with shape `(*, C)`.
        channels: The number of channels to return.

    Example:
        >>> mix(np.array([[0.0, 1.0]]), 1)
        array([[0.5]])
    """
    if x.shape[-1] == channels:
        return x

    # One memory layout for all inputs, because the rounding of sums depends on their order
    mean = np.ascontiguousarray(x).mean(axis=-1, keepdims=True)
    return np.repeat(mean, channels, axis=-1)


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

    def decode(file: Path) -> _Sound | str:
        try:
            return _decode(file, rate, seconds, channels)
        except Exception as error:  # libsndfile's decoders raise whatever they like
            return explained(file, error)

    n = data_limits().block_files
    parts = [files[i : i + n] for i in range(0, len(files), n)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in track(parts, len(files), "files"):
            decoded = [*pool.map(decode, part)]

            yield (
                [d.x for d in decoded if not isinstance(d, str)],
                [d if isinstance(d, str) else _note(d) for d in decoded],
            )


def _note(sound: _Sound) -> list[Any]:
    return [len(sound.x), sound.wrong, sound.longer, sound.rate, sound.channels]


def nothing_read(source: Path | Files, left_out: list[tuple[str, str]]) -> ValueError:
    r"""Error of a source without any sound.

    Arguments:
        source: The source.
        left_out: The names of its files, each with the reason.

    Example:
        >>> nothing_read(Path("drums"), [("a.wav", "it is empty")])
        ValueError("expected a folder of sounds, got no sound in 'drums': a.wav (it is empty).")
    """
    why = first_few([f"{name} ({why})" for name, why in left_out], 3)
    return ValueError(
        f"expected a folder of sounds, got no sound in '{source}'{f': {why}' if why else ''}."
    )


def explained(file: Path, error: Exception) -> str:
    r"""Fault of a file in words, and the remedy.

    Arguments:
        file: The file.
        error: The error that reading it raised.

    Example:
        >>> explained(Path("drum.wav"), ValueError("it is empty."))
        'it is empty'
    """
    return remedy(file) or f"{getattr(error, 'error_string', error)}".rstrip(".")


def report_notes(notes: Mapping[str, Any], seconds: float | None, strict: bool) -> None:
    r"""Logs the faults of files, or refuses them.

    Arguments:
        notes: For each file, the reason why it cannot be read; or its length, its fault if it has
            one, whether it is longer than the part that was read, its rate and its channels.
        seconds: The length of the part that was read, if not all.
        strict: Whether to refuse faults.

    Raises:
        ValueError: If there is a fault, with `strict`.

    Example:
        >>> report_notes({"drum.wav": [8000, None, False, 16000, 1]}, None, True)
    """
    read = {name: note for name, note in notes.items() if not isinstance(note, str)}
    bad = [f"{name} ({note})" for name, note in notes.items() if isinstance(note, str)]
    kinds = {
        f"{kind}, and kept": [name for name, (_, fault, *_) in read.items() if fault == kind]
        for kind in FAULTS
    }
    total = f"{len(notes):,} file{'s' * (len(notes) != 1)}"
    report_faults({"no readable sounds, and skipped": bad, **kinds}, total, strict)

    # The user asked for shorter parts, so this is not a fault
    longer = [name for name, (_, _, longer, *_) in read.items() if longer]
    report_faults(
        {f"longer than {seconds:g} s, and cut off": longer} if longer else {}, total, False
    )


def tell_conversions(notes: Sequence[Any], rate: int, channels: int) -> None:
    r"""Logs which files have another rate or number of channels than the result, once.

    Arguments:
        notes: The notes of files, as for :func:`report_notes`.
        rate: The samples per second of the result.
        channels: The number of channels of the result.

    Example:
        >>> tell_conversions([[8000, None, False, 16000, 1]], 16000, 1)
    """
    own = [note[3:5] for note in notes if not isinstance(note, str)]
    rates = Counter(r for r, _ in own if r != rate)
    numbers = Counter(n for _, n in own if n != channels)
    said = []

    if numbers:
        usual = numbers.most_common(1)[0][0]
        said.append(
            f"{numbers.total():,} of {len(own):,} sounds have {_either(numbers)} channels, and"
            f" become {channels} by their mean: Sounds(channels={usual}) keeps them (command"
            f" line: --modality Sounds --modality.channels {usual})"
        )

    if rates:
        usual = rates.most_common(1)[0][0]
        said.append(
            f"{rates.total():,} of {len(own):,} sounds have {_either(rates)} Hz, and are resampled"
            f" to {rate:,} Hz: Sounds(rate={usual}) keeps them (command line: --modality Sounds"
            f" --modality.rate {usual})"
        )

    if said and _last.get("said") != said:
        log.info("%s.", "; ".join(said))

    _last["said"] = said


def _either(counts: Counter[int]) -> str:
    return " or ".join(f"{n:,}" for n in sorted(counts)[:3]) + ", ..." * (len(counts) > 3)


def _decode(file: Path, rate: int, seconds: float | None, channels: int) -> _Sound:
    import soundfile
    import soxr

    with soundfile.SoundFile(file) as sound:
        wanted = -1 if seconds is None else math.ceil(seconds * sound.samplerate)
        x = sound.read(wanted, dtype="float32", always_2d=True)
        longer = 0 <= wanted < sound.frames
        truncated = is_truncated(sound, file, len(x), wanted if longer else None)
        own_rate, floats = sound.samplerate, sound.subtype in {"FLOAT", "DOUBLE"}

    if len(x) == 0:
        raise ValueError("it is empty")

    x, n_channels = check_samples(x, floats), x.shape[1]
    wrong = "truncated" if truncated else find_fault(x, own_rate, channels)
    x = soxr.resample(mix(x, channels), own_rate, rate)
    x = x if seconds is None else x[: round(seconds * rate)]

    if len(x) == 0:
        raise ValueError(f"nothing of it is left at {rate} Hz")

    return _Sound(x[:, 0] if channels == 1 else x, wrong, longer, own_rate, n_channels)


def check_samples(x: NDArray, floats: bool) -> NDArray:
    r"""Returns samples of a file within full scale.

    Arguments:
        x: The samples.
        floats: Whether the file holds floats.

    Raises:
        ValueError: If samples are not finite, or are floats in the range of integers.

    Example:
        >>> check_samples(np.array([0.5, 1.2]), floats=True)
        array([0.5, 1. ])
    """
    if not np.isfinite(x).all():
        raise ValueError("it holds numbers that are not finite")

    if floats and (peak := float(np.abs(x).max(initial=0))) > _LOUDEST:
        raise ValueError(
            f"its samples reach {peak:,.0f}, where full scale is 1: divide them by 32768, if they"
            " are in the scale of 16 bits, or save them as integers"
        )

    # Decoders of compressed formats may exceed full scale, some by a factor of forty; players clip
    return x.clip(-1, 1)


def is_truncated(sound: Any, file: Path, n: int, wanted: int | None = None) -> bool:
    r"""Tell whether a file ends before its header says.

    Arguments:
        sound: The open file, of soundfile.
        file: Its path.
        n: The number of frames that were read.
        wanted: The number of frames that were to be read, if not all.
    """
    sizes = [(int(told), int(there)) for told, there in _SIZES.findall(sound.extra_info)]

    return (
        any(there < told < _UNKNOWN for told, there in sizes)
        or n < (sound.frames if wanted is None else wanted)
        or (sound.format == "OGG" and wanted is None and not _ends(file))
    )


def _ends(file: Path) -> bool:
    r"""Tell whether the last page of an Ogg file is complete and marked as the end.

    The format does not state the length. A page has a header, with a mark in one byte and the
    number of segments in the last one; a byte for the size of each segment; and the segments.
    """
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - _PAGE))
        page = stream.read().rpartition(b"OggS")[2]

    if len(page) < 23 or not page[1] & 4:
        return False

    return len(page) >= 23 + page[22] + sum(page[23:][: page[22]])


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
