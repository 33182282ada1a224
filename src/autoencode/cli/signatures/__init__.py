r"""Signatures: from this library's source to the flags of its command line."""

__all__ = [
    "REQUIRED",
    "Argument",
    "Group",
    "Signature",
    "choose",
    "offered",
    "parse",
    "read",
    "signature",
    "subclasses",
    "value_of",
]

from .flags import Group, choose, offered, parse, value_of
from .source import REQUIRED, Argument, Signature, read, signature, subclasses
