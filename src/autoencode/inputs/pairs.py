r"""Damaged versions joined to examples, by name or by position."""

__all__ = ["join_pairs"]

import logging

from ..data import Names
from ..data.joining import join_names
from ..data.listing.names import first_few
from .file_order import check_order, explain_left_out, explain_lost
from .loaded import Loaded

log = logging.getLogger(__name__)


def join_pairs(loaded: Loaded, damaged: Loaded) -> tuple[Loaded, Loaded]:
    r"""Join damaged versions to examples: by name if both have names, else by position.

    Files without a readable partner are left out, and the log counts and names them.

    Arguments:
        loaded: The examples.
        damaged: The damaged versions.

    Returns:
        Both, in the order of the examples.

    Raises:
        ValueError: If no names agree, or the numbers of examples differ.

    Example:
        >>> import numpy as np
        >>> X, C = (Loaded(np.zeros(2), None, Names(n, [0, 1], 2)) for n in ("ab", "ca"))
        >>> [both.names for both in join_pairs(X, C)]
        [['a'], ['a']]
    """
    a, b = loaded.names, damaged.names

    if a is not None and b is not None:
        pairs = join_names(a, b, ("X", "corrupted"))
        rows, others = [i for i, _ in pairs], [j for _, j in pairs]
        _log_pairs(a, b, rows, others)
        return loaded.select(rows), damaged.select(others)

    for names in (a, b):
        if names is None:
            continue

        if names.left_out and len(loaded.X) != len(damaged.X):
            what = f"got {len(loaded.X):,} examples and {len(damaged.X):,} damaged versions"
            raise ValueError(explain_left_out(names, what))

        if len(names) > 1:
            check_order(names, "an array of examples")

    return loaded, damaged


def _log_pairs(a: Names, b: Names, rows: list[int], others: list[int]) -> None:
    alone = [
        ("X", "corrupted", [a[i] for i in range(len(a)) if i not in {*rows}], b),
        ("corrupted", "X", [b[j] for j in range(len(b)) if j not in {*others}], a),
    ]
    unpaired = [
        f"{len(names):,} of {one} have none in {other}: {first_few(explain_lost(others, names))}"
        for one, other, names, others in alone
        if names
    ]

    if unpaired:
        log.warning(
            "%d pairs, by the names of the files; left out, without a readable partner: %s.",
            *(len(rows), "; ".join(unpaired)),
        )
    else:
        log.info("%d pairs, by the names of the files.", len(rows))
