r"""Detection and description of faulty sounds."""

__all__ = ["FAULTS", "find_fault", "report_faults"]

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

_CANCELLED = "of channels that cancel, so that their mean is silent (use channels=2)"
FAULTS = ("truncated", "silent", _CANCELLED, "clipped", "too short")

_SILENT = 1e-4  # relative to full scale, -80 dB
_CLIPPED = 0.9999  # of full scale: a loud recording touches it, a clipped one stays there
_SHORTEST = 0.01  # seconds; shorter sounds have no audible pitch
_NAMED = 5  # number of names in a warning
_LEFT = 0.03  # -30 dB relative to the channels; the mean of independent channels loses 3 dB


def find_fault(x: NDArray, rate: int, channels: int | None = None) -> str | None:
    r"""Returns the fault of a sound: silent, clipped, too short, or with channels that cancel.

    Arguments:
        x: The waveform in the file, before it is resampled or mixed, with full scale from -1
            to 1 and shape `(n,)` or `(n, channels)`.
        rate: The sample rate in hertz.
        channels: The number of channels after mixing; by default it is not mixed.

    Returns:
        The fault in words, or `None`.

    Example:
        >>> find_fault(np.sin(np.arange(1000)), 8000), find_fault(np.zeros(1000), 8000)
        (None, 'silent')
    """
    peak = np.abs(x).reshape(len(x), -1).max(axis=1, initial=0)

    if peak.max(initial=0) < _SILENT:
        return "silent"

    if x.ndim == 2 and channels is not None and x.shape[1] != channels:
        left = np.sqrt(np.square(x.mean(axis=1, dtype=float)).mean())

        if left < _LEFT * np.sqrt(np.square(x, dtype=float).mean()):
            return _CANCELLED

    if len(x) < _SHORTEST * rate:
        return "too short"

    full = peak >= _CLIPPED
    return "clipped" if (full[:-2] & full[1:-1] & full[2:]).any() else None


def report_faults(faults: Mapping[str, Sequence[str]], total: str, strict: bool) -> None:
    r"""Logs the number and the names of faulty sounds.

    A warning names the first few; the log level `DEBUG` names all.

    Arguments:
        faults: The names of the sounds, by fault.
        total: The number and kind of all sounds, in words.
        strict: Whether to raise instead.

    Raises:
        ValueError: If there is a fault, with `strict`.

    Example:
        >>> report_faults({"silent": ["a.wav"]}, "3 files", strict=True)
        Traceback (most recent call last):
        ...
        ValueError: 1 of 3 files silent: a.wav. Remove these, or use strict=False.
    """
    for what, names in faults.items():
        if not names:
            continue

        message = f"{len(names):,} of {total} {what}: {'; '.join(names[:_NAMED])}"
        more = len(names) - _NAMED

        if more > 0:
            message += f"; and {more:,} more"

        if strict:
            raise ValueError(f"{message}. Remove these, or use strict=False.")

        log.warning("%s.", message)

        if more > 0:
            log.debug("all that are %s: %s.", what, "; ".join(names))
