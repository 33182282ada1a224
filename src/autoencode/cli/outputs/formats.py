r"""Formats of a path, by its suffix."""

__all__ = [
    "ROW_SUFFIXES",
    "column_names",
    "example_paths",
    "example_suffix",
    "example_suffixes",
    "interpolation_suffixes",
    "is_file_per_example",
    "is_single",
    "suffix",
]

from collections.abc import Sequence
from pathlib import Path

from ...data.listing.names import file_names
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
