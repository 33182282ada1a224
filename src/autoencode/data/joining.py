r"""Joins of two sources of files by their names."""

__all__ = ["in_one_order", "join_names", "take"]

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from .cache import Spool
from .disk_arrays import chunks, is_mapped
from .listing.names import first_few
from .media.audio.folders import Recordings
from .media.text import Lines
from .sparse_rows import SparseRows
from .tabular.frames.kinds import is_frame

_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,6}$")  # numbers after a dot are part of a name
_MAX_NAMES_SHOWN = 3  # names of each source

Key = Callable[[str], str]


def join_names(a: Sequence[str], b: Sequence[str], what: tuple[str, str]) -> list[tuple[int, int]]:
    r"""Pairs of files from two lists with the same path, up to the suffix.

    Paths are compared below the folder of each source. Letter case and the Unicode form matter
    only if they are all that tells two files of one source apart. If no paths are the same, a
    path also matches another that it ends with: `data/cats/1.png` matches `cats/1.png`.

    Arguments:
        a: The names of the files of the first source.
        b: The names of the files of the second source.
        what: The names of the two sources, for messages.

    Returns:
        The indices of each pair, in the order of the first source.

    Raises:
        ValueError: If no names agree, or if several files match one.

    Example:
        >>> join_names(["a.png", "b.png"], ["b.tif", "c.tif"], ("X", "corrupted"))
        [(1, 0)]
        >>> join_names(["a.png"], ["x.png"], ("X", "corrupted"))
        Traceback (most recent call last):
        ...
        ValueError: the names of X and corrupted have nothing in common: a.png; against x.png...
    """
    a, b = [*map(_plain, a)], [*map(_plain, b)]

    if [*map(_stem, a)] == [*map(_stem, b)]:  # also where names occur twice
        return [(i, i) for i in range(len(a))]

    pairs: dict[int, int] = {}
    keys: list[tuple[Key, Key]] = [
        (_whole, _whole),
        (_stem, _stem),
        (_whole, _stem),
        (_stem, _whole),
        (_folded, _folded),
    ]

    for of_a, of_b in keys:
        _add(pairs, a, b, of_a, of_b, what)

    if not pairs:
        _add_tails(pairs, a, b, what)

    if not pairs:
        shown = [first_few(sorted(set(names)), _MAX_NAMES_SHOWN) for names in (a, b)]
        raise ValueError(
            f"the names of {what[0]} and {what[1]} have nothing in common: {shown[0]}; against"
            f" {shown[1]}. Two sources with names are joined by name, without folder and suffix:"
            " give both files of a pair the same name. Arrays, such as"
            " autoencode.data.read_images(folder).X, are joined by position."
        )

    return sorted(pairs.items())


def in_one_order(names: Sequence[str]) -> bool:
    r"""Tell whether the alphabetical order of names is also that of the numbers in them.

    Example:
        >>> in_one_order(["1.png", "10.png", "2.png"]), in_one_order(["01.png", "10.png"])
        (False, True)
    """
    return [*names] == sorted(names, key=_by_numbers)


def take(X: Any, rows: Sequence[int]) -> Any:
    r"""Selected examples, in the same kind of container.

    Examples of a mapped file are copied to a temporary file.

    Arguments:
        X: The examples: an array, a list, a data frame, sounds or texts.
        rows: The index of each selected example.

    Example:
        >>> take(["a", "b", "c"], [2, 0])
        ['c', 'a']
    """
    if X is None or [*rows] == [*range(len(X))]:
        return X

    if isinstance(X, Recordings):
        some = Recordings.of([X[i] for i in rows], None if X.rows is None else take(X.rows, rows))
        some.samples = X.samples

        if X.counts is not None:  # the examples are windows
            whose = np.repeat(np.arange(len(X.counts)), X.counts)[[*rows]]
            some.counts = [n for n in np.bincount(whose).tolist() if n]

        return some

    if isinstance(X, Lines):
        texts = Lines([X[i] for i in rows], X.path, X.lines and [X.lines[i] for i in rows])
        texts.attrs = X.attrs if [*rows] == [*range(len(X))] else {}  # rows are found by number
        return texts

    if isinstance(X, (list, tuple)):
        return [X[i] for i in rows]

    if isinstance(X, SparseRows):
        return X[[*rows]]

    if hasattr(X, "iloc"):
        return X.iloc[[*rows]]

    if is_frame(X):
        return X[[*rows]]

    if not is_mapped(X):
        return np.asarray(X)[np.asarray(rows, int)]

    spool, wanted, start = Spool(), np.asarray(rows, int), 0

    if (np.diff(wanted) < 0).any():
        for i in wanted:
            spool.append(np.asarray(X[i : i + 1]))

        return spool.array()

    for part in chunks(X):
        inside = wanted[(wanted >= start) & (wanted < start + len(part))]
        spool.append(part[inside - start])
        start += len(part)

    return spool.array()


def _plain(name: str) -> str:
    r"""Returns a name in one form of Unicode, with slashes between folders."""
    name = unicodedata.normalize("NFC", str(name).strip().replace("\\", "/"))
    return os.path.normpath(name).replace("\\", "/") if name else name


def _whole(name: str) -> str:
    return name


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name) if not name.startswith(".") else name


def _folded(name: str) -> str:
    return _stem(name).casefold()


def _numbered(names: Sequence[str], key: Key) -> dict[str, list[int]]:
    by_number = defaultdict(list)

    for i, name in enumerate(names):
        by_number[key(name)].append(i)

    return by_number


def _add(
    pairs: dict[int, int],
    a: Sequence[str],
    b: Sequence[str],
    of_a: Key,
    of_b: Key,
    what: tuple[str, str],
) -> None:
    r"""Adds pairs with equal keys of files that have no pair yet."""
    known = _numbered(b, of_b)
    taken = {*pairs.values()}

    for key, first in _numbered(a, of_a).items():
        second = [j for j in known.get(key, []) if j not in taken]
        first = [i for i in first if i not in pairs]

        if first and second:
            _check_one(first[:1] if of_a is _whole else first, second, a, b, what)
            pairs |= dict.fromkeys(first, second[0])  # a file may be listed twice


def _add_tails(
    pairs: dict[int, int], a: Sequence[str], b: Sequence[str], what: tuple[str, str]
) -> None:
    r"""Adds pairs of paths, one of which ends with the other."""
    for long, short, turned in ((a, b, False), (b, a, True)):
        known, unknown = _numbered(short, _folded), defaultdict(list)

        for i, name in enumerate(long):
            parts = PurePosixPath(_folded(name)).parts
            tails = ("/".join(parts[k:]) for k in range(1, len(parts)))

            if (tail := next((tail for tail in tails if tail in known), None)) is not None:
                unknown[tail].append(i)

        for tail, first in unknown.items():
            second = known[tail]
            first, second = (second, first) if turned else (first, second)
            _check_one(first, second, a, b, what)
            pairs.setdefault(first[0], second[0])

        if pairs:
            return


def _check_one(
    first: list[int],
    second: list[int],
    a: Sequence[str],
    b: Sequence[str],
    what: tuple[str, str],
) -> None:
    if len(first) > 1 or len(second) > 1:
        examples = [
            first_few([names[i] for i in some]) for names, some in ((a, first), (b, second))
        ]
        raise ValueError(
            f"cannot tell which belong together: {examples[0]} of {what[0]} and {examples[1]} of"
            f" {what[1]}. Give each pair of files a different name."
        )


def _by_numbers(name: str) -> list[Any]:
    parts = re.split(r"(\d+)", name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]
