r"""Flags in mixed tables: booleans, and columns of zeros and ones."""

__all__ = ["flags_of", "groups_of"]

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..columns import Column, LevelColumn, NumberColumn
from ..columns.dtypes import missing
from ..columns.exclusive import ExclusiveFlags, describe_groups, exclusive_groups
from ..columns.flags import Flag
from .layout import RowLayout

log = logging.getLogger(__name__)


def flags_of(columns: Sequence[Column]) -> dict[int, Flag]:
    r"""The flags by the index of their column, with their positions in the vector of a row.

    Arguments:
        columns: The columns.
    """
    layout = RowLayout.of(columns)
    flags = {}

    for at, j in enumerate(layout.numbers):
        column = columns[j]

        if isinstance(column, NumberColumn) and column.scores_.is_flag:
            flags[j] = Flag.of_scores(at, column.scores_)

    start = 2 * len(layout.numbers)

    for j, size in zip(layout.levels, layout.sizes):
        column = columns[j]

        if isinstance(column, LevelColumn) and column.is_truth and size == len(column.levels_):
            on = column.levels_.index(True)
            flags[j] = Flag(start + on, other=start + 1 - on)

        start += size

    return flags


def groups_of(columns: Sequence[Column], X: Any) -> list[ExclusiveFlags]:
    r"""Find the groups of flags of which each row sets at most one, and log them.

    Arguments:
        columns: The columns.
        X: The pandas frame of these columns.
    """
    of = [j for j in flags_of(columns) if not missing(X[columns[j].name]).any()]

    if len(of) < 2:
        return []

    flags = np.stack([X[columns[j].name].to_numpy(float) == 1 for j in of], axis=1)
    groups = exclusive_groups(flags, of)

    for line in describe_groups(groups, lambda j: repr(columns[j].name)):
        log.info("%s.", line)

    return groups
