r"""Text for a terminal, without control characters from the data."""

__all__ = ["SanitizedStream", "on_one_line", "sanitize"]

from typing import Any, TextIO

_KEPT_CONTROLS = {"\n", "\t"}


def sanitize(text: str) -> str:
    r"""Text with control characters escaped.

    Control characters could move the cursor, change colors or set the title of the window, and
    direction marks could reorder the text.

    Arguments:
        text: The text.

    Example:
        >>> print(sanitize("a name \x1b[31mred\x07"))
        a name \x1b[31mred\x07
    """
    if text.isprintable():
        return text

    return "".join(c if c.isprintable() or c in _KEPT_CONTROLS else _escaped(c) for c in text)


def on_one_line(text: object) -> str:
    r"""A name or cell of the data with line breaks and all other control characters escaped.

    After a line break, text of the data could look like output of this program.

    Arguments:
        text: The name or cell.

    Example:
        >>> print(on_one_line("a.png\nWrote b.png"))
        a.png\nWrote b.png
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


def _escaped(letter: str) -> str:
    if letter.isspace():
        return " "

    return ascii(letter)[1:-1]


class SanitizedStream:
    r"""A stream that escapes control characters before it writes to another stream.

    Example:
        >>> import sys
        >>> print("red\x1b[31m", file=SanitizedStream(sys.stdout))
        red\x1b[31m
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        plain = sanitize(text).encode(encoding, "backslashreplace").decode(encoding)
        self.stream.write(plain)  # only letters that the terminal supports
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
