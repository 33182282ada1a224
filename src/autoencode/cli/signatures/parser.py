r"""Command lines to values, and the text of `--help`, with `argparse`.

Every mistake in a command line raises a `ValueError` with a message of one line.
"""

__all__ = ["help_text", "parse"]

import argparse
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from .arguments import REQUIRED, Argument
from .flags import Group, check_choice, flag_of, suggestion
from .forms import BOOL, convert, takes_several

_NUMBER = re.compile(r"-(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?|-inf(inity)?|-nan", re.IGNORECASE)
_SHORT_FLAGS = {"n_samples": "n", "n_points": "n"}


_FREE_METAVARS = {"TEXT ...", "PATH ..."}
# Includes words that are refused
_BOOLEAN_WORDS = {"true", "false", "yes", "no", "on", "off", "1", "0"}


class _Setting(NamedTuple):
    r"""One argument of one group."""

    group: Group
    argument: Argument

    @property
    def flag(self) -> str:
        return flag_of(self.argument, self.group.prefix)

    @property
    def shown(self) -> str:
        r"""The name that messages use."""
        return self.argument.name.upper() if self.argument.positional else self.flag

    @property
    def form(self) -> str:
        return self.argument.form or "TEXT"

    @property
    def metavar(self) -> str:
        r"""The words that it takes, as the help shows them."""
        classes, form = self.argument.classes, self.argument.form
        names = "{" + ",".join(classes) + "}" if classes else None
        return "|".join(word for word in (form, names) if word) or self.form

    @property
    def is_switch(self) -> bool:
        return self.form == BOOL and self.argument.default is False

    @property
    def spellings(self) -> list[str]:
        r"""The flag, and its short form, if it has one."""
        letter = _SHORT_FLAGS.get(self.argument.name, self.argument.name)
        return [f"-{letter}"] * (len(letter) == 1 and not self.group.prefix) + [self.flag]

    def convert(self, words: Sequence[str]) -> Any:
        r"""Returns the value of words.

        Raises:
            ValueError: If the words are not a value of the argument.
        """
        if self.argument.classes and len(words) == 1:
            if self.argument.form is None or words[0] in self.argument.classes:
                return check_choice(self.argument.name, words[0], self.argument.classes)

        try:
            return convert(self.form, words)
        except ValueError:
            if self.argument.classes and len(words) == 1 and self.form.startswith("{"):
                names = [*self.form.strip("{}").split(","), *self.argument.classes]
                return check_choice(self.argument.name, words[0], names)

            got = repr(" ".join(words)) if words else "nothing"
            raise ValueError(f"expected {self.shown} {self.metavar}, got {got}.") from None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(" ".join(message.split()) + ".")


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
        >>> from autoencode.cli.signatures import recipe_signatures
        >>> groups = [Group("vae", "", recipe_signatures()["vae"].arguments)]
        >>> parse("fit", "Trains.", groups, ["--latent-dim", "16"])
        {'vae': {'latent_dim': 16}}
    """
    settings = [_Setting(group, a) for group in groups for a in group.settable()]
    end = argv.index("--") if "--" in argv else len(argv)
    words, rest = [*map(_with_hyphens, argv[:end])], [*argv[end + 1 :]]

    if {"-h", "--help"} & {*words}:
        print(help_text(program, text, groups))
        raise SystemExit(0)

    try:
        return _values(settings, groups, words, rest, other_flags)
    except ValueError as error:
        raise ValueError(f"{error} See {program} --help") from None


def help_text(program: str, text: str, groups: Sequence[Group]) -> str:
    r"""The text of `--help`.

    Arguments:
        program: The name of the program and command.
        text: The description of the command.
        groups: Its arguments.

    Example:
        >>> print(help_text("fit", "Trains.", [Group("fit", "", (Argument("epochs", "INT"),))]))
        usage: fit --epochs INT
        <BLANKLINE>
        Trains.
        <BLANKLINE>
        flags:
          --epochs INT  epochs (required)
    """
    settings = [_Setting(group, a) for group in groups for a in group.settable()]
    needed = [s for s in settings if s.argument.default is REQUIRED]
    usage = [s.shown if s.argument.positional else f"{s.flag} {s.metavar}" for s in needed]
    usage += ["[FLAGS]"] * (len(needed) < len(settings))
    parser = argparse.ArgumentParser(
        program,
        usage=" ".join(["%(prog)s", *usage]),
        description=text.replace("%", "%%"),
        add_help=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=28),
    )
    positional = parser.add_argument_group("arguments")

    for i, group in enumerate(groups):
        title, about = (group.title or group.name, group.text or None) if i else ("flags", None)
        section = parser.add_argument_group(title, about and about.replace("%", "%%"))

        for argument in group.settable():
            setting = _Setting(group, argument)
            about = _explanation(setting).replace("%", "%%")

            if argument.positional:
                positional.add_argument(argument.name, metavar=setting.shown, help=about)
            elif setting.is_switch:
                section.add_argument(*setting.spellings, action="store_true", help=about)
            else:
                section.add_argument(*setting.spellings, metavar=setting.metavar, help=about)

    return parser.format_help().rstrip()


def _explanation(setting: _Setting) -> str:
    r"""Returns the text of an argument, with its default."""
    argument, default = setting.argument, setting.argument.default
    text = argument.text or argument.name.replace("_", " ")

    if default is REQUIRED:
        return text if argument.positional else f"{text} (required)"

    if default is None or default is False or default == ():
        return text

    shown = default if isinstance(default, tuple) else [default]
    return f"{text} (default: {' '.join(map(str, shown))})"


def _with_hyphens(word: str) -> str:
    r"""Returns a flag with hyphens instead of underscores."""
    name, equals, value = word.partition("=")
    return f"{name.replace('_', '-')}{equals}{value}" if word.startswith("--") else word


def _values(
    settings: Sequence[_Setting],
    groups: Sequence[Group],
    words: Sequence[str],
    rest: Sequence[str],
    other_flags: Callable[[], Mapping[str, str]],
) -> dict[str, dict[str, Any]]:
    given, others = _given(settings, words)
    _check_known(settings, others, other_flags)

    positional = [s for s in settings if s.argument.positional]
    placed = [*others, *rest]
    values: dict[str, dict[str, Any]] = {group.name: {} for group in groups}

    for setting, found in given.items():
        if takes_several(setting.form):
            spare = len(positional) - len(placed)
            n = _n_own_words(setting, found, spare)
            placed += found[n:]
            found = found[:n]

        values[setting.group.name][setting.argument.name] = setting.convert(found)

    if len(placed) > len(positional):
        word = placed[len(positional)]
        way = (
            " Patterns of a shell become several arguments: give the folder. For work in parts,"
            " the pattern stands in quotes."
        )
        way *= os.path.exists(word)
        raise ValueError(f"unknown argument {word!r}.{way}")

    for setting, word in zip(positional, placed):
        values[setting.group.name][setting.argument.name] = setting.convert([word])

    missing = [
        s.shown
        for s in settings
        if s.argument.default is REQUIRED and s.argument.name not in values[s.group.name]
    ]

    if missing:
        raise ValueError(f"missing {' and '.join(missing)}.")

    return values


def _given(
    settings: Sequence[_Setting], words: Sequence[str]
) -> tuple[dict[_Setting, list[str]], list[str]]:
    r"""Returns the words after each flag, and all other words."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser._negative_number_matcher = re.compile(f"^({_NUMBER.pattern})$", re.IGNORECASE)
    by_key = {f"setting {i}": s for i, s in enumerate(settings) if not s.argument.positional}

    for key, setting in by_key.items():
        how: dict[str, Any] = {"nargs": "?", "const": []}
        how = {"nargs": "*"} if takes_several(setting.form) else how
        how = {"action": "store_true"} if setting.is_switch else how
        parser.add_argument(*setting.spellings, dest=key, default=argparse.SUPPRESS, **how)

    for setting in by_key.values():
        if setting.is_switch and (wrong := [w for w in words if w.startswith(f"{setting.flag}=")]):
            raise ValueError(
                f"expected {setting.flag} without a value, got {wrong[0].partition('=')[2]!r}."
            )

    known, others = parser.parse_known_args(_with_values(by_key.values(), words))
    given = {}

    for key, value in vars(known).items():
        value = "True" if value is True else value
        given[by_key[key]] = value if isinstance(value, list) else [value]

    return given, others


