r"""Texts as rows of bytes, and back."""

from typing import Any

from ...data.media.text import Lines


def bytes_of(X: Any) -> list[bytes]:
    r"""Returns the bytes of texts in UTF-8, and refuses values that are not text."""
    items = X.tolist() if hasattr(X, "tolist") else list(X)
    wrong = next((i for i, item in enumerate(items) if not isinstance(item, str)), None)

    if wrong is not None:
        raise ValueError(
            f"expected a text for each example, got {items[wrong]!r} in {place_of(X, wrong)}."
        )

    return [item.encode("utf-8", "surrogatepass") for item in items]


def place_of(X: Any, i: int) -> str:
    r"""Returns the place of a text in its source, for messages."""
    return X.location(i) if isinstance(X, Lines) else f"row {i}"


def cut_off(row: bytes, n: int) -> bytes:
    r"""Returns at most the first `n` bytes, and no part of a character at their end."""
    while 0 < n < len(row) and 128 <= row[n] < 192:
        n -= 1

    return row[:n]


def text_of(row: bytes, longest: int) -> str:
    r"""Returns the text of a row of bytes, which has at most the same number of bytes in UTF-8."""
    row = cut_off(row, longest)

    try:
        return row.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = row.decode("utf-8", "replace")

    # The replacement character has three bytes, and may stand for one
    return cut_off(text.encode(), longest).decode()
