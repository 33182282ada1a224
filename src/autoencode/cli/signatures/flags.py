r"""Flags of the command line, made from signatures.

Whatever is wrong with what was typed ends as a `ValueError` of one line.
"""

__all__ = ["Group", "choose", "offered", "parse", "value_of"]

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

_WRONG = re.compile(
    r"Error parsing (?P<flag>[\w./-]+):.*? instantiated from \[(?P<value>.*?)\]\."
    r"|(?:invalid choice (?P<choice>'.*?')|Missing value) for argument '(?P<name>.*?)'\."
)
_WORDS = {bool: "{True,False}", float: "FLOAT", int: "INT", str: "TEXT", Path: "PATH"}


class Group(NamedTuple):
    r"""Arguments that stand together in the help.

    Example:
        >>> from autoencode.cli.signatures import read
        >>> base = read("objectives")["Contractive"]
        >>> Group("objective", base.summary, base.arguments, prefix="objective.").flags()
        ['--objective.penalty', '--objective.exact']
    """

    name: str
    text: str
    arguments: tuple[Argument, ...]

    prefix: str = ""
    r"""What each flag begins with: nothing, or a word and a dot."""

    def offered(self) -> list[Argument]:
        r"""Returns the arguments that can be given by words."""
        return [a for a in self.arguments if a.type is not None or a.classes]

    def flags(self) -> list[str]:
        r"""Returns the flags, as they are typed."""
        return [_flag(a, self.prefix) for a in self.offered() if not a.positional]


def value_of(flag: str, argv: Sequence[str]) -> str | None:
    r"""The last value of a flag, before anything else about the flags is known.

    Arguments:
        flag: The flag, with hyphens.
        argv: What was typed.

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

    Arguments:
        kind: What it is a name of.
        name: The name.
        known: Those that there are.

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
            f"unknown {kind} {name!r}{_suggestion(name, known)} There are {', '.join(known)}."
        )

    return name


def offered(argument: Argument) -> dict[str, Signature]:
    r"""The classes of objects that words can make, by name.

    Example:
        >>> from autoencode.cli.signatures import signature
        >>> arguments = signature("estimator", "Autoencoder").arguments
        >>> "ELBO" in offered(arguments[1])
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
    elsewhere: Callable[[], Mapping[str, str]] = dict,
) -> dict[str, dict[str, Any]]:
    r"""Reads a command line.

    Arguments:
        program: What the command is called by.
        text: What it does.
        groups: Its arguments. Those of the first group stand without a title.
        argv: What was typed after the command.
        elsewhere: Returns flags that are offered only with others, and these.

    Returns:
        The values that were given, by group and name.

    Raises:
        ValueError: If something is unknown, missing or no such value.
        SystemExit: After `--help`.

    Example:
        >>> from autoencode.cli.signatures import read
        >>> groups = [Group("vae", "", read("recipes")["vae"].arguments)]
        >>> parse("fit", "Trains.", groups, ["--latent-dim", "16"])
        {'vae': {'latent_dim': 16}}
    """
    first, *others = groups
    nested = [(f"group{i}", _nested(group)) for i, group in enumerate(others)]
    everything = make_dataclass("Flags", [*nested, *map(_field, first.offered())])
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
        others_know = elsewhere()
        hint = f"; it goes with {others_know[flag]}." if flag in others_know else hint
        raise ValueError(f"unknown {kind} {word!r}{hint} See {program} --help")

    parts = [found, *(getattr(found, f"group{i}") for i in range(len(others)))]
    values = {
        g.name: {a.name: v for a in g.offered() if (v := getattr(part, a.name)) is not _unset(a)}
        for g, part in zip(groups, parts)
    }
    missing = [
        a.name.upper() if a.positional else _flag(a, g.prefix)
        for g in groups
        for a in g.offered()
        if a.default is REQUIRED and a.name not in values[g.name]
    ]

    if missing:
        raise ValueError(f"missing {' and '.join(missing)}. See {program} --help")

    return values


def _nested(group: Group) -> Any:
    cls = make_dataclass(group.name, [_field(a, bool(group.prefix)) for a in group.offered()])
    cls.__doc__ = group.text

    # With `help`, tyro does not search the source for it
    return Annotated[cls, tyro.conf.arg(name=group.prefix[:-1] or group.name, help=group.text)]


def _field(argument: Argument, prefixed: bool = False) -> tuple[str, Any, Any]:
    r"""Returns a field of a dataclass, as tyro reads them."""
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
    r"""Returns what stands for an argument that is not given: a switch is off, others are none."""
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

    return "{" + ",".join(offered(argument)) + "}" if argument.classes else _words(argument.type)


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


def _is_rule(line: str) -> bool:
    return len(line) > 1 and set(line) <= set("─╰╯-")


def _one_line(box: str, groups: Sequence[Group]) -> str:
    r"""Returns what tyro says in a box, or something plainer where it is known to be lengthy."""
    lines = [line.strip(" │") for line in box.splitlines()[1:]]
    parts = [list(part) for ruled, part in groupby(lines, _is_rule) if not ruled]
    said = " ".join(" ".join(parts[0] if parts else []).split())

    if wrong := _WRONG.match(said):
        flag = (wrong["flag"] or wrong["name"]).rpartition("/")[2]
        flags = {_flag(a, g.prefix): a for g in groups for a in g.offered()}
        wanted = f" {_metavar(flags[flag])}" if flag in flags else ""
        return f"expected {flag}{wanted}, got {wrong['value'] or wrong['choice'] or 'nothing'}."

    return said
