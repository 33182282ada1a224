r"""Distinct words of columns, and marks of missing cells among them."""

__all__ = ["are_truths", "as_text", "marked", "words_of"]

from collections.abc import Callable, Iterator
from typing import Any

from ....common.batching import rows_per_batch

_TEXT_BYTES = 16  # of a cell as text, with its offset


def as_text(
    names: list[str], n_rows: int, read: Callable[[set[str], list[str]], Any]
) -> Iterator[tuple[str, Any]]:
    r"""Yields columns as text. The file is read once for as many as fit into the memory budget.

    Arguments:
        names: The names of the columns.
        n_rows: The number of rows.
        read: A function that reads columns again, some of them as text.

    Example:
        >>> import pyarrow as pa
        >>> table = pa.table({"a": ["1"], "b": ["2"]})
        >>> read = lambda texts, only: table.select(only)
        >>> [cells.to_pylist() for _, cells in as_text(["b"], 1, read)]
        [['2']]
    """
    size = rows_per_batch(_TEXT_BYTES * n_rows)

    for i in range(0, len(names), size):
        part = names[i : i + size]
        table = read({*part}, part)

        yield from ((name, table.column(name)) for name in part)


def words_of(cells: Any) -> list[str]:
    r"""Returns the distinct words of a column."""
    return [word for word in cells.unique().to_pylist() if word is not None]


def marked(words: list[str], marks: frozenset[str]) -> frozenset[str]:
    r"""Words that stand for missing cells.

    Arguments:
        words: The words.
        marks: Words for missing cells, in lower case and without spaces around.

    Example:
        >>> marked(["1", " NA "], frozenset({"na"}))
        frozenset({' NA '})
    """
    return frozenset(word for word in words if word.strip().lower() in marks)


def are_truths(words: list[str], marks: frozenset[str]) -> bool:
    r"""Tell whether words are booleans, except for marks of missing cells.

    Arguments:
        words: The words.
        marks: As for :func:`marked`.

    Example:
        >>> are_truths(["True", "false", "?"], frozenset("?"))
        True
    """
    there = {word.strip().lower() for word in words} - marks
    return bool(there) and there <= {"true", "false"}
