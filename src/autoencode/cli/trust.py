r"""Classes of other packages that `fit` offers, with their flags."""

__all__ = ["trusting"]

import contextlib
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from .signatures import table

_FLAG = "--trusted"


@contextlib.contextmanager
def trusting(words: Sequence[str]) -> Iterator[None]:
    r"""Offer the classes of trusted modules as choices, with flags from their signatures.

    Without `--trusted`, nothing is imported, and the signatures are those of the stored table.

    Arguments:
        words: The words of the command line after the command.

    Raises:
        ValueError: If a trusted module or class cannot be imported.

    Example:
        >>> with trusting(["--trusted", "no_such_module"]):
        ...     pass
        Traceback (most recent call last):
        ...
        ValueError: cannot import 'no_such_module': ...
    """
    names = [name for name in _typed(words) if _imports(name)]

    if not names:
        yield
        return

    from .generate import generate  # imports the whole library

    with table.replaced(generate(names)):
        yield


def _typed(words: Sequence[str]) -> Iterator[str]:
    r"""Yields the words after each `--trusted`, up to the next flag."""
    within = False

    for word in words:
        flag, equals, value = word.partition("=")

        if word.startswith("-"):
            within = flag == _FLAG and not equals

            if flag == _FLAG and equals:
                yield value
        elif within:
            yield word


def _imports(name: str) -> bool:
    r"""Imports a module, or the module of a class; false for the path of a file."""
    outer, _, inner = name.rpartition(".")

    try:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not outer or not name.startswith(str(error.name)):
                raise

            getattr(importlib.import_module(outer), inner)
    except Exception as error:  # the code of others may raise anything
        if Path(name).exists() and isinstance(error, ImportError):
            return False  # the data, after the last trusted name

        reason = " ".join(str(error).split())
        is_missing = isinstance(error, ModuleNotFoundError) and name.startswith(str(error.name))
        remedy = " Name its folder: export PYTHONPATH=FOLDER." if is_missing else ""
        raise ValueError(f"cannot import '{name}': {reason}.{remedy}") from None

    return True
