r"""Order of files, and files that were left out."""

__all__ = ["check_order", "explain_left_out", "explain_lost"]

import logging
from collections.abc import Sequence
from pathlib import Path

from ..data import Names
from ..data.joining import in_one_order
from ..data.listing.names import first_few

log = logging.getLogger(__name__)


def explain_left_out(names: Names, what: str) -> str:
    r"""Sentence about files that could not be read, if labels or pairs are joined by position.

    Arguments:
        names: The files.
        what: The beginning of the sentence.

    Example:
        >>> explain_left_out(Names(["a.png"], [0], 2, {"b.png": "empty"}), "got 2 labels")
        'got 2 labels for 1 readable files of 2, of which 1 were left out: b.png (empty)...'
    """
    return (
        f"{what} for {len(names):,} readable files of {names.total:,}, of which"
        f" {len(names.left_out):,} were left out:"
        f" {first_few([f'{name} ({why})' for name, why in names.left_out.items()], 20)}. Repair"
        " these files, or remove them together with their labels or partners; or join by name:"
        " labels as y={name: label, ...} or in a table with a column of file names, and damaged"
        " versions in a folder."
    )


def explain_lost(files: Names, names: Sequence[str]) -> list[str]:
    r"""Names without a partner, with the reason if a file could not be read.

    Arguments:
        files: The files, some of which could not be read.
        names: The names.

    Example:
        >>> explain_lost(Names(["a.png"], [0], 2, {"b.png": "empty"}), ["b", "c"])
        ['b (whose file was left out: empty)', 'c']
    """
    return [_lost(name, files) for name in names]


def _lost(name: str, others: Names) -> str:
    for left, why in others.left_out.items():
        if Path(left).with_suffix("") == Path(name).with_suffix("") or left == name:
            return f"{name} (whose file was left out: {why})"

    return name


def check_order(names: Names, what: str) -> None:
    r"""Refuse to join by position if the order of the files is ambiguous.

    Arguments:
        names: The files.
        what: The things that are joined to the files, for the message.

    Raises:
        ValueError: If the alphabetical order differs from that of the numbers in the names.

    Example:
        >>> check_order(Names(["a1.png", "a10.png", "a2.png"], [0, 1, 2], 3), "labels")
        Traceback (most recent call last):
        ValueError: cannot tell which of the files belong to which of labels: ...
    """
    if names.ordered:
        return

    if not in_one_order(names):
        raise ValueError(
            f"cannot tell which of the files belong to which of {what}: the alphabetical order,"
            f" {first_few(names)}, differs from that of the numbers in the names."
            " Give a list of the files in the right order, or join by name: labels as"
            " y={name: label, ...} or as a table with a column of file names, images as folders."
        )

    log.info("files and %s are joined by position, in the order of the names.", what)
