r"""Formats of a path, by its suffix."""

__all__ = [
    "ROW_SUFFIXES",
    "column_names",
    "example_paths",
    "example_suffix",
    "example_suffixes",
    "file_names",
    "interpolation_suffixes",
    "is_file_per_example",
    "is_single",
    "suffix",
]

import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from ...estimator import Autoencoder
from ...modalities.capabilities import Tokenized, Writable

ROW_SUFFIXES = (".npy", ".csv", ".parquet")


def example_suffixes(model: Autoencoder) -> tuple[str, ...]:
    r"""The suffixes of files of examples; an empty one stands for a folder of files.

    Example:
        >>> from autoencode.modalities import Tables
        >>> Tables().suffixes
        ('.npy', '.csv', '.parquet')
    """
    return model.modality_.suffixes


def interpolation_suffixes(model: Autoencoder) -> tuple[str, ...]:
    r"""The suffixes of files of interpolations; the first is for two curves side by side."""
    first = ".csv" if isinstance(model.modality_, Tokenized) else ".png"
    return (first, *(s for s in example_suffixes(model) if s != first))


def example_suffix(model: Autoencoder) -> str:
    r"""The suffix of files of single examples, empty if there are no such files.

    Arguments:
        model: The model that makes the examples.
    """
    return model.modality_.suffix if isinstance(model.modality_, Writable) else ""


def suffix(out: Path) -> str:
    r"""The suffix of an output path in lower case, empty for a folder.

    Example:
        >>> suffix(Path("codes.CSV"))
        '.csv'
    """
    return "" if out.is_dir() else out.suffix.lower()


def is_single(out: Path, model: Autoencoder) -> bool:
    r"""Tell whether a path is a file for a single example, other than a picture.

    Arguments:
        out: The file or folder.
        model: The model that makes the examples.
    """
    return suffix(out) == example_suffix(model) not in {"", ".png"}


def is_file_per_example(out: Path, model: Autoencoder) -> bool:
    r"""Tell whether each example gets a file of its own.

    Arguments:
        out: The file or folder.
        model: The model that makes the examples.
    """
    return suffix(out) == "" or is_single(out, model)


def column_names(model: Autoencoder, n: int) -> list[str]:
    r"""The column names that a model has learned, or generic ones.

    Arguments:
        model: The model.
        n: The number of columns.
    """
    modality, numbered = model.modality_, [f"x{i}" for i in range(1, n + 1)]
    names = [modality.header] if isinstance(modality, Tokenized) else numbered
    return [*getattr(model, "feature_names_in_", names)]


def example_paths(out: Path, files: Sequence[str], model: Autoencoder) -> list[Path]:
    r"""The files in a folder to which versions of examples are written, named after the originals.

    Arguments:
        out: The folder.
        files: The files of the original examples.
        model: The model that makes them.
    """
    return [out / name for name in file_names(files, len(files), example_suffix(model))]


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
