r"""Texts from files: the lines of some, or a column of a table.

- `detection`: the files that hold texts
- `lines`: `Lines`, texts with their places, from lines and records
- `columns`: texts from a column of a table
"""

__all__ = ["Lines", "check_prose", "holds_texts", "is_text", "read_column", "read_lines"]

from .columns import read_column
from .detection import check_prose, holds_texts, is_text
from .lines import Lines, read_lines
