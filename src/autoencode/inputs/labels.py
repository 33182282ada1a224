r"""Labels joined to examples, by name or by position."""

__all__ = ["join_groups", "join_labels"]

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Names, is_frame
from ..data.joining import join_names, take
from ..data.labels import Labels, read_labels
from ..data.listing.names import first_few
from ..modalities.windows import follow
from .file_order import check_order, explain_left_out, explain_lost
from .loaded import Loaded

log = logging.getLogger(__name__)


def join_labels(loaded: Loaded, y: Any, column: str | None = None) -> Loaded:
    r"""Join labels to examples: by name if both have names, else by position.

    Examples without a label and labels without an example are left out, and the log counts and
    names them.

    Arguments:
        loaded: The examples.
        y: Labels in the order of the examples; a file of labels; or a mapping or series from
            names to labels. `None` keeps the labels that came with the examples.
        column: The column of a file that holds the labels.

    Raises:
        ValueError: If no names agree, or several labels may belong to a file.

    Example:
        >>> files = Names(["a.png", "b.png"], [0, 1], 2)
        >>> join_labels(Loaded(np.zeros((2, 8, 8)), None, files), {"b": 1, "a": 0}).y.tolist()
        [0, 1]
    """
    if y is None:
        return loaded

    if loaded.names is not None and loaded.names.recordings is not None:
        return _by_recording(loaded, y, column)

    n = len(loaded.X) if loaded.names is None else loaded.names.total
    labels = read_labels(y, loaded.names, column, n)

    if labels is not None and labels.names is not None and loaded.names is not None:
        return _by_name(loaded, labels.values, labels.names, labels.source)

    y = y if labels is None else labels.values

    if loaded.names is None or np.ndim(y) == 0 or not hasattr(y, "__len__"):
        return loaded._replace(y=y)

    if loaded.names.left_out and len(y) > 1:
        if loaded.names.ordered and len(y) == loaded.names.total:
            return loaded._replace(y=take(np.asarray(y), loaded.names.rows))

        if loaded.names.ordered or len(y) != len(loaded.names):
            raise ValueError(explain_left_out(loaded.names, f"got {len(y):,} labels"))

    if len(y) == len(loaded.names) > 1:
        check_order(loaded.names, "labels")

    return loaded._replace(y=y)


def join_groups(loaded: Loaded, groups: Any) -> Loaded:
    r"""Join groups to examples, in the same way as labels: by name if both have names.

    Arguments:
        loaded: The examples, with their labels.
        groups: The group of each example, in any form that labels may have.

    Raises:
        ValueError: If there are fewer than two groups, if an example has none, or for the reasons
            of :func:`join_labels`.

    See Also:
        :func:`join_labels`

    Example:
        >>> join_groups(Loaded(np.zeros((3, 2))), ["b", "a", "b"]).groups.tolist()
        [1, 0, 1]
    """
    if groups is None:
        return loaded

    places = join_labels(Loaded(np.arange(len(loaded.X)), None, loaded.names), groups)
    words = np.asarray(places.y, object) if is_frame(places.y) else np.asarray(places.y)
    words = words[:, 0] if words.ndim == 2 and words.shape[1] == 1 else words
    words = follow(words, loaded.X)

    if words.shape != (len(places.X),):
        raise ValueError(
            f"expected one group for each of {len(places.X):,} examples, got groups with shape"
            f" {words.shape}."
        )

    if missing := [i for i, word in enumerate(words.tolist()) if word is None or word != word]:
        raise ValueError(
            f"{len(missing):,} examples have no group, the first in row {missing[0]}: give each a"
            " group, which may have a single member."
        )

    distinct, numbers = np.unique(words.astype(str), return_inverse=True)

    if len(distinct) < 2:
        raise ValueError(
            f"expected at least two groups, to hold out one, got {str(distinct[0])!r} alone: leave"
            " out groups, or train without validation, with validation_fraction=0."
        )

    return loaded.select(places.X.tolist())._replace(groups=numbers)


def _by_recording(loaded: Loaded, y: Any, column: str | None) -> Loaded:
    r"""Joins labels of recordings to their windows."""
    names: Any = loaded.names
    n = len(y) if hasattr(y, "__len__") and np.ndim(y) > 0 else 0

    if n == len(loaded.X) or (n < 2 and not isinstance(y, (str, Path, Mapping, Labels))):
        return loaded._replace(y=y)

    recordings = Loaded(np.arange(len(names.counts)), None, names.recordings)
    joined = join_labels(recordings, y, column)

    if np.ndim(joined.y) == 0 or len(joined.y) != len(joined.X):
        return loaded._replace(y=y)  # the mismatch is reported where labels are used

    whose = np.repeat(recordings.X, names.counts)
    rows = np.flatnonzero(np.isin(whose, joined.X))
    labels = np.asarray(joined.y)[np.searchsorted(joined.X, whose[rows])]

    return loaded.select(rows.tolist())._replace(y=labels)


def _by_name(loaded: Loaded, values: NDArray, names: list[str], source: str) -> Loaded:
    files = loaded.names or Names([], [], 0)
    there = [i for i, value in enumerate(values) if not _is_missing(value)]
    first = {(names[i], str(values[i])): i for i in reversed(there)}  # rows may occur twice
    there = sorted(first.values())
    known = [names[i] for i in there]
    pairs = join_names(files, known, ("the files", source))
    rows = [i for i, _ in pairs]
    extra = {*range(len(there))} - {j for _, j in pairs}
    lost = explain_lost(files, [known[j] for j in sorted(extra)])
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

    joined = loaded.select(rows)
    return joined._replace(y=values[[there[j] for _, j in pairs]])


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value != value
