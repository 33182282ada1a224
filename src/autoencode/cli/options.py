r"""Flags that several commands share, each declared once.

A command that has one of these classes as an argument has all of its flags.
"""

__all__ = [
    "LabelOptions",
    "LoadOptions",
    "PartOptions",
    "SourceOptions",
    "WriteOptions",
    "YOptions",
    "given",
]

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from ..data import TableFormat


class LabelOptions(NamedTuple):
    r"""Labels that come with the examples.

    Arguments:
        label_column: The column of labels, in the table of --labels or else in that of examples.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
    """

    label_column: str | None = None
    labels: Path | None = None


class YOptions(NamedTuple):
    r"""Labels on the command line.

    Arguments:
        y: The label, or the row of numbers, of a conditional model: one for all examples, or one
            for each example. The commands `manifold`, `anomalies` and `interpolate` take a single
            label. They use the examples with this label, or all examples if these have no labels.
    """

    y: tuple[str, ...] | None = None


class LoadOptions(NamedTuple):
    r"""Trust in code of other packages.

    Arguments:
        trusted: Modules or classes of other packages, such as graphs or graphs.Graphs. A model
            file may use them, and `fit` offers them as choices with flags of their own. They must
            be importable, for example from PYTHONPATH.
    """

    trusted: tuple[str, ...] = ()


class SourceOptions(NamedTuple):
    r"""The model and the examples that a command reads.

    Arguments:
        labels: The labels of the examples.
        typed: Labels on the command line.
        loading: Trust in code of other packages.
        table: The format of a table in a text file; by default that of the fit.
    """

    labels: LabelOptions = LabelOptions()
    typed: YOptions = YOptions()
    loading: LoadOptions = LoadOptions()
    table: "TableFormat | None" = None

    def for_other(self, path: Path) -> "SourceOptions":
        r"""Returns the options for further examples, without the file of labels of the first."""
        column = None if path.is_dir() else self.labels.label_column
        return self._replace(labels=LabelOptions(column))


class PartOptions(NamedTuple):
    r"""Work in parts, for data of any size.

    Arguments:
        shard: The share of the parts to work on, such as 3/64, the third of 64. The output is a
            folder with a file for each part. Finished parts are skipped, and several shards may
            run at the same time. Example: autoencode transform m.ae 'rows/*.parquet' --out codes
            --shard 3/64.
        workers: The number of processes, each with one thread. Example: autoencode transform m.ae
            'rows/*.parquet' --out codes --workers 8.
        engine: Processes of this machine, or actors of Ray Data on one machine or a cluster.
        id_column: A column of the data that the outputs repeat.
        part_rows: The number of rows in a part (262,144 if left out); for images and sounds, the
            number of files (4,096).
        dtype: The type of codes and reconstructions.
        file_format: The format of the parts.
    """

    shard: str | None = None
    workers: int | None = None
    engine: Literal["processes", "ray"] | None = None
    id_column: str | None = None
    part_rows: int | None = None
    dtype: Literal["float32", "float16"] = "float32"
    file_format: Literal["parquet", "npy"] = "parquet"


class WriteOptions(NamedTuple):
    r"""Replacement of existing files.

    Arguments:
        force: Replace existing files even if they are not earlier results of the same kind.
    """

    force: bool = False


def given(options: Any) -> dict[str, Any]:
    r"""The flags of options that differ from their defaults, with their values.

    Arguments:
        options: An object of a class of this module, or a table format.

    Example:
        >>> given(SourceOptions(LabelOptions(label_column="kind")))
        {'label_column': 'kind'}
    """
    defaults = _values(type(options)())
    changed: dict[str, Any] = {}

    for name, value in _values(options).items():
        if hasattr(value, "_asdict") or hasattr(value, "get_params"):
            changed |= given(value)
        elif value != defaults[name]:
            changed[name] = value

    return changed


def _values(options: Any) -> dict[str, Any]:
    values = options._asdict() if hasattr(options, "_asdict") else options.get_params(deep=False)
    return {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
