r"""Command-line flags from the signatures of this library.

- `arguments`: arguments and signatures, as plain values
- `forms`: a notation for the words that a flag takes, and their conversion
- `table`: the signatures, read from `table.json` without an import of the library
- `docstrings`: plain text from docstrings, for the script that writes the table
- `flags`: groups of flags, and choices among names
- `options`: classes of flags that several commands share
- `parser`: command lines to values; the text of `--help`
"""

__all__ = [
    "REQUIRED",
    "Argument",
    "Group",
    "Signature",
    "build_options",
    "check_choice",
    "choices",
    "class_signature",
    "command_signature",
    "help_text",
    "last_value",
    "object_of",
    "option_groups",
    "parse",
    "recipe_signatures",
]

from .arguments import REQUIRED, Argument, Signature
from .flags import Group, check_choice, last_value
from .options import build_options, option_groups
from .parser import help_text, parse
from .table import (
    choices,
    class_signature,
    command_signature,
    object_of,
    recipe_signatures,
)
