r"""A table about the examples."""

__all__ = ["read_metadata"]

from pathlib import Path
from typing import Any

from ...data import read_frame
from .examples import Inputs


def read_metadata(path: Path, examples: Inputs) -> Any:
    r"""Read a table with one row about each example, in their order.

    Arguments:
        path: A table in a text file or in Parquet.
        examples: The examples.

    Returns:
        A data frame.

    Raises:
        ValueError: If the file is no table, or its rows are not as many as the examples.
    """
    table = read_frame(path)

    if len(table) != len(examples.X):
        raise ValueError(
            f"expected one row for each of the {len(examples.X):,} examples in '{path}', in their"
            f" order, got {len(table):,}."
        )

    return table
