r"""From whatever the user has to examples that a modality takes, checked as scikit-learn does."""

__all__ = [
    "Kinds",
    "check_names",
    "choose",
    "known_format",
    "learned_format",
    "read",
    "read_tables",
    "reader",
    "without_torch",
]

import contextlib
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data
from torch import Tensor

from .data import (
    TableFormat,
    collected,
    found_format,
    is_frame,
    is_numbers,
    is_stream,
    names_of,
    read_array,
    read_frames,
    read_stream,
    stored_by_row,
    summarize,
    table_files,
    table_suffix,
    telling_apart,
    to_pandas,
)
from .data.libraries import needs_pandas
from .failures import warn
from .modalities import CANDIDATES, Frames, Modality, Tables, guess
from .modalities.layouts import check_rows, check_type
from .modalities.windows import Windows

log = logging.getLogger(__name__)

Kinds = Modality | Sequence[Modality] | None


def read(
    estimator: BaseEstimator, X: Any, kinds: Kinds, reset: bool = False, whole: bool = False
) -> tuple[Any, NDArray | None]:
    r"""Reads files and streams, and checks what are numbers.

    Arguments:
        estimator: Remembers the names and the number of columns, or knows them.
        X: Examples of any kind; the path of a file or folder; or what yields them.
        kinds: The modality of the data, several to choose from, or `None` to choose from all.
        reset: Whether the columns are to be learned.
        whole: Whether nothing of long examples is to be cut off.

    Returns:
        Numbers as an array, unless their modality takes them as the frame that they are in; other
        data as they are; and labels, if the data hold some.

    Raises:
        ValueError: If the data are none of these kinds, empty, or unlike those of before.

    Example:
        >>> read(BaseEstimator(), [[1, 2], [3, 4]], None, reset=True)
        (array([[1, 2],
               [3, 4]]), None)
    """
    y, names = None, None

    if (tables := read_tables(X, kinds)) is not None:
        X = tables
    elif isinstance(X, (str, Path)):
        if (kind := reader(Path(X), kinds)) is None:
            X, y, names = read_array(X, given=known_format(kinds))
        else:
            X, y, *_ = kind.read_whole(Path(X)) if whole else kind.read(Path(X))
    elif is_stream(X):
        X, y = read_stream(X)
    elif isinstance(X, Mapping):
        raise ValueError(f"expected examples, got parts {[*X]}: choose one, as X['train'].")

    X = _without_masks(collected(X), kinds)

    if is_frame(X):
        names_of(X)  # raises if two are the same
    else:
        X = _without_tensors(X)
        check_type(X)

        if reset and not isinstance(kinds, Modality):
            check_rows(X)

    if reset:
        _say_columns(X, names, kinds)

    if not (_is_numeric(X) and getattr(kinds, "numeric", True)):
        modality = choose(X, kinds)

        if is_frame(X) and modality.numeric:
            raise ValueError(
                f"expected numbers alone, as {modality} takes them, got a frame with missing cells"
                " or others. Fill them in, or fit with modality=ae.modalities.Frames() (command"
                " line: --modality Frames), for which cells may be missing."
            )

        if not modality.accepts(X):
            raise ValueError(f"expected data like those of {modality}, got {type(X)}.")

        if reset and hasattr(X, "columns"):
            validate_data(estimator, X, skip_check_array=True)

        return X, y

    X = without_torch(X)
    ndim = (X if hasattr(X, "ndim") else np.asarray(X)).ndim

    if getattr(kinds, "columns", True) and ndim <= 2:
        with warnings.catch_warnings():
            if names is not None:  # which are looked at here, as the array has none
                warnings.filterwarnings("ignore", "X does not have valid feature names")

            if is_frame(X) and _accepted(X, kinds):  # cells of any library are looked at there
                validate_data(estimator, X, reset=reset, skip_check_array=True)
            else:
                X = validate_data(
                    estimator, X, reset=reset, dtype="numeric", ensure_all_finite=False
                )

        check_names(estimator, names, reset)
    else:
        X = _numbers(X)

    return X if is_frame(X) else stored_by_row(X), y


def _say_columns(X: Any, names: list[str] | None, kinds: Kinds) -> None:
    r"""Logs how the columns of a table are taken, and warns of those that name rows."""
    if names is not None:
        log.info("table of %s rows: %s numbers (%s).", f"{len(X):,}", len(names), _few(names))

    if not is_frame(X) or (
        isinstance(kinds, Modality) and not isinstance(kinds, (Frames, Tables))
    ):
        return

    frame = to_pandas(X)
    log.info("%s.", summarize(frame))

    for message in telling_apart(frame):
        warn(message)


