r"""What to do next, as the last line that a command prints."""

__all__ = ["suggest_next"]

import shlex
from typing import Any


def suggest_next(*words: Any, **flags: Any) -> None:
    r"""Prints a command line to go on with.

    Arguments:
        words: The command, and what stands without a flag.
        flags: The values of flags, several in a list; those that are none are left out.

    Example:
        >>> suggest_next("transform", "a model.ae", "X.npy", out="codes.csv", label=None)
        Next: autoencode transform 'a model.ae' X.npy --out codes.csv
    """
    line = ["autoencode", *words]

    for name, value in flags.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        line += [f"--{name}", *values] if value is not None and values else []

    print(f"Next: {shlex.join(map(str, line))}")
