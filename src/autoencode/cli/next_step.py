r"""The last line that a command prints: a command to try next."""

__all__ = ["suggest_next"]

import shlex
from typing import Any


def suggest_next(*words: Any, **flags: Any) -> None:
    r"""Print a command line to try next.

    Arguments:
        words: The command and its positional arguments.
        flags: The values of its flags, several in a list; flags that are `None` are left out.

    Example:
        >>> suggest_next("transform", "a model.ae", "X.npy", out="codes.csv", label=None)
        Next: autoencode transform 'a model.ae' X.npy --out codes.csv
    """
    line = ["autoencode", *words]

    for name, value in flags.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        line += [f"--{name}", *values] if value is not None and values else []

    print(f"Next: {shlex.join(map(str, line))}")
