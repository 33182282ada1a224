r"""Settings of a run: what its outputs depend on, beside the model and the input."""

__all__ = ["FORMATS", "TYPES", "VERBS", "Settings", "needs_arrow"]

from importlib.util import find_spec
from typing import Any, NamedTuple

VERBS = ("transform", "reconstruct", "score", "anomalies")
FORMATS = ("parquet", "npy")
TYPES = ("float32", "float16")


class Settings(NamedTuple):
    r"""Settings of a run.

    Example:
        >>> Settings("transform").file_format
        'parquet'
    """

    verb: str
    r"""The verb: `"transform"`, `"reconstruct"`, `"score"` or `"anomalies"`."""

    part_rows: int | None = None
    r"""The number of rows, or of files of media, in a part; by default that of the kind."""

    id_column: str | None = None
    r"""The column of the input that the outputs repeat."""

    label_column: str | None = None
    r"""The column of labels, for conditional models."""

    y: list[Any] | None = None
    r"""One label, or one row of numbers, for all examples."""

    dtype: str = "float32"
    r"""The type of codes and reconstructions."""

    file_format: str = "parquet"
    r"""The format of the outputs, `"parquet"` or `"npy"`."""

    pool_windows: bool = False
    indices: bool = False
    r"""As for :meth:`~autoencode.Autoencoder.transform`."""

    reference: str | None = None
    r"""The digest of the normal examples to which anomalies are compared."""

    random_state: int = 0
    table: dict[str, Any] | None = None
    r"""The format of text tables, where it is not that of the fit."""

    def checked(self) -> "Settings":
        r"""Returns the same settings.

        Raises:
            ValueError: If one is invalid, or two exclude each other.
        """
        choices = {"verb": VERBS, "dtype": TYPES, "file_format": FORMATS}

        for name, known in choices.items():
            if (value := getattr(self, name)) not in known:
                raise ValueError(f"expected {name} as one of {[*known]}, got {value!r}.")

        if self.part_rows is not None and self.part_rows < 1:
            raise ValueError(f"expected at least one row in a part, got {self.part_rows}.")

        if self.indices and self.pool_windows:
            raise ValueError("indices and pool_windows cannot be combined. Use one of them.")

        if self.file_format == "npy" and self.id_column is not None:
            raise ValueError(
                f"a .npy file has no place for the ids of column '{self.id_column}': leave out"
                " file_format='npy' (command line: --file-format), or id_column (--id-column)."
            )

        if self.y is not None and self.label_column is not None:
            raise ValueError(
                "expected y (--y) or label_column (--label-column), got both: labels are the same"
                " for all examples, or stand in a column."
            )

        if self.file_format == "parquet":
            needs_arrow("outputs in Parquet")

        return self


def needs_arrow(what: str) -> None:
    r"""Check that pyarrow is installed.

    Arguments:
        what: The files that need it.

    Raises:
        ValueError: If it is missing; the message gives the command that installs it.

    Example:
        >>> needs_arrow("outputs in Parquet")
    """
    if find_spec("pyarrow") is None:
        raise ValueError(f"{what} need pyarrow: pip install 'autoencode[tables]'")
