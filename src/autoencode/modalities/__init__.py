r"""Modalities: kinds of data, to tensors and back."""

__all__ = [
    "CANDIDATES",
    "MDCT",
    "Images",
    "LogMel",
    "Modality",
    "Sounds",
    "Spectrum",
    "Tables",
    "Texts",
    "cut",
    "describe_context",
    "guess",
    "join",
    "reader",
]

from collections.abc import Sequence
from pathlib import Path

from .base import Modality
from .context import describe_context
from .images import Images
from .sounds import Sounds
from .spectra import MDCT, LogMel, Spectrum
from .tables import Tables
from .texts import Texts
from .windows import cut, join

CANDIDATES = (Sounds(), Images(), Tables(), Texts())


def guess(X: object, candidates: Sequence[Modality] = CANDIDATES) -> Modality:
    r"""The modality of some data: the first candidate that accepts them.

    Arguments:
        X: An array, a list of sounds or texts, or the path of a folder or file.
        candidates: The modalities to choose from.

    Raises:
        ValueError: If none accepts the data.

    Example:
        >>> import numpy as np
        >>> guess(np.zeros((5, 8, 8)))
        Images(size=None, strict=False)
    """
    for modality in candidates:
        if modality.accepts(X):
            return modality.clone()

    names = ", ".join(type(modality).__name__ for modality in candidates)
    raise ValueError(
        f"no modality out of {names} takes these data: expected rows of numbers, with shape"
        " (N, D), or images, with shape (N, H, W) or (N, H, W, C), or sounds, as a list of arrays"
        " of different lengths, or texts, as a list of str or a .txt file, or a folder of images"
        f" or sounds; got {getattr(X, 'shape', X)}."
    )


def reader(path: Path, kinds: Modality | Sequence[Modality] = CANDIDATES) -> Modality | None:
    r"""What reads a folder or file: a modality, or none if it is a file of an array of numbers.

    Arguments:
        path: The folder or file.
        kinds: The modality that the examples are to be of, or several to choose from.

    Raises:
        ValueError: If it is a folder that none of them takes.

    Example:
        >>> reader(Path("lines.txt"))
        Texts(length=None, cut=False, subwords=None, column=None)
        >>> reader(Path("table.npy")) is None
        True
    """
    if isinstance(kinds, Modality):
        return kinds if path.is_dir() or not kinds.numeric else None

    if path.is_dir():
        return guess(path, kinds)

    return next((kind.clone() for kind in kinds if kind.accepts(path)), None)
