r"""Examples, labels and conditions from command-line arguments.

- `contexts`: labels, numbers and cells of the command line, as values
- `formats`: the format of a table, from flags and from the fit
- `examples`: the examples of a file or folder
- `columns`: types and names of the columns of numeric files
- `metadata`: a table about the examples
- `selection`: examples that have one label
"""

__all__ = [
    "NEEDS_LABELS",
    "Inputs",
    "context_of",
    "load_model",
    "parse_conditions",
    "parse_y",
    "read",
    "read_metadata",
    "read_source",
    "read_weighted",
    "read_with_label",
    "read_with_labels",
    "shared_label",
    "split_column",
    "store_columns",
    "with_column_types",
    "without_groups",
]

from .columns import read_weighted, split_column, store_columns, with_column_types, without_groups
from .contexts import parse_conditions, parse_y
from .examples import NEEDS_LABELS, Inputs, context_of, load_model, read, read_source
from .metadata import read_metadata
from .selection import read_with_label, read_with_labels, shared_label
