r"""Command-line flags made from signatures.

Every mistake in a command line raises a `ValueError` with a message of one line.
"""

__all__ = ["Group", "available_classes", "check_choice", "last_value", "parse"]

import contextlib
import difflib
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, make_dataclass
from itertools import groupby
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import tyro

from .source import REQUIRED, Argument, Signature, subclasses

_TYRO_ERROR = re.compile(
    r"Error parsing (?P<flag>[\w./-]+):.*? instantiated from \[(?P<value>.*?)\]\."
    r"|(?:invalid choice (?P<choice>'.*?')|Missing value) for argument '(?P<name>.*?)'\."
)
_METAVARS = {bool: "{True,False}", float: "FLOAT", int: "INT", str: "TEXT", Path: "PATH"}


class Group(NamedTuple):
    r"""Arguments that form one section of the help.

    Example:
        >>> from autoencode.cli.signatures import read_signatures
        >>> base = read_signatures("objectives")["Contractive"]
        >>> Group("objective", base.summary, base.arguments, prefix="objective.").flags()
        ['--objective.penalty', '--objective.exact']
    """

    name: str
    text: str
    arguments: tuple[Argument, ...]

    prefix: str = ""
    r"""The beginning of each flag: nothing, or a word and a dot."""

    def flag_arguments(self) -> list[Argument]:
        r"""Returns the arguments that words can set."""
        return [a for a in self.arguments if a.type is not None or a.classes]

    def flags(self) -> list[str]:
        r"""Returns the flags as they are typed."""
        return [_flag(a, self.prefix) for a in self.flag_arguments() if not a.positional]


def last_value(flag: str, argv: Sequence[str]) -> str | None:
    r"""The last value of a flag in a command line that is not parsed yet.

    Arguments:
        flag: The flag, with hyphens.
        argv: The words of the command line.

    Example:
        >>> last_value("--recipe", ["digits.npy", "--recipe", "vae"])
        'vae'
    """
    found = None

    for word, following in zip(argv, [*argv[1:], None]):
        name, equals, value = word.partition("=")

        if name.replace("_", "-") == flag:
            found = value if equals else following

    return found


def check_choice(kind: str, name: str, known: Iterable[str]) -> str:
    r"""A name that is known; unknown ones are refused.

    Arguments:
        kind: The kind of thing that is named.
        name: The name.
        known: All known names.

    Raises:
        ValueError: If the name is unknown; the message suggests the closest one.

    Example:
        >>> check_choice("recipe", "vea", ["linear", "vae"])
        Traceback (most recent call last):
        ...
        ValueError: unknown recipe 'vea'; did you mean 'vae'? Known: linear, vae.
    """
    known = list(known)

    if name not in known:
        raise ValueError(
            f"unknown {kind} {name!r}{_suggestion(name, known)} Known: {', '.join(known)}."
        )

    return name


def available_classes(argument: Argument) -> dict[str, Signature]:
    r"""The classes whose objects words can make, by name.

    Example:
        >>> from autoencode.cli.signatures import signature
        >>> arguments = signature("estimator", "Autoencoder").arguments
        >>> "ELBO" in available_classes(arguments[1])
        True
    """
    found = {name: s for base in argument.classes for name, s in subclasses(*base).items()}

    return {
        name: s
        for name, s in found.items()
        if all(a.type is not None for a in s.arguments if a.default is REQUIRED)
    }


