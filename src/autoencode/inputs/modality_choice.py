r"""Modality of given examples, files and folders."""

__all__ = ["ModalityChoice", "is_accepted", "modality_of", "modality_of_path"]

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data import Files, holds_frame, read_frame, table_suffix
from ..data.media.folder_kinds import check_one_kind
from ..data.media.text import check_prose
from ..data.tabular.frames.kinds import NUMBERS_ALONE, describe_other_columns
from ..modalities import CANDIDATES, Modality, guess
from ..modalities.capabilities import NonNumeric, Readable, Tabular

ModalityChoice = Modality | Sequence[Modality] | None


def modality_of(X: Any, kinds: ModalityChoice) -> Modality:
    r"""The modality of examples, or of a file or folder.

    Arguments:
        X: The examples, or the path.
        kinds: As for :func:`~autoencode.inputs.read`.

    Raises:
        ValueError: If no modality accepts them.

    Example:
        >>> import numpy as np
        >>> modality_of(np.zeros((5, 3)), None)
        Tables()
    """
    if isinstance(kinds, Modality):
        return kinds

    return guess(X) if kinds is None else guess(X, kinds)


def modality_of_path(path: Path | Files, kinds: ModalityChoice) -> Modality | None:
    r"""The modality that reads a file or folder, or `None` for an array of numbers.

    Arguments:
        path: The file or folder, or several files.
        kinds: As for :func:`~autoencode.inputs.read`.

    Raises:
        ValueError: If no modality accepts the folder, or a table is not of that modality.

    Example:
        >>> modality_of_path(Path("digits.npy"), None) is None
        True
    """
    if isinstance(path, Files) or path.is_dir():
        if not isinstance(kinds, Modality):
            check_one_kind(path)

        return modality_of(path, kinds)

    if isinstance(kinds, NonNumeric):
        return modality_of(path, kinds)

    if isinstance(kinds, Modality):
        has_own_files = isinstance(kinds, Readable) and not isinstance(kinds, Tabular)

        if has_own_files and table_suffix(path) is not None:
            raise ValueError(
                f"expected data like those of {kinds}, got the table '{path}'. Leave out modality"
                " (command line: --modality), or choose another."
            )

        return kinds if kinds.accepts(path) else None

    check_prose(path)
    kind = next((kind for kind in kinds or CANDIDATES if kind.accepts(path)), None)

    if kind is None and kinds is not None and holds_frame(path):  # no kind takes such columns
        raise ValueError(NUMBERS_ALONE.format(describe_other_columns(read_frame(path))))

    return kind


def is_accepted(X: Any, kinds: ModalityChoice) -> bool:
    r"""Tell whether one of several modalities takes examples.

    Arguments:
        X: The examples.
        kinds: As for :func:`~autoencode.inputs.read`.

    Example:
        >>> import numpy as np
        >>> is_accepted(np.zeros((5, 3)), None)
        True
    """
    candidates = [kinds] if isinstance(kinds, Modality) else kinds or CANDIDATES
    return any(kind.accepts(X) for kind in candidates)
