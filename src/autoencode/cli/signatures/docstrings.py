r"""Docstrings as plain text for a terminal."""

__all__ = ["argument_texts", "summary"]

import re

_LATEX = {
    r"\mathcal{N}": "N",
    r"\sim": "~",
    r"\geq": ">=",
    r"\leq": "<=",
    r"\mid": "|",
    r"\tilde ": "~",
    r"\,": "",
    "\\": "",
}


def summary(docstring: str) -> str:
    r"""The first sentence of a docstring.

    Arguments:
        docstring: The docstring, without indentation.

    Example:
        >>> summary("Evidence lower bound. It is ...")
        'Evidence lower bound.'
    """
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    return _plain(re.split(r"\.\. math::|(?<=[.])\s", paragraph)[0])


def argument_texts(docstring: str) -> dict[str, str]:
    r"""The texts of the section `Arguments:`, by argument.

    Arguments:
        docstring: The docstring, without indentation.

    Example:
        >>> argument_texts("Headline.\n\nArguments:\n    n: The number\n        of `x`.\n")
        {'n': 'The number of x.'}
    """
    section = re.search(r"^Arguments:\n((?:[ ]{4}.*\n?|\n)+)", docstring, re.MULTILINE)
    entries = re.findall(
        r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section[1] if section else "", re.MULTILINE
    )

    return {name: _plain(" ".join(text.split())) for name, text in entries}


def _plain(text: str) -> str:
    r"""Returns text without the marks of reStructuredText and LaTeX."""
    text = re.sub(r":\w+:`~?(?:autoencode\.)?(?:\w+\.)*([^`]*)`", r"\1", text).replace("`", "")

    for mark, plain in _LATEX.items():
        text = text.replace(mark, plain)

    return text.strip()