def parse(
    program: str,
    text: str,
    groups: Sequence[Group],
    argv: Sequence[str],
    other_flags: Callable[[], Mapping[str, str]] = dict,
) -> dict[str, dict[str, Any]]:
    r"""Parse a command line.

    Arguments:
        program: The name of the program and command.
        text: The description of the command.
        groups: Its arguments. The first group has no title.
        argv: The words after the command.
        other_flags: Returns flags that need another choice, with that choice.

    Returns:
        The given values, by group and name.

    Raises:
        ValueError: If a flag is unknown or missing, or a value is invalid.
        SystemExit: After `--help`.

    Example:
        >>> from autoencode.cli.signatures import read_signatures
        >>> groups = [Group("vae", "", read_signatures("recipes")["vae"].arguments)]
        >>> parse("fit", "Trains.", groups, ["--latent-dim", "16"])
        {'vae': {'latent_dim': 16}}
    """
    first, *others = groups
    nested = [(f"group{i}", _nested(group)) for i, group in enumerate(others)]
    everything = make_dataclass("Flags", [*nested, *map(_field, first.flag_arguments())])
    said = io.StringIO()

    found: Any

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
            said_once = _one_line(said.getvalue(), groups)
            raise ValueError(f"{said_once} See {program} --help") from None
        raise

    flags = [flag for group in groups for flag in group.flags()]

    if unknown:
        word = unknown[0].partition("=")[0]
        kind = "flag" if word.startswith("-") else "argument"
        flag = word.replace("_", "-")
        hint = _suggestion(flag, flags)
        belongs_to = other_flags()
        hint = f"; it belongs to {belongs_to[flag]}." if flag in belongs_to else hint
        raise ValueError(f"unknown {kind} {word!r}{hint} See {program} --help")

    parts = [found, *(getattr(found, f"group{i}") for i in range(len(others)))]
    values = {
        g.name: {
            a.name: v for a in g.flag_arguments() if (v := getattr(part, a.name)) is not _unset(a)
        }
        for g, part in zip(groups, parts)
    }
    missing = [
        a.name.upper() if a.positional else _flag(a, g.prefix)
        for g in groups
        for a in g.flag_arguments()
        if a.default is REQUIRED and a.name not in values[g.name]
    ]

    if missing:
        raise ValueError(f"missing {' and '.join(missing)}. See {program} --help")

    return values


def _nested(group: Group) -> Any:
    cls = make_dataclass(
        group.name, [_field(a, bool(group.prefix)) for a in group.flag_arguments()]
    )
    cls.__doc__ = group.text

    # Without `help`, tyro would search the source for it
    return Annotated[cls, tyro.conf.arg(name=group.prefix[:-1] or group.name, help=group.text)]


def _field(argument: Argument, prefixed: bool = False) -> tuple[str, Any, Any]:
    r"""Returns a dataclass field for tyro."""
    unset = _unset(argument)
    # tyro imports twice as much for `type | None`, and for a tuple looked at before `None`
    kind: Any = Union[None, argument.type or str] if unset is None else bool  # noqa: UP007

    about = tyro.conf.arg(
        help=argument.text or argument.name.replace("_", " "),
        help_behavior_hint=_hint(argument),
        metavar=_metavar(argument) if unset is None else None,
        prefix_name=prefixed,
        aliases=(f"-{argument.name}",) if len(argument.name) == 1 else None,
    )
    markers = [tyro.conf.Positional] * argument.positional
    markers += [tyro.conf.FlagCreatePairsOff] * (unset is False)

    kind = Annotated[kind, about]

    for marker in markers:
        kind = marker[kind]

    return argument.name, kind, field(default=unset)


def _unset(argument: Argument) -> bool | None:
    r"""Returns the value of an absent argument: `False` for a switch, else `None`."""
    return False if argument.type is bool and argument.default is False else None


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

    return (
        "{" + ",".join(available_classes(argument)) + "}"
        if argument.classes
        else _words(argument.type)
    )


def _words(kind: Any) -> str:
    parts = get_args(kind)

    if isinstance(kind, UnionType):
        return "|".join(map(_words, parts))

    if get_origin(kind) is tuple:
        return " ".join("..." if part is ... else _words(part) for part in parts)

    return _METAVARS.get(kind) or "{" + ",".join(map(str, parts)) + "}"


def _flag(argument: Argument, prefix: str = "") -> str:
    return f"--{prefix}{argument.name}".replace("_", "-")


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else "."


def _is_rule(line: str) -> bool:
    return len(line) > 1 and set(line) <= set("─╰╯-")


def _one_line(box: str, groups: Sequence[Group]) -> str:
    r"""Returns the message in tyro's box, shortened where it is known to be long."""
    lines = [line.strip(" │") for line in box.splitlines()[1:]]
    parts = [list(part) for ruled, part in groupby(lines, _is_rule) if not ruled]
    said = " ".join(" ".join(parts[0] if parts else []).split())

    if wrong := _TYRO_ERROR.match(said):
        flag = (wrong["flag"] or wrong["name"]).rpartition("/")[2]
        flags = {_flag(a, g.prefix): a for g in groups for a in g.flag_arguments()}
        wanted = f" {_metavar(flags[flag])}" if flag in flags else ""
        return f"expected {flag}{wanted}, got {wrong['value'] or wrong['choice'] or 'nothing'}."

    return said
