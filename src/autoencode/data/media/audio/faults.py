r"""Detection and description of faulty sounds."""

__all__ = ["FAULTS", "FaultFinder", "find_fault", "report_faults"]

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

_CANCELLING_CHANNELS = "of channels that cancel, so that their mean is silent (use channels=2)"
FAULTS = ("truncated", "silent", _CANCELLING_CHANNELS, "clipped", "too short")

_SILENCE_LEVEL = 1e-4  # relative to full scale, -80 dB
_CLIPPING_LEVEL = 0.9999  # of full scale: a loud recording touches it, a clipped one stays there
_MIN_SECONDS = 0.01  # seconds; shorter sounds have no audible pitch
_MAX_NAMES_SHOWN = 5  # number of names in a warning
# -30 dB relative to the channels; the mean of independent channels loses 3 dB
_MIN_MEAN_LEVEL = 0.03


class FaultFinder:
    r"""Fault of a sound that is seen in parts, as :func:`find_fault` names it.

    Arguments:
        rate: The sample rate in hertz.
        channels: The number of channels after mixing; by default it is not mixed.

    Example:
        >>> finder = FaultFinder(8000)
        >>> finder.add(np.zeros(500))
        >>> finder.add(np.ones(2))
        >>> finder.fault()
        >>> finder.add(np.ones(2))
        >>> finder.fault()
        'clipped'
    """

    def __init__(self, rate: int, channels: int | None = None) -> None:
        self.rate = rate
        self.channels = channels
        self.n, self.peak, self.mixed, self.power = 0, 0.0, 0.0, 0.0
        self.full = np.zeros(0, bool)
        self.clipped = False

    def add(self, x: NDArray) -> None:
        r"""Adds the next part, with shape `(n,)` or `(n, channels)`."""
        if len(x) == 0:
            return

        peak = np.abs(x).reshape(len(x), -1).max(axis=1)
        self.n += len(x)
        self.peak = max(self.peak, float(peak.max()))

        if x.ndim == 2 and self.channels is not None and x.shape[1] != self.channels:
            self.mixed += float(np.square(x.mean(axis=1, dtype=float)).sum())
            self.power += float(np.square(x, dtype=float).sum() / x.shape[1])

        full = np.concatenate([self.full, peak >= _CLIPPING_LEVEL])
        self.clipped |= bool((full[:-2] & full[1:-1] & full[2:]).any())
        self.full = full[-2:]

    def fault(self) -> str | None:
        r"""Returns the fault of all parts together, or `None`."""
        if self.peak < _SILENCE_LEVEL:
            return "silent"

        if self.power > 0 and self.mixed < _MIN_MEAN_LEVEL**2 * self.power:
            return _CANCELLING_CHANNELS

        if self.n < _MIN_SECONDS * self.rate:
            return "too short"

        return "clipped" if self.clipped else None


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
    finder = FaultFinder(rate, channels)
    finder.add(x)

    return finder.fault()


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

        message = f"{len(names):,} of {total} {what}: {'; '.join(names[:_MAX_NAMES_SHOWN])}"
        more = len(names) - _MAX_NAMES_SHOWN

        if more > 0:
            message += f"; and {more:,} more"

        if strict:
            raise ValueError(f"{message}. Remove these, or use strict=False.")

        log.warning("%s.", message)

        if more > 0:
            log.debug("all that are %s: %s.", what, "; ".join(names))
