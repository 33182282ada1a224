r"""Arguments and signatures, as plain values."""

__all__ = ["REQUIRED", "Argument", "Signature"]

from typing import Any, Final, NamedTuple

REQUIRED: Final = object()
r"""The default of an argument that has none."""


class Argument(NamedTuple):
    r"""One argument of a function or class."""

    name: str

    form: str | None = None
    r"""The form of its words, see :mod:`.forms`; `None` if words cannot set it."""

    classes: tuple[str, ...] = ()
    r"""The names of the classes whose objects it accepts."""

    default: Any = REQUIRED
    r"""The default, or its source text if it is not a number, a text or a list of these."""

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

    advice: dict[str, Any] | None = None
    r"""Advice on a recipe: its `purpose`, the case for another (`instead`), its `cost` in fits of
    `vae`, and its `source`."""
