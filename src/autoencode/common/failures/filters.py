r"""Filters of warnings that threads can set and remove in any order.

`warnings.catch_warnings` restores the filters of the whole process. If blocks of two threads
overlap, the one that ends last restores the filters of the other one, which then stay.
"""

__all__ = ["filtered", "ignored"]

import contextlib
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal


@contextlib.contextmanager
def filtered(
    action: Literal["ignore", "error"],
    message: str = "",
    category: type[Warning] = Warning,
    module: str = "",
) -> Iterator[None]:
    r"""Ignore some warnings within a `with` block, or turn them into errors.

    The filter comes before all others, and also holds for other threads in the meantime.

    Arguments:
        action: Whether warnings are ignored or become errors.
        message: A regular expression of the beginning of their messages.
        category: Their class.
        module: A regular expression of the beginning of the modules that issue them.

    Example:
        >>> with filtered("error", "half"):
        ...     warnings.warn("half of it")
        Traceback (most recent call last):
        ...
        UserWarning: half of it
    """
    patterns = (re.compile(message, re.I) if message else None), re.compile(module)
    item: Any = (action, patterns[0], category, patterns[1] if module else None, 0)
    warnings.filters.insert(0, item)  # type: ignore[attr-defined]

    try:
        yield
    finally:
        filters: Any = warnings.filters
        places = [i for i, other in enumerate(filters) if other is item]

        for i in places:  # none, if the user has restored other filters in the meantime
            del filters[i]


def ignored(
    message: str = "", category: type[Warning] = Warning, module: str = ""
) -> AbstractContextManager[None]:
    r"""Ignore some warnings within a `with` block.

    Arguments:
        message: A regular expression of the beginning of their messages.
        category: Their class.
        module: A regular expression of the beginning of the modules that issue them.

    Example:
        >>> with ignored("half"):
        ...     warnings.warn("half of it")
    """
    return filtered("ignore", message, category, module)
