r"""User input converted to examples of a modality, with the checks of scikit-learn."""

__all__ = [
    "Loaded",
    "ModalityChoice",
    "check_names",
    "fitted_format",
    "format_of_source",
    "join_labels",
    "join_pairs",
    "modality_of",
    "modality_of_path",
    "read",
    "read_tables",
    "tensor_to_numpy",
]

import contextlib
import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data
from torch import Tensor

from .common.failures import warn
from .data import (
    Files,
    Names,
    TableFormat,
    as_files,
    collect_lazy,
    found_format,
    identifier_warnings,
    is_frame,
    is_numbers,
    is_stream,
    names_of,
    read_array,
    read_frames,
    read_stream,
    spelling_warnings,
    stored_by_row,
    summarize,
    table_files,
    table_suffix,
    to_pandas,
)
from .data.folder_kinds import check_one_kind
from .data.joining import in_one_order, join_names, take
from .data.labels import Labels, read_labels
from .data.listing import first_few
from .data.media.text import check_prose
from .data.tabular.libraries import needs_pandas
from .modalities import CANDIDATES, Modality, guess
from .modalities.array_layouts import check_rows, check_type
from .modalities.capabilities import NonNumeric, Readable, Tabular, Tokenized
from .modalities.capabilities.files import read_files
from .modalities.capabilities.sequences import collected
from .modalities.windows import Windows

log = logging.getLogger(__name__)

ModalityChoice = Modality | Sequence[Modality] | None


class Loaded(NamedTuple):
    r"""Examples, with the labels and file names that come with them."""

    X: Any
    y: Any = None
    names: Names | None = None

    kind: Modality | None = None
    r"""The modality that read the examples from files, if one did."""

    def select(self, rows: Sequence[int]) -> "Loaded":
        r"""Returns some of the examples, with their labels and names."""
        y = None if self.y is None else take(np.asarray(self.y), rows)
        return self._replace(
            X=take(self.X, rows), y=y, names=self.names and self.names.select(rows)
        )


def read(
    estimator: BaseEstimator,
    X: Any,
    kinds: ModalityChoice,
    reset: bool = False,
    whole: bool = False,
) -> Loaded:
    r"""Read files and streams, and check numeric data.

    Arguments:
        estimator: The estimator that stores the names and the number of columns.
        X: Examples of any kind; the path of a file or folder, or the paths of several files; or
            an iterable of examples.
        kinds: The modality of the data, several to choose from, or `None` to choose from all.
        reset: Whether to learn the columns.
        whole: Whether to keep long examples whole.

    Returns:
        Numbers as an array, or as a frame if their modality takes frames; other data unchanged;
        labels, if the data hold some; and the names of files, if there are several.

    Raises:
        ValueError: If the data are of another kind, empty, or unlike those of the fit.

    Example:
        >>> read(BaseEstimator(), [[1, 2], [3, 4]], None, reset=True).X
        array([[1, 2],
               [3, 4]])
    """
    y, names, files, kind = None, None, None, None
    source: Any = None

    if (tables := read_tables(X, kinds)) is not None:
        X = tables
    elif (source := _source(X, kinds)) is not None:
        if (kind := modality_of_path(source, kinds)) is None:
            X, y, names = read_array(source, given=fitted_format(kinds))
        else:
            X, y, *rest = read_files(kind, source, whole)
            several = isinstance(source, Files) or source.is_dir()
            files = rest[0] if rest and isinstance(rest[0], Names) and several else None
            kind = None if is_frame(X) else kind

            if files is not None and reset:
                log.info("read %s of '%s'.", files.summary(), source)
    elif is_stream(X):
        X, y = read_stream(X)
    elif isinstance(X, Mapping):
        raise ValueError(f"expected examples, got parts {[*X]}: choose one, as X['train'].")

    X = _without_masks(collect_lazy(X), kinds)

    if is_frame(X):
        names_of(X)  # raises if two names are the same
    else:
        X = _tensors_to_numpy(X)
        check_type(X)

        if reset and not isinstance(kinds, Modality):
            check_rows(X)

    if reset:
        _log_columns(X, names, kinds)

    if isinstance(kinds, NonNumeric) or not _is_numeric(X):
        modality = modality_of(X, kinds)

        if is_frame(X) and not isinstance(modality, NonNumeric):
            raise ValueError(
                f"expected numbers alone, as {modality} takes them, got a frame with missing cells"
                " or others. Fill them in, or fit with modality=ae.modalities.MixedTables()"
                " (command line: --modality MixedTables), for which cells may be missing."
            )

        if not modality.accepts(X):
            raise ValueError(f"expected data like those of {modality}, got {type(X)}.")

        if reset and hasattr(X, "columns"):
            validate_data(estimator, X, skip_check_array=True)

        return Loaded(collected(modality, X), y, files, kind)

    X = tensor_to_numpy(X)
    ndim = (X if hasattr(X, "ndim") else np.asarray(X)).ndim

    if ndim <= 2 and (isinstance(kinds, Tabular) or not isinstance(kinds, Modality)):
        with warnings.catch_warnings():
            if names is not None:  # the array has no names, so they are compared below
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

    return Loaded(X if is_frame(X) else stored_by_row(X), y, files, kind)


