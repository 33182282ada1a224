r"""Faults of sounds in memory, such as silence and clipping."""

__all__ = ["report_faults_in_memory"]

from typing import Any

from ...common.arrays import tensor_of
from ...data.media.audio.faults import FAULTS, find_fault, report_faults
from .waveforms import full_scale


def report_faults_in_memory(X: Any, rate: int, channels: int, strict: bool) -> None:
    r"""Log the sounds that are silent, clipped or very short.

    Arguments:
        X: The waveforms.
        rate: The samples per second.
        channels: The number of channels.
        strict: Whether such sounds are refused.

    Raises:
        ValueError: If there are some, and `strict` is set.
    """
    faults = [find_fault(full_scale(tensor_of(x)).numpy(), rate, channels) for x in X]
    named = {
        f"{kind}, and kept": [f"sound {i}" for i, fault in enumerate(faults) if fault == kind]
        for kind in FAULTS
    }
    report_faults(named, f"{len(X):,} sounds", strict)
