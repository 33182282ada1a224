r"""Given cells of new rows."""

__all__ = ["template_of"]

from collections.abc import Mapping, Sequence
from typing import Any

from ..columns import Column


def template_of(columns: Sequence[Column], given: Mapping[Any, Any], n: int) -> Any:
    r"""Data frame of rows with given cells. All other cells are missing.

    Arguments:
        columns: The columns.
        given: The given cells by the names of their columns.
        n: The number of rows.

    Raises:
        ValueError: If there is no such column or cell.
    """
    import pandas as pd

    known = {column.name: column for column in columns}

    if not isinstance(given, Mapping):
        raise ValueError(f"expected conditions by column, as in {{'kind': 'a'}}, got {given!r}.")

    if not given or not given.keys() <= known.keys():
        raise ValueError(f"expected conditions on the columns {[*known]}, got {[*given]}.")

    if several := [name for name, cell in given.items() if not pd.api.types.is_scalar(cell)]:
        raise ValueError(f"expected one condition for each column, got several for {several}.")

    if missing := [name for name, cell in given.items() if pd.isna(cell)]:
        raise ValueError(f"expected conditions without missing cells, got one for {missing}.")

    cells = {name: known[name].given(cell) for name, cell in given.items()}
    return pd.DataFrame({c: pd.Series([cells.get(c)] * n, dtype=object) for c in known})
