r"""Modalities: kinds of data, to tensors and back.

- `base`: `Modality`, the ten methods of every kind
- `capabilities`: what only some kinds can do
- `numeric_tables`, `mixed_tables`, `image`, `audio`, `series`, `text`: the kinds
- `columns`: the columns of tables; `normal_scores`, `statistics`: their numbers
- `array_layouts`: the layouts of arrays; `windows`: windows of long examples
- `context`: labels and numbers, given to conditional models
"""

__all__ = [
    "CANDIDATES",
    "MDCT",
    "ContinuousContext",
    "Counts",
    "Images",
    "Labels",
    "LogMel",
    "MixedTables",
    "Modality",
    "Series",
    "Sounds",
    "Spectrum",
    "Tables",
    "Texts",
    "cut",
    "describe_context",
    "describe_guess",
    "encode_context",
    "guess",
    "join",
    "pool",
]

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..data.listing.sources import Files
from ..data.media.audio.folders import Recordings
from ..data.sparse_rows import SparseRows
from ..data.tabular.frames.kinds import NUMBERS_ALONE, describe_other_columns, is_frame
from .array_layouts import check_layout
from .audio.log_mel import LogMel
from .audio.sounds import Sounds
from .audio.spectra import MDCT, Spectrum
from .base import Modality
from .context import ContinuousContext, Labels, describe_context, encode_context
from .image.images import Images
from .mixed_tables.frame import MixedTables
from .numeric_tables.counts import Counts
from .numeric_tables.tables import Tables
from .series.series import Series
from .text.texts import Texts
from .windows import cut, join, pool

CANDIDATES = (Sounds(), Images(), Tables(), MixedTables(), Texts())


def guess(X: object, candidates: Sequence[Modality] = CANDIDATES) -> Modality:
    r"""The modality of some data: the first candidate that accepts them.

    Arrays whose layout has two plausible readings are refused, and the message gives the setting
    for each reading. Examples are windows of sensors and gray images, channels first and last, one
    photograph and many images, or lists of series and of sounds.

    Arguments:
        X: An array, a list of sounds or texts, a data frame, or the path of a file or folder.
        candidates: The modalities to choose from.

    Raises:
        ValueError: If no candidate accepts the data, or several kinds are plausible.

    See Also:
        :func:`~autoencode.modalities.describe_guess`

    Example:
        >>> import numpy as np
        >>> guess(np.zeros((5, 8, 8)))
        Images()
    """
    sparse = isinstance(X, SparseRows)

    for modality in candidates:
        if modality.takes_sparse >= sparse and modality.accepts(X):
            if getattr(modality, "layout", None) is None and not _is_read(X):
                check_layout(X, type(modality).__name__)

            return modality.clone()

    if isinstance(X, Files) and any(path.is_dir() for path in X):
        raise ValueError(f"expected files, got folders in {X}: give one folder, or their files.")

    if isinstance(X, Files):
        raise ValueError(
            f"expected a list of files of images, sounds or texts, got {X}. Arrays are read one"
            " file at a time: read each, and put them together with numpy.concatenate."
        )

    if isinstance(X, np.ndarray):
        _refuse(X)

    if is_frame(X):
        raise ValueError(NUMBERS_ALONE.format(describe_other_columns(X)))

    if isinstance(X, (list, tuple)) and X and all(np.ndim(x) in {2, 3} for x in X):
        raise ValueError(
            f"a list of {len(X):,} arrays of different sizes may be images, which must have one"
            " size. Write them to a folder, whose images are scaled to one size, or resize them."
        )

    names = ", ".join(type(modality).__name__ for modality in candidates)
    raise ValueError(
        f"none of the modalities {names} accepts these data: expected rows of numbers with shape"
        " (N, D), images with shape (N, H, W) or (N, H, W, C), sounds as a list of arrays of"
        " different lengths, texts as a list of str or a .txt file, or a folder of images or"
        f" sounds; got {_describe(X)}."
    )


def describe_guess(X: object, modality: Modality) -> str | None:
    r"""Describes the modality guessed from shape and content, or returns `None`.

    Arguments:
        X: The data.
        modality: The modality that :func:`guess` returned for them.

    See Also:
        :func:`~autoencode.modalities.guess`

    Example:
        >>> describe_guess(np.zeros((5, 8, 8)), Images())
        '5 gray images of 8 x 8'
    """
    kind = type(modality).__name__

    if kind not in {"Images", "Sounds"} or _is_read(X) or getattr(modality, "layout", None):
        return None

    return check_layout(X, kind)


def _is_read(X: object) -> bool:
    r"""Tell whether data come from files, whose kind is not a guess."""
    return isinstance(X, (Path, Recordings))


def _refuse(X: np.ndarray) -> None:
    r"""Raises with advice if an array has a number of axes that no kind accepts."""
    if X.ndim == 5:
        raise ValueError(
            f"an array with shape {X.shape} may be videos or volumes, which no modality accepts."
            " Use X.reshape(-1, *X.shape[2:]) for images of their frames or slices, or"
            " X.reshape(len(X), -1) for a table."
        )

    if X.ndim > 5:
        raise ValueError(
            f"expected at most four axes, got an array with shape {X.shape}. Use"
            " X.reshape(len(X), -1) for a table."
        )

    if X.ndim == 0:
        raise ValueError(
            "expected several examples, got a single number. Use np.reshape(X, (1, 1)) for a table"
            " of one row and column."
        )


def _describe(X: object) -> str:
    r"""Returns a short description of data of any size."""
    if isinstance(X, Path):
        return f"'{X}'"

    if hasattr(X, "shape"):
        return f"{X.shape}"

    return f"a {type(X).__name__}" + (f" of length {len(X):,}" if hasattr(X, "__len__") else "")