def join_labels(found: Loaded, y: Any, column: str | None = None) -> Loaded:
    r"""Join labels to examples: by name if both have names, else by position.

    Examples without a label and labels without an example are left out, and the log counts and
    names them.

    Arguments:
        found: The examples.
        y: Labels in the order of the examples; a file of labels; or a mapping or series from
            names to labels. `None` keeps the labels that came with the examples.
        column: The column of a file that holds the labels.

    Raises:
        ValueError: If no names agree, or if it is ambiguous which label belongs to which file.

    Example:
        >>> files = Names(["a.png", "b.png"], [0, 1], 2)
        >>> join_labels(Loaded(np.zeros((2, 8, 8)), None, files), {"b": 1, "a": 0}).y.tolist()
        [0, 1]
    """
    if y is None:
        return found

    if found.names is not None and found.names.recordings is not None:
        return _by_recording(found, y, column)

    labels = read_labels(y, found.names, column)

    if labels is not None and labels.names is not None and found.names is not None:
        return _by_name(found, labels.values, labels.names, labels.source)

    y = y if labels is None else labels.values

    if found.names is None or np.ndim(y) == 0 or not hasattr(y, "__len__"):
        return found._replace(y=y)

    if found.names.left_out and len(y) > 1:
        if found.names.ordered and len(y) == found.names.total:
            return found._replace(y=take(np.asarray(y), found.names.rows))

        if found.names.ordered or len(y) != len(found.names):
            raise ValueError(_explain_left_out(found.names, f"got {len(y):,} labels"))

    if len(y) == len(found.names) > 1:
        _check_order(found.names, "labels")

    return found._replace(y=y)


def join_pairs(found: Loaded, damaged: Loaded) -> tuple[Loaded, Loaded]:
    r"""Join damaged versions to examples: by name if both have names, else by position.

    Files without a readable partner are left out, and the log counts and names them.

    Arguments:
        found: The examples.
        damaged: The damaged versions.

    Returns:
        Both, in the order of the examples.

    Raises:
        ValueError: If no names agree, or the numbers of examples differ.

    Example:
        >>> X, C = (Loaded(np.zeros(2), None, Names(names, [0, 1], 2)) for names in ("ab", "ca"))
        >>> [both.names for both in join_pairs(X, C)]
        [['a'], ['a']]
    """
    a, b = found.names, damaged.names

    if a is not None and b is not None:
        pairs = join_names(a, b, ("X", "corrupted"))
        rows, others = [i for i, _ in pairs], [j for _, j in pairs]
        _log_pairs(a, b, rows, others)
        return found.select(rows), damaged.select(others)

    for names in (a, b):
        if names is None:
            continue

        if names.left_out and len(found.X) != len(damaged.X):
            what = f"got {len(found.X):,} examples and {len(damaged.X):,} damaged versions"
            raise ValueError(_explain_left_out(names, what))

        if len(names) > 1:
            _check_order(names, "an array of examples")

    return found, damaged


def _by_recording(found: Loaded, y: Any, column: str | None) -> Loaded:
    r"""Joins labels of recordings to their windows."""
    names: Any = found.names
    n = len(y) if hasattr(y, "__len__") and np.ndim(y) > 0 else 0

    if n == len(found.X) or (n < 2 and not isinstance(y, (str, Path, Mapping, Labels))):
        return found._replace(y=y)

    recordings = Loaded(np.arange(len(names.counts)), None, names.recordings)
    joined = join_labels(recordings, y, column)

    if np.ndim(joined.y) == 0 or len(joined.y) != len(joined.X):
        return found._replace(y=y)  # the mismatch is reported where labels are used

    whose = np.repeat(recordings.X, names.counts)
    rows = np.flatnonzero(np.isin(whose, joined.X))
    labels = np.asarray(joined.y)[np.searchsorted(joined.X, whose[rows])]

    return found.select(rows.tolist())._replace(y=labels)


