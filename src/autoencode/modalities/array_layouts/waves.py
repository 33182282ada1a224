r"""Lists of arrays that may be sounds, series or rows of a table."""

__all__ = ["MIN_WAVE_LENGTH", "check_rows", "check_waves"]

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .likeness import MIN_SIDE, some_rows

MIN_WAVE_LENGTH = 1000  # samples
_MAX_PEAK = 1.5  # times full scale, which filtered sounds may exceed


def check_waves(waves: list[NDArray]) -> str:
    r"""Description of a list of arrays as sounds.

    Arguments:
        waves: The arrays.

    Raises:
        ValueError: If they may also be series.
    """
    lengths = [len(x) for x in waves]
    longest = max(lengths)
    wide = max(x.shape[1] if x.ndim == 2 else 1 for x in waves)
    some = [waves[i] for i in some_rows(len(waves))]
    is_float = any(x.dtype.kind == "f" for x in some)
    finite = [x[np.isfinite(x)] for x in some if x.dtype.kind == "f"]
    low = min((x.min() for x in finite if x.size), default=0.0)
    high = max((x.max() for x in finite if x.size), default=0.0)
    why = None

    if wide > 2:
        why = f"of up to {wide} columns"
    elif longest < MIN_WAVE_LENGTH:
        why = f"of at most {longest} numbers, which are a few hundredths of a second"
    elif is_float and max(-low, high) > _MAX_PEAK:
        why = f"with values from {low:.3g} to {high:.3g}, while waveforms lie between -1 and 1"
    elif is_float and low >= 0 < high:
        why = "all of which are at least zero"

    if why is None:
        return f"{len(waves):,} sounds of up to {longest:,} samples"

    channels = f", channels={wide}" * (wide > 1)
    divided = "" if max(-low, high) <= _MAX_PEAK else " after a division by their largest value,"
    image = wide > 2 and all(x.ndim == 2 and x.shape[1] >= MIN_SIDE for x in waves)
    images = " Write images of several sizes to a folder, or resize them to one size." * image
    raise ValueError(
        f"a list of {len(waves):,} arrays of different lengths, {why}, may be series of"
        f" measurements, or sounds. Use modality=ae.modalities.Series() (command line: --modality"
        " Series) for series, or"
        f"{divided} modality=ae.modalities.Sounds(rate=...{channels})"
        f" for sounds, with the samples per second.{images}"
    )


def check_rows(X: Any) -> None:
    r"""Refuse a list of equally long arrays that may be sounds or rows of a table.

    Arguments:
        X: Any data.

    Raises:
        ValueError: If `X` is a list of long arrays that look like waveforms.

    Example:
        >>> check_rows([np.zeros(3), np.ones(3)])
    """
    if not isinstance(X, (list, tuple)) or len(X) == 0:
        return

    if not all(isinstance(x, np.ndarray) and x.ndim == 1 and len(x) >= MIN_WAVE_LENGTH for x in X):
        return

    if len({len(x) for x in X}) > 1:
        return

    x = np.stack([X[i] for i in some_rows(len(X))])
    whole = x.dtype == np.int16
    waves = whole or (x.dtype.kind == "f" and -_MAX_PEAK < x.min() < 0 < x.max() < _MAX_PEAK)

    if waves and abs(x.mean(dtype=float)) < 0.2 * x.std(dtype=float):
        raise ValueError(
            f"a list of {len(X):,} arrays of {len(X[0]):,} numbers each may be sounds of one"
            " length, or the rows of a table. Use modality=ae.modalities.Sounds(rate=...) for"
            " sounds, with the samples per second, or np.stack(X) for a table."
        )