def _few(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")


def read_tables(X: Any, kinds: Kinds, given: TableFormat | None = None) -> Any:
    r"""Reads a sequence or a folder of tables as one, and returns `None` for anything else.

    Arguments:
        X: Paths, or that of a folder.
        kinds: As for :func:`read`.
        given: What is known of the format of the files.

    Example:
        >>> read_tables(["a text", "another"], None) is None
        True
    """
    if isinstance(kinds, Modality) and not isinstance(kinds, (Frames, Tables)):
        return None

    if not (paths := table_files(X)):
        return None

    columns = kinds.file_kinds() if isinstance(kinds, Frames) else {}
    return read_frames(paths, columns, given or known_format(kinds))


def known_format(kinds: Kinds) -> TableFormat | None:
    r"""The format of the tables of the fit, in which later ones are read, too.

    Arguments:
        kinds: As for :func:`read`.

    Example:
        >>> known_format(None) is None
        True
    """
    stored = getattr(kinds, "format_", None)
    return None if stored is None else TableFormat.of(stored)


def learned_format(source: Any, X: Any) -> dict[str, Any] | None:
    r"""The format of the table that examples were read from.

    Arguments:
        source: What the user gave.
        X: The examples.

    Example:
        >>> learned_format(np.zeros((3, 2)), np.zeros((3, 2))) is None
        True
    """
    if (found := getattr(X, "attrs", {}).get("format")) is not None:
        return found

    return found_format(Path(source)) if isinstance(source, (str, Path)) else None


def check_names(estimator: BaseEstimator, names: list[str] | None, reset: bool = False) -> None:
    r"""Compares the columns of a file with those of the fit, or learns them.

    Arguments:
        estimator: Remembers the names, as `feature_names_in_`.
        names: The header of the file; without one there is nothing to compare.
        reset: Whether they are to be learned.

    Raises:
        ValueError: If they are others, or in another order.

    Example:
        >>> estimator = BaseEstimator()
        >>> check_names(estimator, ["a", "b"], reset=True)
        >>> check_names(estimator, ["b", "a"])
        Traceback (most recent call last):
        ...
        ValueError: expected the columns of the fit, ['a', 'b'], in this order, got ['b', 'a'].
    """
    known = [*getattr(estimator, "feature_names_in_", [])]

    if names is not None and reset:
        estimator.feature_names_in_ = np.array(names, object)
    elif names is not None and known and names != known:
        raise ValueError(f"expected the columns of the fit, {known}, in this order, got {names}.")


def choose(X: Any, kinds: Kinds) -> Modality:
    r"""The kind of data that examples are, or that a file or folder holds.

    Arguments:
        X: The examples, or the path.
        kinds: As for :func:`read`.

    Raises:
        ValueError: If they are none of several kinds.

    Example:
        >>> choose(np.zeros((5, 3)), None)
        Tables(scaling='auto')
    """
    if isinstance(kinds, Modality):
        return kinds

    return guess(X) if kinds is None else guess(X, kinds)


def reader(path: Path, kinds: Kinds) -> Modality | None:
    r"""The kind of data that reads a file or folder, if it is more than an array of numbers.

    Arguments:
        path: The file or folder.
        kinds: As for :func:`read`.

    Raises:
        ValueError: If a folder holds none of several kinds, or a table is of no such kind.

    Example:
        >>> reader(Path("digits.npy"), None) is None
        True
    """
    if path.is_dir():
        return choose(path, kinds)

    if isinstance(kinds, Modality):
        if kinds.numeric and not kinds.columns and table_suffix(path) is not None:
            raise ValueError(f"expected data like those of {kinds}, got the table '{path}'.")

        return kinds if not kinds.numeric or kinds.accepts(path) else None

    return next((kind for kind in kinds or CANDIDATES if kind.accepts(path)), None)


def _accepted(X: Any, kinds: Kinds) -> bool:
    candidates = [kinds] if isinstance(kinds, Modality) else kinds or CANDIDATES
    return any(kind.accepts(X) for kind in candidates)


def without_torch(X: Any) -> Any:
    r"""Tensors as arrays, and anything else as it is.

    Example:
        >>> without_torch(torch.ones(2, requires_grad=True))
        array([1., 1.], dtype=float32)
    """
    if not isinstance(X, Tensor):
        return X

    X = X.detach().cpu()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()


def _without_tensors(X: Any) -> Any:
    r"""Returns lists of tensors as lists of arrays, and anything else as it is."""
    if isinstance(X, (list, tuple)) and any(isinstance(x, Tensor) for x in X):
        return [without_torch(x) for x in X]

    return X


def _without_masks(X: Any, kinds: Kinds) -> Any:
    r"""Returns masked arrays with NaN, or as a frame with missing cells where such are taken."""
    if not isinstance(X, np.ma.MaskedArray):
        return X

    if not np.ma.is_masked(X):
        return X.data

    if X.ndim == 2 and isinstance(kinds, Modality) and not kinds.numeric:
        needs_pandas()

        import pandas as pd

        cells = X.data.astype(object)
        cells[np.ma.getmaskarray(X)] = None

        return pd.DataFrame(cells).infer_objects()

    return np.where(np.ma.getmaskarray(X), np.nan, X.data.astype(float))


def _is_numeric(X: Any) -> bool:
    r"""Whether examples are numbers, which are checked here; others go to their modality."""
    if isinstance(X, Tensor):
        return True

    if is_frame(X):
        return is_numbers(X)

    if isinstance(X, (list, tuple)) or getattr(X, "ndim", None) == 1:
        if any(isinstance(x, str) for x in X):
            return False

    if isinstance(X, np.ndarray) and X.dtype == object:
        return not any(isinstance(x, np.ndarray) for x in X.flat)

    try:
        np.asarray(X)
    except ValueError:  # different lengths, which arrays may have and rows may not
        return not any(isinstance(x, np.ndarray) for x in X)

    return True


def _numbers(X: Any) -> NDArray:
    X = X if isinstance(X, Windows) else np.asarray(X)  # which know what they are windows of
    check_type(X)

    if X.dtype == object:
        with contextlib.suppress(ValueError, TypeError):  # of what are no numbers, said below
            X = X.astype(float)

    if X.dtype.kind not in "buif":
        raise ValueError(f"expected numbers, got an array of type {X.dtype}.")

    if len(X) == 0:
        raise ValueError(f"expected at least one example, got shape {X.shape}.")

    return X
