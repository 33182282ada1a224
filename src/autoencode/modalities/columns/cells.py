r"""Kinds of single cells."""

__all__ = ["no_use", "plain"]

from typing import Any

import numpy as np


def plain(cell: Any) -> Any:
    r"""A cell as a Python object, not a numpy scalar.

    Example:
        >>> plain(np.float64(1.5))
        1.5
    """
    return cell.item() if isinstance(cell, np.generic) else cell


def no_use(cell: Any) -> str:
    r"""Message with advice about a cell that no column can hold.

    Example:
        >>> no_use([1])
        'expected text, numbers, booleans, dates or times, got list [1]. Turn it into ...'
    """
    kind = type(cell).__name__
    way = _REMEDIES.get(kind, "Turn it into text, .astype(str), or drop it.")

    return (
        f"expected text, numbers, booleans, dates or times, got {kind}"
        f" {str(repr(cell))[:60]}. {way}"
    )


_LIST_REMEDY = "Turn it into text, .astype(str), or into a column for each element, or drop it."
_REMEDIES = {
    "Decimal": "Convert all of the column to one kind of number: .map(Decimal) or .map(float)",
    "Fraction": "Turn it into a number: .map(float)",
    "complex": "Make its parts two columns, .map(lambda z: z.real) and .map(lambda z: z.imag).",
    "bytes": "Turn it into text: .str.decode('utf-8')",
    "Period": "Convert the column to this type: .astype('period[M]'), or another frequency",
    "Interval": "Turn it into a category: .astype('category')",
    **dict.fromkeys(("list", "tuple", "dict", "set", "ndarray"), _LIST_REMEDY),
}
