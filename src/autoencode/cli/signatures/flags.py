r"""Groups of flags, and choices among names."""

__all__ = ["Group", "check_choice", "flag_of", "last_value", "suggestion"]

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .arguments import Argument


class Group(NamedTuple):
    r"""Arguments that form one section of the help.

    Example:
        >>> from autoencode.cli.signatures import class_signature
        >>> base = class_signature("Contractive")
        >>> Group("objective", base.summary, base.arguments, prefix="objective.").flags()
        ['--objective.weight', '--objective.max-exact-dim']
    """

    name: str
    text: str
    arguments: tuple[Argument, ...]

    prefix: str = ""
    r"""The beginning of each flag: nothing, or words that end with a dot."""

    title: str = ""
    r"""The title of the section, if it is not the name."""

    def settable(self) -> list[Argument]:
        r"""Returns the arguments that words can set."""
        return [a for a in self.arguments if a.form is not None or a.classes]

    def flags(self) -> list[str]:
        r"""Returns the flags as they are typed."""
        return [flag_of(a, self.prefix) for a in self.settable() if not a.positional]


def flag_of(argument: Argument, prefix: str = "") -> str:
    r"""The flag of an argument, as it is typed.

    Arguments:
        argument: The argument.
        prefix: The beginning of the flag.

    Example:
        >>> flag_of(Argument("latent_dim"))
        '--latent-dim'
    """
    return f"--{prefix}{argument.name}".replace("_", "-")


def last_value(flag: str, argv: Sequence[str]) -> str | None:
    r"""The last value of a flag in a command line that is not parsed yet.

    Arguments:
        flag: The flag, with hyphens.
        argv: The words of the command line.

    Example:
        >>> last_value("--recipe", ["digits.npy", "--recipe", "vae"])
        'vae'
    """
    last = None

    for word, following in zip(argv, [*argv[1:], None]):
        name, equals, value = word.partition("=")

        if name.replace("_", "-") == flag:
            last = value if equals else following

    return last


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
            f"unknown {kind} {name!r}{suggestion(name, known)} Known: {', '.join(known)}."
        )

    return name


def suggestion(name: str, known: Iterable[str]) -> str:
    r"""The end of a sentence about an unknown name, with the closest known one.

    Arguments:
        name: The name.
        known: All known names.

    Example:
        >>> suggestion("--epoch", ["--epochs"])
        "; did you mean '--epochs'?"
        >>> suggestion("elbo", ["ELBO", "IWAE"])
        "; did you mean 'ELBO'?"
        >>> suggestion("n", ["y", "n-samples"])
        "; did you mean 'n-samples'?"
    """
    by_lower = {word.lower(): word for word in known}
    longer = [word for word in by_lower if word.startswith(f"{name.lower()}-")]
    near = longer or difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"; did you mean '{by_lower[near[0]]}'?" if near else "."
