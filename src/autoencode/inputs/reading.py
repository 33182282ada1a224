r"""Examples from files, streams and memory."""

__all__ = ["read"]

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..common.arrays import tensor_to_numpy
from ..data import (
    Files,
    Names,
    as_files,
    collect_lazy,
    is_frame,
    is_stream,
    names_of,
    one_parse,
    read_array,
    read_stream,
    stored_by_row,
)
from ..data.listing.names import first_few
from ..data.sparse_rows import SparseRows, as_sparse_rows
from ..modalities import CANDIDATES, Modality
from ..modalities.array_layouts import check_rows, check_type
from ..modalities.capabilities import NonNumeric, Tabular, Tokenized
from ..modalities.capabilities.files import read_files
from ..modalities.capabilities.sequences import collected
from .conversion import from_other_array, is_numeric, tensors_to_numpy, to_numbers, without_masks
from .loaded import Loaded
from .modality_choice import ModalityChoice, modality_of, modality_of_path
from .tables import fitted_format, log_columns, read_tables

log = logging.getLogger(__name__)


@one_parse()
def read(
    X: Any,
    kinds: ModalityChoice,
    fitting: bool = False,
    whole: bool = False,
) -> Loaded:
    r"""Read files and streams, and check that their modality takes them.

    Arguments:
        X: Examples of any kind; the path of a file or folder, or the paths of several files; or
            an iterable of examples.
        kinds: The modality of the data, several to choose from, or `None` to choose from all.
        fitting: Whether the examples are those of a fit, whose columns are logged.
        whole: Whether to keep long examples whole.

    Returns:
        Numbers as an array, or rows of a table and other data unchanged; labels, if the data have
        labels; and the names of files, if there are several.

    Raises:
        ValueError: If the data are of another kind, empty, or differ from each other.

    Example:
        >>> read(np.zeros((2, 8, 8)), None).X.shape
        (2, 8, 8)
    """
    y, names, files, kind = None, None, None, None
    source: Any = None
    X, columns = as_sparse_rows(from_other_array(collect_lazy(X)))

    if isinstance(X, SparseRows):
        return _sparse(X, y, columns, kinds)

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

            if files is not None and fitting:
                log.info("read %s of '%s'.", files.summary(), source)
    elif isinstance(X, (list, tuple)) and X and isinstance(X[0], Mapping):
        rows = all(np.ndim(value) == 0 for value in X[0].values())
        way = "pd.DataFrame(X), with these as columns" if rows else "iter(X)"
        raise ValueError(
            f"expected examples, got a list of mappings with {first_few([*map(str, X[0])])}: use"
            f" {way}."
        )
    elif is_stream(X):
        X, y = read_stream(X)
    elif isinstance(X, Mapping):
        raise ValueError(
            f"expected examples, got a mapping with {first_few([*map(str, X)])}: choose one part,"
            " as X['train'], or use pd.DataFrame(X) if these are columns."
        )

    if isinstance(X, SparseRows):
        return _sparse(X, y, names, kinds)

    X = without_masks(collect_lazy(X), kinds)

    if is_frame(X):
        names_of(X)  # raises if two names are the same
    else:
        X = tensor_to_numpy(tensors_to_numpy(X))
        check_type(X)

        if fitting and not isinstance(kinds, Modality):
            check_rows(X)

    names = columns or names

    if fitting:
        log_columns(X, names, kinds)

    if isinstance(kinds, NonNumeric) or not is_numeric(X):
        modality = modality_of(X, kinds)

        if is_frame(X) and not isinstance(modality, NonNumeric):
            raise ValueError(
                f"expected only numbers for {modality}, got a frame with missing or other cells."
                " Fill them in, or fit with modality=ae.modalities.MixedTables() (command line:"
                " --modality MixedTables), which accepts such cells."
            )

        if not modality.accepts(X):
            raise ValueError(f"expected data like those of {modality}, got {type(X)}.")

        X = collected(modality, X)
        return Loaded(X, y, files, kind, tabular=fitting and hasattr(X, "columns"))

    ndim = (X if hasattr(X, "ndim") else np.asarray(X)).ndim

    if ndim <= 2 and (isinstance(kinds, Tabular) or not isinstance(kinds, Modality)):
        return Loaded(X, y, files, kind, names, tabular=True)

    X = to_numbers(X)

    return Loaded(X if is_frame(X) else stored_by_row(X), y, files, kind)


def _sparse(X: SparseRows, y: Any, names: Any, kinds: ModalityChoice) -> Loaded:
    r"""Returns rows of a sparse matrix, for kinds of data that take them."""
    candidates = [kinds] if isinstance(kinds, Modality) else kinds or CANDIDATES

    if not any(kind.takes_sparse for kind in candidates):
        raise ValueError(
            f"expected a dense array, got a sparse matrix with shape {X.shape}. Use X.toarray() if"
            " it fits in memory. For counts and ratings, ae.counts(), ae.recommender() and"
            " modality=ae.modalities.Counts() (command line: --modality Counts) read sparse"
            " matrices."
        )

    return Loaded(X, y, header=names, tabular=True)


def _source(X: Any, kinds: ModalityChoice) -> Any:
    r"""Returns the path or paths of the examples, if `X` names any."""
    if isinstance(X, (str, os.PathLike)):
        return Path(X)

    return as_files(X, texts=isinstance(kinds, Tokenized))
