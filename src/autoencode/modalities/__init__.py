r"""Modalities: kinds of data, to tensors and back."""

__all__ = ["Images", "Modality", "Tables", "Texts", "describe_context", "guess"]

from collections.abc import Sequence
from pathlib import Path

from .base import Modality
from .context import describe_context
from .images import Images
from .tables import Tables
from .texts import Texts

CANDIDATES = (Images(), Tables(), Texts())


def guess(X: object, candidates: Sequence[Modality] = CANDIDATES) -> Modality:
    r"""The modality of some data: the first candidate that accepts them.

    Arguments:
        X: An array, a list of texts, or the path of a folder or file.
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

    given = isinstance(X, Path)
    names = ", ".join(type(modality).__name__ for modality in candidates)
    raise ValueError(
        f"no modality out of {names} takes these data: expected rows of numbers, with shape"
        " (N, D), or images, with shape (N, H, W) or (N, H, W, C), or a folder of images, or"
        f" texts, as a list of str or a .txt file; got {getattr(X, 'shape', X if given else type(X))}."
    )
