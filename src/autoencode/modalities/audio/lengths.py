r"""Length of examples, chosen by the lengths of recordings."""

import logging
import math

import numpy as np

from ...common import failures

log = logging.getLogger(__name__)

_SHORT_SECONDS, LONGEST_SECONDS, _WINDOW_SECONDS = 2.0, 10.0, 1.0  # seconds, see `choose_seconds`


def choose_seconds(lengths: list[float]) -> float:
    r"""Returns the length of examples in seconds, by the lengths of the recordings.

    It is the length of the longest recording, or of most recordings if a few are far longer. It
    is one second if recordings are long, unless all have about the same length.
    """
    if not lengths:
        return _WINDOW_SECONDS

    usual, longest = float(np.median(lengths)), max(lengths)

    if longest <= min(1.1 * usual, LONGEST_SECONDS):
        seconds = longest
    elif usual > _SHORT_SECONDS:
        seconds = _WINDOW_SECONDS
    elif longest <= 2 * usual:
        seconds = longest
    else:
        seconds = min(float(np.percentile(lengths, 95, method="higher")), 2 * _SHORT_SECONDS)

    return max(0.01, math.ceil(100 * seconds - 1e-6) / 100)


def share_kept(lengths: list[float], seconds: float) -> float:
    r"""Returns the share of the total length that remains if recordings are cut off."""
    return sum(min(n, seconds) for n in lengths) / max(sum(lengths), 1e-9) if lengths else 1.0


def log_windows(recordings: int, windows: int, seconds: float) -> None:
    r"""Logs the number of windows of recordings."""
    log.info(
        "%d recording%s cut into %d windows of %g s, which are the examples; pool_windows=True and"
        " full_size=True take each as one.",
        recordings,
        " is" if recordings == 1 else "s are",
        windows,
        seconds,
    )


def describe_unused(lengths: list[float], seconds: float) -> str | None:
    r"""Returns a warning about sounds that are cut off, by their lengths in seconds."""
    used = share_kept(lengths, seconds)
    usual = math.ceil(float(np.median(lengths))) if lengths else 0

    return failures.cut_off(
        f"the sounds, of which the first {seconds:g} s are taken",
        used,
        f"modality=Sounds(seconds={usual}) (command line: --modality Sounds --modality.seconds"
        f" {usual}), or the windows of each, by ae.modalities.cut",
    )
