r"""Tables: their files, formats and columns."""

__all__ = ["check_names", "fitted_format", "format_of_source", "log_columns", "read_tables"]

import logging
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ..common.failures import warn
from ..data import (
    TableFormat,
    found_format,
    identifier_warnings,
    is_frame,
    is_numbers,
    read_frames,
    spelling_warnings,
    summarize,
    table_files,
    to_pandas,
)
from ..modalities import Modality
from ..modalities.capabilities import Tabular
from .modality_choice import ModalityChoice, is_accepted

log = logging.getLogger(__name__)


def read_tables(X: Any, kinds: ModalityChoice, given: TableFormat | None = None) -> Any:
    r"""Read a sequence or a folder of tables as one; return `None` for anything else.

    Arguments:
        X: The paths of tables, or of a folder of tables.
        kinds: As for :func:`~autoencode.inputs.read`.
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
        kinds: As for :func:`~autoencode.inputs.read`.

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
        >>> import numpy as np
        >>> format_of_source(np.zeros((3, 2)), np.zeros((3, 2))) is None
        True
    """
    if (document := getattr(X, "attrs", {}).get("format")) is not None:
        return document

    return found_format(Path(source)) if isinstance(source, (str, Path)) else None


def check_names(known: Sequence[str], names: Sequence[str] | None) -> None:
    r"""Compare the columns of a file with those of the fit.

    Arguments:
        known: The columns of the fit; without any, nothing is compared.
        names: The header of the file; `None` is not compared.

    Raises:
        ValueError: If the names or their order differ.

    Example:
        >>> check_names(["a", "b"], ["b", "a"])
        Traceback (most recent call last):
        ...
        ValueError: expected the columns of the fit, ['a', 'b'], in this order, got ['b', 'a'].
    """
    if names is not None and len(known) and [*names] != [*known]:
        raise ValueError(
            f"expected the columns of the fit, {[*known]}, in this order, got {[*names]}."
        )


def log_columns(X: Any, names: list[str] | None, kinds: ModalityChoice) -> None:
    r"""Log the types of the columns of a table, and warn about columns that identify rows.

    Arguments:
        X: The examples.
        names: The header of a file of numbers, if there is one.
        kinds: As for :func:`~autoencode.inputs.read`.

    Example:
        >>> import numpy as np
        >>> log_columns(np.zeros((3, 1)), ["height"], None)
    """
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

    if is_numbers(frame) and not is_accepted(X, kinds):
        odd = next((n for n in frame.columns if not isinstance(n, (str, int))), None)
        why = "its whole numbers are beyond 2^53" if odd is None else f"names such as {odd!r}"
        way = "ae.autoencoder()" if odd is None else "X.columns = [str(n) for n in X.columns]"
        warn(f"the frame is read as an array, and results are arrays: {why}. Use {way}.")


def _name_some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")
