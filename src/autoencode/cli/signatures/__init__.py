r"""Command-line flags from the signatures in this library's source.

- `source`: signatures and docstrings, read without importing the library
- `flags`: flags made from them, and the parser of a command line
"""

__all__ = [
    "REQUIRED",
    "Argument",
    "Group",
    "Signature",
    "available_classes",
    "check_choice",
    "last_value",
    "parse",
    "read_signatures",
    "signature",
    "subclasses",
]

from .flags import Group, available_classes, check_choice, last_value, parse
from .source import REQUIRED, Argument, Signature, read_signatures, signature, subclasses
