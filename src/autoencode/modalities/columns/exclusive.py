r"""Exclusive flags: columns of which a row sets at most one, as in one-hot encodings."""

__all__ = [
    "ExclusiveFlags",
    "are_groups",
    "describe_groups",
    "exclusive_groups",
]

import math
from collections.abc import Callable, Container, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MIN_ROWS = 8  # with fewer rows, flags may exclude each other by chance
_MIN_EXPECTED = 6.0  # expected rows with two flags for independent columns; more in wide tables


class ExclusiveFlags(NamedTuple):
    r"""Columns of flags of which each row sets at most one.

    Example:
        >>> ExclusiveFlags([2, 3], always=True)
        ExclusiveFlags(columns=[2, 3], always=True)
    """

    columns: list[int]
    r"""The indices of the columns."""

    always: bool
    r"""Truth value: each row sets exactly one flag."""


def exclusive_groups(flags: NDArray, columns: Sequence[int]) -> list[ExclusiveFlags]:
    r"""Find groups of neighboring columns of flags of which no row sets two.

    Groups of which each row sets exactly one flag are found first. In other groups, each column
    must be expected to share at least :math:`6 + \log D` rows with the other columns, if columns
    were independent.

    Arguments:
        flags: Booleans, with shape `(N, D)`. Each column has both values.
        columns: The indices of the columns.

    Example:
        >>> flags = np.eye(3, dtype=bool)[np.arange(30) % 3]
        >>> exclusive_groups(flags, [4, 5, 6])
        [ExclusiveFlags(columns=[4, 5, 6], always=True)]
        >>> exclusive_groups(flags[:, 1:], [4, 5])  # the first level is left out
        []
        >>> exclusive_groups(np.tile(flags[:, 1:], (3, 1)), [4, 5])
        [ExclusiveFlags(columns=[4, 5], always=False)]
    """
    n, k = flags.shape

    if n < _MIN_ROWS:
        return []

    groups, i = [], 0
    total = np.zeros(n, int)

    for j in range(k):  # the end of a window that moves over the columns
        while total[flags[:, j]].any():
            total -= flags[:, i]
            i += 1

        total += flags[:, j]

        if j > i and (total == 1).all():
            groups.append(ExclusiveFlags([*range(i, j + 1)], True))
            i, total = j + 1, np.zeros(n, int)

    taken = {j for group in groups for j in group.columns}
    groups += _never_two(flags, [j for j in range(k) if j not in taken])

    return [group._replace(columns=[int(columns[j]) for j in group.columns]) for group in groups]


def _never_two(flags: NDArray, of: list[int]) -> list[ExclusiveFlags]:
    least = _MIN_EXPECTED + math.log(max(1, len(of)))
    groups: list[ExclusiveFlags] = []
    window: list[int] = []
    total = np.zeros(len(flags), int)

    for j in [*of, None]:
        if j is not None and not total[flags[:, j]].any():
            window.append(j)
            total += flags[:, j]
            continue

        n = flags[:, window].sum(axis=0)
        expected = n * (n.sum() - n) / len(flags)
        sure = [c for c, rows in zip(window, expected) if rows >= least]

        if len(sure) > 1:
            groups.append(ExclusiveFlags(sure, False))

        if j is not None:
            window, total = [j], flags[:, j].astype(int)

    return groups


def are_groups(groups: Sequence[tuple[list[int], bool]], flags: Container[int]) -> bool:
    r"""Tell whether groups from a file are valid: at least two flags each, without overlap.

    Arguments:
        groups: The columns of each group, and whether each row sets exactly one.
        flags: The indices of the columns that are flags.
    """
    every = [j for columns, _ in groups for j in columns]
    distinct = len(every) == len(set(every))

    return distinct and all(j in flags for j in every) and all(len(c) > 1 for c, _ in groups)


def describe_groups(groups: Sequence[ExclusiveFlags], name_of: Callable[[int], str]) -> list[str]:
    r"""Log lines about groups, of which the first three are described.

    Arguments:
        groups: The groups.
        name_of: The function that returns the name of a column.

    Example:
        >>> describe_groups([ExclusiveFlags([0, 1], True)], str)
        ['each row has exactly one of columns 0, 1, and so will new rows']
    """
    lines = []

    for columns, always in groups[:3]:
        named = ", ".join(map(name_of, columns[:6])) + ", ..." * (len(columns) > 6)
        lines.append(
            f"each row has {'exactly' if always else 'at most'} one of columns {named}, and so"
            " will new rows"
        )

    return lines + [f"{len(groups) - 3} more such groups"] * (len(groups) > 3)
