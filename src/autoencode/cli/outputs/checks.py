r"""Checks before any work is done that a result can be written."""

__all__ = ["check_count", "check_examples", "check_output"]

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ...common.atomic_files import check_writable
from ...data.listing.names import file_names
from ...estimator import Autoencoder
from ..ownership import check_replaceable
from .formats import example_suffix, is_single, suffix


def check_output(
    out: Path, known: Sequence[str], command: str = "sample", force: bool = False
) -> None:
    r"""Check before any work is done that an output can be written.

    Arguments:
        out: The file or folder.
        known: The suffixes of the possible formats.
        command: The name of the command, whose earlier results may be replaced.
        force: Whether other files may be replaced, too.

    Raises:
        ValueError: If it cannot be written.

    Example:
        >>> check_output(Path("codes.xls"), (".npy", ".csv"))
        Traceback (most recent call last):
        ...
        ValueError: cannot write 'codes.xls': expected a .npy or .csv file.
    """
    if suffix(out) not in known:
        files = " or ".join(s for s in known if s)
        wanted = [f"a {files} file"] * bool(files) + ["a folder"] * ("" in known)
        raise ValueError(f"cannot write '{out}': expected {', or '.join(wanted)}.")

    if suffix(out) == ".parquet" and find_spec("pyarrow") is None:
        raise ValueError(".parquet files need pyarrow: pip install 'autoencode[tables]'")

    if suffix(out):
        check_replaceable(command, [out], (), force)

    check_writable(out if suffix(out) else out / "file")


def check_count(out: Path, n: int, model: Autoencoder) -> None:
    r"""Check before examples are made that their number fits the output.

    Arguments:
        out: The file or folder.
        n: The number of examples.
        model: The model that makes them.

    Raises:
        ValueError: If the format holds a single example, and there are several.
    """
    if is_single(out, model) and n != 1:
        raise ValueError(
            f"a {suffix(out)} file holds a single example, got {n:,}: --out FOLDER writes all."
        )


def check_examples(
    out: Path,
    n: int,
    model: Autoencoder,
    files: Sequence[str] | None = None,
    inputs: Sequence[Path | None] = (),
    force: bool = False,
) -> None:
    r"""Check before examples are made that their files in a folder may be replaced.

    Arguments:
        out: The folder; a file needs no further check.
        n: The number of examples.
        model: The model that makes them.
        files: The files of the original examples.
        inputs: The files and folders that the command reads.
        force: Whether files that are not earlier results may be replaced.

    Raises:
        ValueError: If a file may not be replaced, or its name is too long.
    """
    if suffix(out) == "":
        new = [out / name for name in file_names(files, n, example_suffix(model))]

        if new:
            check_writable(max(new, key=lambda path: len(path.name.encode(errors="replace"))))

        check_replaceable("reconstruct", new, inputs, force)
