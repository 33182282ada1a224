r"""User input converted to examples of a modality.

- `reading`: examples from files, streams and memory
- `loaded`: examples as they were read, with labels and the names of files
- `modality_choice`: the modality of given examples, files and folders
- `tables`: files of tables, their formats and columns
- `conversion`: tensors, masked arrays and lists as arrays of numbers
- `labels`, `pairs`: labels and damaged versions joined to examples
- `weights`: weights of examples
- `file_order`: the order of files, and files that were left out
"""

__all__ = [
    "Loaded",
    "ModalityChoice",
    "check_names",
    "check_weights",
    "fitted_format",
    "format_of_source",
    "is_accepted",
    "join_groups",
    "join_labels",
    "join_pairs",
    "join_weights",
    "modality_of",
    "modality_of_path",
    "read",
    "read_tables",
    "tensor_to_numpy",
]

from ..common.arrays import tensor_to_numpy
from .labels import join_groups, join_labels
from .loaded import Loaded
from .modality_choice import ModalityChoice, is_accepted, modality_of, modality_of_path
from .pairs import join_pairs
from .reading import read
from .tables import check_names, fitted_format, format_of_source, read_tables
from .weights import check_weights, join_weights
