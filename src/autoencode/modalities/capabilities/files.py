r"""Files and folders of examples."""

__all__ = ["Readable", "Writable", "read_files", "write_one"]

import abc
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...data.listing.sources import Files
from ..base import Modality
from .sequences import Windowed


class Readable(abc.ABC):
    r"""Kinds with their own readers of files or folders.

    Tables of numbers do not need this capability: the library reads `.npy`, `.csv` and `.parquet`
    files of numbers for all kinds.
    """

    @abc.abstractmethod
    def read(self, path: Path | Files) -> tuple[Any, ...]:
        r"""Reads the examples of a file, a folder or a list of files.

        Returns:
            The examples, their labels or `None`, and the names of their files or `None`.
        """


class Writable(abc.ABC):
    r"""Kinds whose examples are written to one file each."""

    @property
    @abc.abstractmethod
    def suffix(self) -> str:
        r"""The suffix of the files."""

    @abc.abstractmethod
    def write(self, path: Path, example: NDArray) -> None:
        r"""Writes an example to a file with this suffix."""


def read_files(modality: Modality, path: Path | Files, whole: bool = False) -> tuple[Any, ...]:
    r"""Examples of a file or folder, with their labels and the names of their files.

    Arguments:
        modality: The kind of data.
        path: The file, the folder or several files.
        whole: Whether to keep long examples whole.

    Raises:
        ValueError: If the kind cannot read such files.
    """
    if whole and isinstance(modality, Windowed):
        return modality.read_whole(path)

    if isinstance(modality, Readable):
        return modality.read(path)

    raise ValueError(
        f"expected a file with a table, such as .csv or .npy, for {modality}, got the folder"
        f" '{path}'."
    )


def write_one(modality: Modality, path: Path, example: NDArray) -> None:
    r"""Write an example to a file.

    Arguments:
        modality: The kind of data.
        path: The file.
        example: The example.

    Raises:
        ValueError: If the kind has no files of single examples.
    """
    if not isinstance(modality, Writable):
        raise ValueError(f"there are no files of single examples of {modality}.")

    modality.write(path, example)
