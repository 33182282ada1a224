r"""Flags of the command line, made from signatures.

Whatever is wrong with what was typed ends as a `ValueError` of one line.
"""

__all__ = ["Group", "choose", "parse", "value_of"]

import contextlib
import difflib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import field, make_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NamedTuple, get_args, get_origin
import tyro

from .source import REQUIRED, Argument, subclasses

_WORDS = {bool: "{True,False}", float: "FLOAT", int: "INT", str: "TEXT", Path: "PATH"}


class Group(NamedTuple):
    r"""Arguments that stand together in the help.

    Example:
        >>> from autoencode.signatures import read
        >>> elbo = read("objectives")["ELBO"]
        >>> Group("objective", elbo.summary, elbo.arguments, prefix="objective.").flags()
        ['--objective.beta', '--objective.warmup', '--objective.free-bits']
    """

    name: str
    text: str
    arguments: tuple[Argument, ...]

    prefix: str = ""
    r"""What each flag begins with."""

    def offered(self) -> list[Argument]:
        r"""Returns the arguments that can be given by words."""
        return [a for a in self.arguments if a.type is not None or a.classes]

    def flags(self) -> list[str]:
        r"""Returns the flags, as they are typed."""
        return [_flag(a, self.prefix) for a in self.offered() if not a.positional]


def value_of(flag: str, argv: Sequence[str]) -> str | None:
    r"""The last value of a flag, before anything else about the flags is known.

    Example:
        >>> value_of("--recipe", ["digits.npy", "--recipe", "vae"])
        'vae'
    """
    found = None

    for word, following in zip(argv, [*argv[1:], None]):
        name, equals, value = word.partition("=")

        if name.replace("_", "-") == flag:
            found = value if equals else following

    return found


def choose(kind: str, name: str, known: Iterable[str]) -> str:
    r"""Returns a name if it is known.

    Raises:
        ValueError: If it is not, with the nearest ones that are.

    Example:
        >>> choose("recipe", "vea", ["linear", "vae"])
        Traceback (most recent call last):
        ...
        ValueError: unknown recipe 'vea'; did you mean 'vae'? There are linear, vae.
    """
    known = list(known)

    if name not in known:
        raise ValueError(
            f"unknown {kind} '{name}'{_suggestion(name, known)} There are {', '.join(known)}."
        )

    return name


def parse(
    program: str, text: str, groups: Sequence[Group], argv: Sequence[str]
) -> list[dict[str, Any]]:
    r"""Reads a command line.

    Arguments:
        program: What the command is called by.
        text: What it does.
        groups: Its arguments. Those of the first group stand without a title.
        argv: What was typed after the command.

    Returns:
        The values that were given, by name, for each group.

    Raises:
        ValueError: If something is unknown, missing or no such value.
        SystemExit: After `--help`.

    Example:
        >>> from autoencode.signatures import read
        >>> groups = [Group("vae", "", read("recipes")["vae"].arguments)]
        >>> parse("fit", "Trains.", groups, ["--latent-dim", "16"])
        [{'latent_dim': 16}]
    """
    first, *others = groups
    nested = [
        (f"group{i}", Annotated[_dataclass(group), tyro.conf.arg(name=group.name)])
        for i, group in enumerate(others)
    ]
    everything = make_dataclass("Flags", [*nested, *map(_field, first.offered())])
    said = io.StringIO()

    try:
        with contextlib.redirect_stderr(said):
            found, unknown = tyro.cli(
                everything,
                prog=program,
                description=text,
                args=list(argv),
                return_unknown_args=True,
            )
    except SystemExit as stop:
        if stop.code:
            raise ValueError(
                f"{_one_line(said.getvalue(), groups)} See {program} --help"
            ) from None
        raise

    flags = [flag for group in groups for flag in group.flags()]

    if unknown:
        word = unknown[0].partition("=")[0]
        kind = "flag" if word.startswith("-") else "argument"
        hint = _suggestion(word.replace("_", "-"), flags)
        raise ValueError(f"unknown {kind} '{word}'{hint} See {program} --help")

    parts = [found, *(getattr(found, f"group{i}") for i in range(len(others)))]
    values = [
        {a.name: v for a in group.offered() if (v := getattr(part, a.name)) not in (None, False)}
        for group, part in zip(groups, parts)
    ]
    missing = [
        a.name.upper() if a.positional else _flag(a, group.prefix)
        for group, given in zip(groups, values)
        for a in group.offered()
        if a.default is REQUIRED and a.name not in given
    ]

    if missing:
        raise ValueError(f"missing {' and '.join(missing)}. See {program} --help")

    return values


def _dataclass(group: Group) -> type:
    cls = make_dataclass(group.name, [_field(a, bool(group.prefix)) for a in group.offered()])
    cls.__doc__ = group.text

    return cls


def _field(argument: Argument, prefixed: bool = False) -> tuple[str, Any, Any]:
    r"""Returns a field of a dataclass, as tyro reads them; `None` if it is not given."""
    switch = argument.type is bool and argument.default is False
    kind = bool if switch else (argument.type or str) | None

    about = tyro.conf.arg(
        help=argument.text or argument.name.replace("_", " "),
        help_behavior_hint=_hint(argument),
        metavar=None if switch else _metavar(argument),
        prefix_name=prefixed,
        aliases=(f"-{argument.name}",) if len(argument.name) == 1 else None,
    )

    kind = Annotated[kind, about]  # type: ignore[assignment]
    kind = tyro.conf.FlagCreatePairsOff[kind] if switch else kind  # type: ignore[misc,valid-type]
    kind = tyro.conf.Positional[kind] if argument.positional else kind  # type: ignore[valid-type]

    return argument.name, kind, field(default=False if switch else None)


def _hint(argument: Argument) -> str:
    default = argument.default

    if default is REQUIRED:
        return "(required)"

    if default is None or default is False or default == ():
        return ""

    words = default if isinstance(default, tuple) else [default]
    return f"(default: {' '.join(map(str, words))})"


def _metavar(argument: Argument) -> str:
    if argument.positional:
        return argument.name.upper()

    names = [name for base in argument.classes for name in subclasses(*base)]
    return "{" + ",".join(names) + "}" if names else _words(argument.type)


def _words(kind: Any) -> str:
    parts = get_args(kind)

    if isinstance(kind, UnionType):
        return "|".join(map(_words, parts))

    if get_origin(kind) is tuple:
        return " ".join("..." if part is ... else _words(part) for part in parts)

    return _WORDS.get(kind) or "{" + ",".join(map(str, parts)) + "}"


def _flag(argument: Argument, prefix: str = "") -> str:
    return f"--{prefix}{argument.name}".replace("_", "-")


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else "."


def _one_line(box: str, groups: Sequence[Group]) -> str:
    r"""Returns what tyro says in a box, or something plainer where it is known to be lengthy."""
    lines = [line.strip("│ ") for line in box.splitlines() if "╭" not in line]
    rules = [i for i, line in enumerate(lines) if line.startswith(("─", "╰"))]
    said = " ".join(" ".join(lines[: rules[0] if rules else None]).split())

    if wrong := re.match(r"Error parsing (--[\w.-]+).*? instantiated from \[(.*?)\]\.", said):
        flags = {_flag(a, g.prefix): a for g in groups for a in g.offered()}
        argument = flags.get(wrong[1])
        return f"expected {wrong[1]} {argument and _metavar(argument)}, got {wrong[2]}."

    return said
