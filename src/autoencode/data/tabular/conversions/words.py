r"""Distinct words of columns, and marks of missing cells among them."""

__all__ = ["are_truths", "marked", "words_of"]

from typing import Any


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
    r"""Tell whether words are truth values, except for marks of missing cells.

    Arguments:
        words: The words.
        marks: As for :func:`marked`.

    Example:
        >>> are_truths(["True", "false", "?"], frozenset("?"))
        True
    """
    there = {word.strip().lower() for word in words} - marks
    return bool(there) and there <= {"true", "false"}
