r"""Forms: the words that a flag takes, and their conversion.

A form is also what `--help` shows. `INT` is one whole number, `INT INT` are two, and `INT ...` is
any number of them; `{a,b}` is one of two words. `INT|TEXT` is a whole number if the word spells
one, or else a text.
"""

__all__ = ["BOOL", "convert", "takes_several"]

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

BOOL = "{True,False}"

_CONVERSIONS: dict[str, Callable[[str], Any]] = {
    "FLOAT": float,
    "INT": int,
    "PATH": Path,
    "TEXT": str,
}


def convert(form: str, words: Sequence[str]) -> Any:
    r"""Convert words to a value.

    Arguments:
        form: The form.
        words: The words.

    Returns:
        One value, or a tuple if the form has several words.

    Raises:
        ValueError: If the words do not have the form.

    Example:
        >>> convert("INT|INT INT", ["8"]), convert("INT|INT INT", ["8", "9"])
        (8, (8, 9))
        >>> convert("TEXT ...", [])
        ()
    """
    for alternative in form.split("|"):
        kinds = alternative.split()
        repeated = kinds[-1] == "..."
        kinds = kinds[:1] * len(words) if repeated else kinds

        if len(kinds) == len(words):
            try:
                values = tuple(map(_convert_word, kinds, words))
            except ValueError:
                continue

            return values if repeated or len(kinds) > 1 else values[0]

    raise ValueError(f"expected {form}, got {' '.join(words) or 'nothing'!r}.")


def takes_several(form: str) -> bool:
    r"""Tell whether a form may have a number of words other than one.

    Arguments:
        form: The form.

    Example:
        >>> takes_several("INT|INT INT"), takes_several("{a,b}")
        (True, False)
    """
    return " " in form


def _convert_word(kind: str, word: str) -> Any:
    if kind.startswith("{"):
        if word not in kind[1:-1].split(","):
            raise ValueError(word)

        return {"True": True, "False": False}.get(word, word)

    return _CONVERSIONS[kind](word)
