r"""Modalities: kinds of data, to tensors and back."""

__all__ = [
    "CANDIDATES",
    "MDCT",
    "Frames",
    "Images",
    "LogMel",
    "Modality",
    "Sounds",
    "Spectrum",
    "Tables",
    "Texts",
    "cut",
    "describe_context",
    "encode_context",
    "guess",
    "join",
    "pool",
]

from collections.abc import Sequence
from pathlib import Path

from .base import Modality
from .context import describe_context, encode_context
from .frames import Frames
from .images import Images
from .sounds import Sounds
from .spectra import MDCT, LogMel, Spectrum
from .tables import Tables
from .texts import Texts
from .windows import cut, join, pool

CANDIDATES = (Sounds(), Images(), Tables(), Frames(), Texts())


def guess(X: object, candidates: Sequence[Modality] = CANDIDATES) -> Modality:
    r"""The modality of some data: the first candidate that accepts them.

    Arguments:
        X: An array, a list of sounds or texts, a data frame, or the path of a file or folder.
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
        f" or sounds; got {_told(X)}."
    )


def _told(X: object) -> str:
    r"""Returns what data are, in few words however many they are."""
    if isinstance(X, Path):
        return f"'{X}'"

    if hasattr(X, "shape"):
        return f"{X.shape}"

    return f"a {type(X).__name__}" + (f" of length {len(X):,}" if hasattr(X, "__len__") else "")
