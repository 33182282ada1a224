r"""Arguments and signatures, as plain values."""

__all__ = ["REQUIRED", "Argument", "Signature"]

from typing import Any, Final, NamedTuple

REQUIRED: Final = object()
r"""The default of an argument that has none."""


class Argument(NamedTuple):
    r"""One argument of a function or class."""

    name: str

    form: str | None = None
    r"""The words that it takes, see :mod:`.forms`; `None` if words cannot set it."""

    classes: tuple[str, ...] = ()
    r"""The names of the classes whose objects it accepts."""

    default: Any = REQUIRED
    r"""Its default; the source text of a default that is no number, text or list of them."""

    positional: bool = False

    text: str = ""
    r"""Its description."""


class Signature(NamedTuple):
    r"""One function or class, of this library unless it is foreign."""

    name: str

    module: str
    r"""Its module, relative to the package unless it is foreign."""

    summary: str
    r"""The first sentence of its docstring."""

    arguments: tuple[Argument, ...]

    foreign: bool = False
    r"""True for a class of another package, whose module is an absolute name."""
