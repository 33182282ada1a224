r"""The warning about a visible failure of a fit."""

__all__ = ["FitWarning", "noted", "warn"]

import contextlib
import sys
import warnings
from collections.abc import Iterator
from contextvars import ContextVar

_NOTES: ContextVar[list[str] | None] = ContextVar("notes", default=None)


class FitWarning(UserWarning):
    r"""Warning about a visible failure of a fit, with the setting to change.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("error", FitWarning)
        ...     warn("the loss was still falling at the end")
        Traceback (most recent call last):
        ...
        autoencode.common.failures.fit_warning.FitWarning: the loss was still falling at the end
    """


@contextlib.contextmanager
def noted(notes: list[str]) -> Iterator[None]:
    r"""Collect the warnings of this thread in a list within a `with` block.

    Arguments:
        notes: The list to which their texts are appended.

    Example:
        >>> notes = []
        >>> with noted(notes):
        ...     warn("the loss was still falling at the end")
        >>> notes
        ['the loss was still falling at the end']
    """
    before = _NOTES.set(notes)

    try:
        yield
    finally:
        _NOTES.reset(before)


def warn(message: str | None) -> None:
    r"""Issue a warning that points at the user's call into this library.

    Arguments:
        message: The text of the warning, or `None` for no warning.

    Example:
        >>> warn(None)
    """
    if message is None:
        return

    if (notes := _NOTES.get()) is not None:
        notes.append(message)
        return

    frame, level, package = sys._getframe(1), 2, __name__.partition(".")[0]

    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame, level = frame.f_back, level + 1

    warnings.warn(message, FitWarning, stacklevel=level)
