r"""Folders with files of several kinds, whose examples are not clear."""

__all__ = ["check_one_kind"]

from collections import Counter
from pathlib import Path

from ..listing.sources import Files, list_files
from ..tabular.formats import table_suffix
from .audio.formats import is_sound
from .images import is_image
from .text import is_text

# Of the files of the most frequent kind; fewer files of another kind are skipped
_MAX_MINORITY_RATIO = 1 / 3
_MAX_EXAMINED_FILES = 1000
_MODALITIES = {"images": "Images", "sounds": "Sounds", "texts": "Texts"}


def check_one_kind(source: Path | Files) -> None:
    r"""Refuses a folder or list of files whose kind is not clear.

    Arguments:
        source: The folder, or the files.

    Raises:
        ValueError: If it has about the same number of files of several kinds, or tables and other
            files.

    Example:
        >>> check_one_kind(Files([Path("a.png"), Path("b.jpg"), Path("notes.md")]))
        >>> check_one_kind(Files([Path("a.png"), Path("a.wav")]))
        Traceback (most recent call last):
        ...
        ValueError: expected files of one kind, got 1 images and 1 sounds in '2 files, the ...
    """
    files = [*source] if isinstance(source, Files) else list_files(source).files
    counts = Counter(map(_kind, files[:_MAX_EXAMINED_FILES]))
    others = counts.pop("", 0)
    by_count = counts.most_common()

    if not by_count:
        return

    (kind, n), rest = (
        by_count[0],
        [name for name, m in by_count[1:] if m >= _MAX_MINORITY_RATIO * by_count[0][1]],
    )

    if kind == "tables" and (others or len(by_count) > 1):
        more = ", ".join(
            [f"{m:,} {name}" for name, m in by_count[1:]] + [f"{others:,} other files"]
        )
        raise ValueError(
            f"expected tables alone, got {n:,} tables and {more} in '{source}'. Give a list of"
            " the tables, or move the other files."
        )

    if rest:
        kinds = " and ".join(f"{counts[name]:,} {name}" for name in [kind, *rest])
        chosen = [_MODALITIES[name] for name in [kind, *rest] if name in _MODALITIES]
        settings = " or ".join(f"modality=ae.modalities.{name}()" for name in chosen)
        flags = " or ".join(f"--modality {name}" for name in chosen)
        raise ValueError(
            f"expected files of one kind, got {kinds} in '{source}'. Choose one kind with"
            f" {settings} (command line: {flags}), or give a list of files."
        )


def _kind(path: Path) -> str:
    if is_sound(path):
        return "sounds"

    if is_text(path):
        return "texts"

    if table_suffix(path) is not None:
        return "tables"

    return "images" if is_image(path) else ""
