r"""The last line that a command prints: a command to try next."""

__all__ = ["suggest_next"]

import shlex
from typing import Any

from .options import given


def suggest_next(*words: Any, options: Any = None, **flags: Any) -> None:
    r"""Print a command line to try next.

    Arguments:
        words: The command and its positional arguments.
        options: Options of this command that the next one shares.
        flags: The values of other flags, several in a sequence; flags that are `None` are left
            out.

    Example:
        >>> suggest_next("transform", "a model.ae", "X.npy", out="codes.csv", label=None)
        Next: autoencode transform 'a model.ae' X.npy --out codes.csv
    """
    shared = {} if options is None else given(options)
    line = ["autoencode", *words]

    for name, value in {**{k: v for k, v in flags.items() if v is not None}, **shared}.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        line += [f"--{name.replace('_', '-')}", *values]

    print(f"Next: {shlex.join(map(str, line))}")
