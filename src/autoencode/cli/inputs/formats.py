r"""Formats of tables: the settings of flags, or else those of the fit."""

__all__ = ["merge_formats", "refuse_format"]

from pathlib import Path

from ...data import TableFormat
from ...data.tabular.formats import TEXTS, table_suffix
from ...data.tabular.frames.typed import check_effect
from ..options import given

_ARRAYS = (".npy", ".npz")


def merge_formats(fitted: TableFormat | None, flags: TableFormat | None) -> TableFormat | None:
    r"""The format in which a table is read: the format of the fit, with the settings of flags.

    Arguments:
        fitted: The format of the fit, if there is one.
        flags: The format that flags give, if any.

    Raises:
        ValueError: If a setting is invalid, or two settings exclude each other.

    Example:
        >>> fitted = TableFormat(separator=";", decimal=",")
        >>> merged = merge_formats(fitted, TableFormat(decimal="."))
        >>> merged.separator, merged.decimal
        (';', '.')
    """
    if flags is None:
        return fitted

    document = {} if fitted is None else fitted.document()
    return TableFormat.of(document | given(flags.checked()))


def refuse_format(path: Path, flags: TableFormat | None, kind: object = None) -> None:
    r"""Refuse flags of a table format that would have no effect.

    Arguments:
        path: A file.
        flags: The format that flags give, if any.
        kind: The modality that reads the file, if it does not read tables in text.

    Raises:
        ValueError: If the file is not a table in text.

    Example:
        >>> refuse_format(Path("digits.npy"), TableFormat(decimal=","))
        Traceback (most recent call last):
        ...
        ValueError: --decimal has no effect on 'digits.npy', as it is not a table in text.
    """
    suffix = table_suffix(path)

    if flags is None or (kind is None and suffix in TEXTS):
        return

    if kind is None and suffix is not None:
        check_effect(path, given(flags))
        return

    if kind is None and suffix is None and path.suffix.lower() not in _ARRAYS:
        return  # files of any other name are read as text

    names = [f"--{name.replace('_', '-')}" for name in given(flags)]
    effect = f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} no effect"
    which = "it is not a table in text" if kind is None else f"it is read as {kind}"
    raise ValueError(f"{effect} on '{path}', as {which}.")
