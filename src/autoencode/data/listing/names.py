r"""Names of files in messages, beside examples, and for new files."""

__all__ = ["Names", "file_names", "first_few"]

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path

from .sources import Listing

_NAMED = 5  # number of names in a message


class Names(list[str]):
    r"""File names of examples, one each, and names of files that were left out.

    Arguments:
        names: The names.
        rows: The index of each file among all files that were examined.
        total: The number of these files.
        left_out: The names of files that were left out, with the reasons.
        ordered: True if the order is that of the user, and not that of the names.
        unread: Descriptions of other entries that were left out.

    Example:
        >>> Names(["b.png"], [1], 2, {"a.png": "it is empty"}).summary()
        '1 of 2 files; left out: a.png (it is empty)'
    """

    def __init__(
        self,
        names: Iterable[str],
        rows: Iterable[int],
        total: int,
        left_out: Mapping[str, str] | None = None,
        ordered: bool = False,
        unread: Iterable[str] = (),
    ) -> None:
        super().__init__(names)

        self.rows = [*rows]
        self.total = total
        self.left_out = dict(left_out or {})
        self.ordered = ordered
        self.unread = [*unread]
        self.recordings: Names | None = None
        self.counts: list[int] = []

    def cut(self, names: Iterable[str], counts: Iterable[int]) -> "Names":
        r"""Returns names of windows, with the given count for each recording."""
        counts = [*counts]
        rows = [row for row, n in zip(self.rows, counts) for _ in range(n)]
        windows = Names(names, rows, self.total, self.left_out, self.ordered, self.unread)
        windows.recordings, windows.counts = self, counts

        return windows

    @classmethod
    def of(cls, listing: Listing, bad: Mapping[int, str], unread: Iterable[str] = ()) -> "Names":
        r"""Returns the names of a listing without the unreadable files, given by index."""
        rows = [i for i in range(len(listing.files)) if i not in bad]
        left_out = {listing.names[i]: why for i, why in bad.items()} | listing.lost
        total = len(listing.files) + len(listing.lost)
        hidden = [f"{listing.hidden:,} hidden"] if listing.hidden else []
        names = [listing.names[i] for i in rows]

        return cls(names, rows, total, left_out, listing.ordered, [*hidden, *unread])

    def select(self, rows: Sequence[int]) -> "Names":
        r"""Returns the names of some examples."""
        names, places = [self[i] for i in rows], [self.rows[i] for i in rows]
        return Names(names, places, self.total, self.left_out, self.ordered, self.unread)

    def summary(self) -> str:
        r"""Returns a sentence with the number of files, and those left out with reasons."""
        bad = [first_few([f"{name} ({why})" for name, why in self.left_out.items()])]
        left = "; ".join([*(bad if self.left_out else []), *self.unread]) or "nothing"
        read = len(self if self.recordings is None else self.recordings)
        return f"{read:,} of {self.total:,} files; left out: {left}"


def first_few(names: Sequence[str], most: int = _NAMED) -> str:
    r"""The first few of many names in one line, and the number of the others.

    Control characters are escaped, because a name may contain a line break.

    Arguments:
        names: The names.
        most: The number of names to show.

    Example:
        >>> first_few(["a", "b", "c"], most=2)
        'a; b; and 1 more'
    """
    more = len(names) - most
    shown = ["".join(c if c.isprintable() else ascii(c)[1:-1] for c in n) for n in names[:most]]
    return "; ".join(shown) + (f"; and {more:,} more" if more > 0 else "")


def file_names(files: Sequence[str] | None, n: int, end: str) -> list[str]:
    r"""Names of new files, after those of the originals if there are any.

    Arguments:
        files: The files of the originals.
        n: The number of files.
        end: The suffix of the new files.

    Example:
        >>> file_names(["a.jpg", "b.jpg"], 2, ".png"), file_names(None, 2, ".png")
        (['a.png', 'b.png'], ['00000.png', '00001.png'])
        >>> file_names(["B.PNG", "b.png"], 2, ".png")  # on disks that do not tell case
        ['B.PNG-1.png', 'b.png-2.png']
    """
    if files is None:
        return [f"{i:05}{end}" for i in range(n)]

    names = [str(Path(file).with_suffix(end)) for file in files]
    seen = Counter(map(_on_disk, names))

    # `drum.wav` and `drum.flac` keep their suffixes, so that both are written
    names = [n if seen[_on_disk(n)] == 1 else f"{file}{end}" for n, file in zip(names, files)]
    seen = Counter(map(_on_disk, names))

    # `Drum.wav` and `drum.wav` are one file to many disks
    for i, name in enumerate(names):
        if seen[_on_disk(name)] > 1:
            others = (f"{name.removesuffix(end)}-{k}{end}" for k in count(1))
            names[i] = next(other for other in others if _on_disk(other) not in seen)
            seen[_on_disk(names[i])] = 1

    return names


def _on_disk(name: str) -> str:
    r"""Returns a name as disks compare it that know neither letter case nor Unicode forms."""
    return unicodedata.normalize("NFC", name).casefold()
