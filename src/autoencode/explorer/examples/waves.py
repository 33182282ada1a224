r"""Waveforms as files, and their outlines."""

__all__ = ["outline", "wav"]

import io
import wave

import numpy as np
from numpy.typing import NDArray

_OUTLINE_PARTS = 256


def wav(x: NDArray, rate: int) -> bytes:
    r"""Returns a waveform as a file of 16-bit integers, which every browser plays.

    Arguments:
        x: The waveform, with shape `(n,)` or `(n, channels)`; floats are from -1 to 1.
        rate: The sample rate in hertz.

    Example:
        >>> len(wav(np.zeros(100), 8000))
        244
    """
    x = x if x.ndim == 2 else x[:, None]
    samples = x if x.dtype == np.int16 else np.rint(32767 * full_scale(x).clip(-1, 1))
    file = io.BytesIO()

    with wave.open(file, "wb") as sound:
        sound.setnchannels(x.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(int(rate))
        sound.writeframes(samples.astype("<i2").tobytes())

    return file.getvalue()


def full_scale(x: NDArray) -> NDArray[np.float64]:
    r"""Returns samples as floats from -1 to 1.

    Example:
        >>> full_scale(np.array([-32768, 0], np.int16)).tolist()
        [-1.0, 0.0]
    """
    if x.dtype.kind == "u":  # unsigned samples are centered
        half = (int(np.iinfo(x.dtype).max) + 1) // 2
        return (x.astype(float) - half) / half

    if x.dtype.kind == "i":
        return x.astype(float) / (int(np.iinfo(x.dtype).max) + 1)

    return np.nan_to_num(x.astype(float))


def outline(x: NDArray) -> list[list[float]]:
    r"""The lowest and highest sample of each part of a waveform, channels averaged.

    Arguments:
        x: The waveform, with shape `(n,)` or `(n, channels)`.

    Example:
        >>> outline(np.array([0.0, 1.0]))
        [[0.0, 0.0], [1.0, 1.0]]
    """
    mono = full_scale(x).reshape(len(x), -1).mean(axis=1)
    parts = np.array_split(mono, min(_OUTLINE_PARTS, max(1, len(mono))))

    return [[float(part.min()), float(part.max())] for part in parts if len(part)]