def _with_values(settings: Iterable[_Setting], words: Sequence[str]) -> list[str]:
    r"""Returns words with `True` after each boolean flag that stands alone."""
    alone = {name for s in settings if s.form == BOOL and not s.is_switch for name in s.spellings}
    result = []

    for word, following in zip(words, [*words[1:], ""]):
        result.append(word)

        if word in alone and following.lower() not in _BOOLEAN_WORDS:
            result.append("True")

    return result


def _check_known(
    settings: Sequence[_Setting],
    others: Sequence[str],
    other_flags: Callable[[], Mapping[str, str]],
) -> None:
    r"""Refuses a flag that does not exist, and suggests one that does."""
    for word in others:
        if len(word) > 1 and word.startswith("-") and not _NUMBER.fullmatch(word):
            flag, belongs_to = word.partition("=")[0], other_flags()
            known = [s.flag for s in settings if not s.argument.positional]
            hint = suggestion(flag, known)
            hint = f"; it belongs to {belongs_to[flag]}." if flag in belongs_to else hint
            raise ValueError(f"unknown flag {flag!r}{hint}")


def _n_own_words(setting: _Setting, words: Sequence[str], spare: int) -> int:
    r"""Returns the number of words after a flag that belong to it.

    In `--layers 64 32 digits.npy`, two widths belong to the flag, and the last word is the data.
    Flags that accept any text leave as many words as positional arguments are missing: `spare`.
    """
    if _FREE_METAVARS & {*setting.form.split("|")} and not setting.argument.classes:
        return max(1, len(words) - max(spare, 0))

    for n in range(len(words), max(0, len(words) - 1 - max(spare, 0)), -1):
        try:
            setting.convert(words[:n])
        except ValueError:
            continue

        return n

    return len(words)
