r"""Text of the data where it is shown: in pictures and on pages."""

__all__ = ["visible"]


def visible(text: str, letters: int | None = None) -> str:
    r"""Returns a text with dots for characters that cannot be seen.

    Such are control characters, and marks that change the direction of what follows.

    Arguments:
        text: The text.
        letters: The most characters to show of a longer text.

    Example:
        >>> visible("one\ntwo\u202e"), visible("abcdef", 3)
        ('one·two·', 'abc...')
    """
    shown = text if letters is None else text[:letters]
    shown = "".join(c if c.isprintable() else "\N{MIDDLE DOT}" for c in shown)

    return shown + "..." * (letters is not None and len(text) > letters)
