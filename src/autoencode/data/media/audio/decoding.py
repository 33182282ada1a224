r"""Sounds of files as samples within full scale."""

__all__ = ["Sound", "check_rate", "check_samples", "decode_file", "is_truncated", "mix"]

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .faults import find_fault

_SIZES = re.compile(r"(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)")
_PAGE = 2**16  # bytes, the maximum size of a page of an Ogg file
_UNKNOWN = 2**31 - 2**24  # size written by encoders that stream to a pipe
_SLOWEST = 64  # a slower file by this factor has no sound, or a damaged rate
_LOUDEST = 64.0  # filters do not exceed full scale by this factor; integers as floats do


class Sound(NamedTuple):
    r"""Waveform of a file, and properties of the file."""

    x: NDArray

    wrong: str | None
    r"""The fault of the sound in the file, or `None`."""

    longer: bool
    r"""True if the file is longer than the part that was read."""

    rate: int
    r"""The samples per second in the file."""

    channels: int
    r"""The number of channels in the file."""


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


def decode_file(file: Path, rate: int, seconds: float | None, channels: int) -> Sound:
    r"""Decodes a file, and resamples and mixes its sound.

    Arguments:
        file: The file.
        rate: The sample rate of the result, in hertz.
        seconds: The length to read from the beginning of the file; `None` for all.
        channels: The number of channels of the result.

    Raises:
        ValueError: If the file is empty, or its rate or samples are invalid.
    """
    import soundfile
    import soxr

    with soundfile.SoundFile(file) as sound:
        check_rate(sound.samplerate, rate)
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

    return Sound(x[:, 0] if channels == 1 else x, wrong, longer, own_rate, n_channels)


def check_rate(own: int, rate: int) -> None:
    r"""Checks the sample rate of a file before its samples are resampled.

    Arguments:
        own: The rate of the file, in hertz.
        rate: The rate of the result, in hertz.

    Raises:
        ValueError: If the result would have far more samples than the file.

    Example:
        >>> check_rate(8000, 16000)
    """
    if own * _SLOWEST < rate:
        raise ValueError(
            f"its rate of {own} Hz is far below {rate} Hz: it is damaged, or is to be read at its"
            f" own rate, with modality=Sounds(rate={own}) (command line: --modality.rate {own})"
        )


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