def _by_name(found: Loaded, values: NDArray, names: list[str], source: str) -> Loaded:
    files = found.names or Names([], [], 0)
    there = [i for i, value in enumerate(values) if not _is_missing(value)]
    first = {(names[i], str(values[i])): i for i in reversed(there)}  # rows may occur twice
    there = sorted(first.values())
    known = [names[i] for i in there]
    pairs = join_names(files, known, ("the files", source))
    rows = [i for i, _ in pairs]
    extra = {*range(len(there))} - {j for _, j in pairs}
    lost = _explain_lost(files, [known[j] for j in sorted(extra)])
    bare = sorted({*range(len(files))} - {*rows})

    if bare:
        log.warning(
            "%d of %d examples have no label in %s, and are left out: %s.",
            *(len(bare), len(files), source, first_few([files[i] for i in bare])),
        )

    if lost:
        log.warning(
            "%d labels of %s belong to no example: %s.", len(lost), source, first_few(lost)
        )

    joined = found.select(rows)
    return joined._replace(y=values[[there[j] for _, j in pairs]])


def _explain_lost(files: Names, names: Sequence[str]) -> list[str]:
    r"""Returns names without a partner, with the reason if a file could not be read."""
    return [_lost(name, files) for name in names]


def _lost(name: str, others: Names) -> str:
    for left, why in others.left_out.items():
        if Path(left).with_suffix("") == Path(name).with_suffix("") or left == name:
            return f"{name} (whose file was left out: {why})"

    return name


def _log_pairs(a: Names, b: Names, rows: list[int], others: list[int]) -> None:
    alone = [
        ("X", "corrupted", [a[i] for i in range(len(a)) if i not in {*rows}], b),
        ("corrupted", "X", [b[j] for j in range(len(b)) if j not in {*others}], a),
    ]
    told = [
        f"{len(names):,} of {one} have none in {other}: {first_few(_explain_lost(others, names))}"
        for one, other, names, others in alone
        if names
    ]

    if told:
        log.warning(
            "%d pairs, by the names of the files; left out as they have no readable partner: %s.",
            *(len(rows), "; ".join(told)),
        )
    else:
        log.info("%d pairs, by the names of the files.", len(rows))


def _explain_left_out(names: Names, what: str) -> str:
    return (
        f"{what} for {len(names):,} readable files of {names.total:,}, of which"
        f" {len(names.left_out):,} were left out:"
        f" {first_few([f'{name} ({why})' for name, why in names.left_out.items()], 20)}. Mend or"
        " remove these files and what belongs to them, or join by name: labels in a table with a"
        " column of file names, as y={name: label, ...} or as a file, and damaged versions in a"
        " folder."
    )


def _check_order(names: Names, what: str) -> None:
    r"""Refuses to join by position where the order of the files is ambiguous."""
    if names.ordered:
        return

    if not in_one_order(names):
        raise ValueError(
            f"cannot tell which of the files belong to which of {what}, in which order the files"
            f" are: by letters it is {first_few(names)}, and another by the numbers in the names."
            " Give a list of the files in the order that is meant, or join by name: labels as"
            " y={name: label, ...} or as a table with a column of file names, images as folders."
        )

    log.info("files and %s are joined by position, in the order of the names.", what)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value != value


def _source(X: Any, kinds: ModalityChoice) -> Any:
    r"""Returns the path or paths of the examples, if `X` names any."""
    if isinstance(X, (str, os.PathLike)):
        return Path(X)

    return as_files(X, texts=isinstance(kinds, Tokenized))


def _log_columns(X: Any, names: list[str] | None, kinds: ModalityChoice) -> None:
    r"""Logs the types of the columns of a table, and warns of columns that identify rows."""
    if names is not None:
        log.info(
            "table of %s rows: %s numbers (%s).", f"{len(X):,}", len(names), _name_some(names)
        )

    if not is_frame(X) or (isinstance(kinds, Modality) and not isinstance(kinds, Tabular)):
        return

    frame = to_pandas(X)
    log.info("%s.", summarize(frame))

    for message in chain(identifier_warnings(frame), spelling_warnings(frame)):
        warn(message)


def _name_some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")


def read_tables(X: Any, kinds: ModalityChoice, given: TableFormat | None = None) -> Any:
    r"""Read a sequence or a folder of tables as one; return `None` for anything else.

    Arguments:
        X: The paths of tables, or of a folder of tables.
        kinds: As for :func:`read`.
        given: The known settings of the format of the files.

    Example:
        >>> read_tables(["a text", "another"], None) is None
        True
    """
    if isinstance(kinds, Modality) and not isinstance(kinds, Tabular):
        return None

    if not (paths := table_files(X)):
        return None

    columns = kinds.file_kinds() if isinstance(kinds, Tabular) else {}
    return read_frames(paths, columns, given or fitted_format(kinds))


def fitted_format(kinds: ModalityChoice) -> TableFormat | None:
    r"""The format of the tables of the fit, in which later tables are read.

    Arguments:
        kinds: As for :func:`read`.

    Example:
        >>> fitted_format(None) is None
        True
    """
    stored = getattr(kinds, "format_", None)
    return None if stored is None else TableFormat.of(stored)


