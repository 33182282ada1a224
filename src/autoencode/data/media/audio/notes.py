r"""Log lines and errors about files of sounds."""

__all__ = ["explained", "log_conversions", "note_of", "nothing_read", "report_notes"]

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...listing.names import first_few
from ...listing.sources import Files
from ...remedies import remedy
from .decoding import Sound
from .faults import FAULTS, report_faults

log = logging.getLogger(__name__)

_last: dict[str, list[str]] = {}  # the last log lines, as each command reads the same files again


def note_of(sound: Sound) -> list[Any]:
    r"""Note of a sound that was read, for :func:`report_notes`.

    Arguments:
        sound: The sound.

    Example:
        >>> import numpy as np
        >>> note_of(Sound(np.zeros(8000), None, False, 16000, 1))
        [8000, None, False, 16000, 1]
    """
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


def log_conversions(notes: Sequence[Any], rate: int, channels: int) -> None:
    r"""Logs which files have another rate or number of channels than the result, once.

    Arguments:
        notes: The notes of files, as for :func:`report_notes`.
        rate: The samples per second of the result.
        channels: The number of channels of the result.

    Example:
        >>> log_conversions([[8000, None, False, 16000, 1]], 16000, 1)
    """
    own = [note[3:5] for note in notes if not isinstance(note, str)]
    rates = Counter(r for r, _ in own if r != rate)
    numbers = Counter(n for _, n in own if n != channels)
    changes = []

    if numbers:
        common = numbers.most_common(1)[0][0]
        changes.append(
            f"{numbers.total():,} of {len(own):,} sounds have {_either(numbers)} channels, and"
            f" become {channels} by their mean: Sounds(channels={common}) keeps them (command"
            f" line: --modality Sounds --modality.channels {common})"
        )

    if rates:
        common = rates.most_common(1)[0][0]
        changes.append(
            f"{rates.total():,} of {len(own):,} sounds have {_either(rates)} Hz, and are resampled"
            f" to {rate:,} Hz: Sounds(rate={common}) keeps them (command line: --modality Sounds"
            f" --modality.rate {common})"
        )

    if changes and _last.get("conversions") != changes:
        log.info("%s.", "; ".join(changes))

    _last["conversions"] = changes


def _either(counts: Counter[int]) -> str:
    return " or ".join(f"{n:,}" for n in sorted(counts)[:3]) + ", ..." * (len(counts) > 3)
