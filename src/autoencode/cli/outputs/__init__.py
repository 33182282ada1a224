r"""Results of commands, written to their files completely or not at all.

- `formats`: the formats of a path, by its suffix
- `checks`: checks before any work is done that a result can be written
- `rows`: rows of numbers and tables of results, as `.npy`, `.csv` or `.parquet`
- `examples`: examples as rows, as one picture, or as a folder of files
"""

__all__ = [
    "ROW_SUFFIXES",
    "check_count",
    "check_examples",
    "check_output",
    "column_names",
    "example_paths",
    "example_suffixes",
    "interpolation_suffixes",
    "is_file_per_example",
    "is_formula",
    "is_single",
    "suffix",
    "write_examples",
    "write_photograph",
    "write_rows",
    "write_steps",
    "write_table",
]

from .checks import check_count, check_examples, check_output
from .examples import write_examples, write_photograph
from .formats import (
    ROW_SUFFIXES,
    column_names,
    example_paths,
    example_suffixes,
    interpolation_suffixes,
    is_file_per_example,
    is_single,
    suffix,
)
from .rows import is_formula, write_rows, write_steps, write_table
