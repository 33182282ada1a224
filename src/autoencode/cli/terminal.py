r"""Text for a terminal, which must not take what stands in data for its own commands."""

__all__ = ["Plain", "plain"]

from typing import Any, TextIO

_LEFT = {"\n", "\t"}


def plain(text: str) -> str:
    r"""Text in which letters that act instead of being shown are spelled out.

    Those are control characters, which move the cursor, change colors or set the title of the
    window, and the marks that turn the direction of writing.

    Arguments:
        text: Anything.

    Example:
        >>> print(plain("a name \x1b[31mred\x07"))
        a name \x1b[31mred\x07
    """
    if text.isprintable():
        return text

    return "".join(c if c.isprintable() or c in _LEFT else _spelled(c) for c in text)


def _spelled(letter: str) -> str:
    if letter.isspace():
        return " "

    return ascii(letter)[1:-1]


class Plain:
    r"""A stream of plain text on another one.

    Example:
        >>> import sys
        >>> print("red\x1b[31m", file=Plain(sys.stdout))
        red\x1b[31m
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        self.stream.write(plain(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