def format_of_source(source: Any, X: Any) -> dict[str, Any] | None:
    r"""The format of the table from which examples were read.

    Arguments:
        source: The input of the user.
        X: The examples.

    Example:
        >>> format_of_source(np.zeros((3, 2)), np.zeros((3, 2))) is None
        True
    """
    if (found := getattr(X, "attrs", {}).get("format")) is not None:
        return found

    return found_format(Path(source)) if isinstance(source, (str, Path)) else None


def check_names(estimator: BaseEstimator, names: list[str] | None, reset: bool = False) -> None:
    r"""Compare the columns of a file with those of the fit, or learn them.

    Arguments:
        estimator: The estimator that stores the names as `feature_names_in_`.
        names: The header of the file; `None` is not compared.
        reset: Whether to learn the names.

    Raises:
        ValueError: If the names or their order differ.

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


def modality_of(X: Any, kinds: ModalityChoice) -> Modality:
    r"""The modality of examples, or of a file or folder.

    Arguments:
        X: The examples, or the path.
        kinds: As for :func:`read`.

    Raises:
        ValueError: If no modality accepts them.

    Example:
        >>> modality_of(np.zeros((5, 3)), None)
        Tables(scaling='auto')
    """
    if isinstance(kinds, Modality):
        return kinds

    return guess(X) if kinds is None else guess(X, kinds)


def modality_of_path(path: Path | Files, kinds: ModalityChoice) -> Modality | None:
    r"""The modality that reads a file or folder, or `None` for an array of numbers.

    Arguments:
        path: The file or folder, or several files.
        kinds: As for :func:`read`.

    Raises:
        ValueError: If no modality accepts the folder, or a table is not of that modality.

    Example:
        >>> modality_of_path(Path("digits.npy"), None) is None
        True
    """
    if isinstance(path, Files) or path.is_dir():
        if kinds is None:
            check_one_kind(path)

        return modality_of(path, kinds)

    if isinstance(kinds, NonNumeric):
        return modality_of(path, kinds)

    if isinstance(kinds, Modality):
        has_own_files = isinstance(kinds, Readable) and not isinstance(kinds, Tabular)

        if has_own_files and table_suffix(path) is not None:
            raise ValueError(f"expected data like those of {kinds}, got the table '{path}'.")

        return kinds if kinds.accepts(path) else None

    if kinds is None:
        check_prose(path)

    return next((kind for kind in kinds or CANDIDATES if kind.accepts(path)), None)


def _accepted(X: Any, kinds: ModalityChoice) -> bool:
    candidates = [kinds] if isinstance(kinds, Modality) else kinds or CANDIDATES
    return any(kind.accepts(X) for kind in candidates)


def tensor_to_numpy(X: Any) -> Any:
    r"""A tensor as an array; anything else unchanged.

    Example:
        >>> tensor_to_numpy(torch.ones(2, requires_grad=True))
        array([1., 1.], dtype=float32)
    """
    if not isinstance(X, Tensor):
        return X

    X = X.detach().cpu()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()


def _tensors_to_numpy(X: Any) -> Any:
    r"""Returns a list of tensors as a list of arrays; anything else unchanged."""
    if isinstance(X, (list, tuple)) and any(isinstance(x, Tensor) for x in X):
        return [tensor_to_numpy(x) for x in X]

    return X


def _without_masks(X: Any, kinds: ModalityChoice) -> Any:
    r"""Returns a masked array with NaN, or as a frame with missing cells for mixed tables."""
    if not isinstance(X, np.ma.MaskedArray):
        return X

    if not np.ma.is_masked(X):
        return X.data

    if X.ndim == 2 and isinstance(kinds, NonNumeric):
        needs_pandas()

        import pandas as pd

        cells = X.data.astype(object)
        cells[np.ma.getmaskarray(X)] = None

        return pd.DataFrame(cells).infer_objects()

    return np.where(np.ma.getmaskarray(X), np.nan, X.data.astype(float))


def _is_numeric(X: Any) -> bool:
    r"""Tell whether examples are numbers, which are checked here and not by their modality."""
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
    except ValueError:  # different lengths, which are an error for rows only
        return not any(isinstance(x, np.ndarray) for x in X)

    return True


def _numbers(X: Any) -> NDArray:
    X = X if isinstance(X, Windows) else np.asarray(X)  # windows keep their recordings
    check_type(X)

    if X.dtype == object:
        with contextlib.suppress(ValueError, TypeError):  # reported below
            X = X.astype(float)

    if X.dtype.kind not in "buif":
        raise ValueError(f"expected numbers, got an array of type {X.dtype}.")

    if len(X) == 0:
        raise ValueError(f"expected at least one example, got shape {X.shape}.")

    return X
