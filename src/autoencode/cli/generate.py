r"""The table of signatures, generated from the imported library.

Run `make signatures` after a change of an argument, its type, its default or its description. The
table has the commands, the recipes, and all classes whose objects their arguments accept.
"""

__all__ = ["generate"]

import importlib
import inspect
import json
import logging
import sys
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from .commands import COMMANDS
from .signatures import REQUIRED, Argument, Signature
from .signatures.docstrings import argument_texts, summary
from .signatures.forms import BOOL
from .signatures.table import PATH, to_document

log = logging.getLogger(__name__)

_PACKAGE = str(__package__).partition(".")[0]  # `__name__` is another if this is run
_WORDS = {bool: BOOL, float: "FLOAT", int: "INT", str: "TEXT", Path: "PATH"}
_SEQUENCES = ("Sequence", "list", "tuple")
_PUBLIC_IN = {"common": "objectives"}  # where names of a folder that is not public are


def generate(trusted: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    r"""Generate the table from the live signatures.

    Arguments:
        trusted: Imported modules or classes of other packages, which become choices, too.

    Raises:
        ValueError: If two classes have one name, or a class of another package has types that
            cannot be read.

    Example:
        >>> generate()["classes"]["ELBO"]["arguments"][0]["default"]
        1.0
    """
    from .. import recipes
    from ..estimator import Autoencoder

    commands = {name: _signature(command, trusted) for name, command in COMMANDS.items()}
    known = {name: _recipe_signature(getattr(recipes, name), trusted) for name in recipes.__all__}
    classes: dict[str, type] = {}
    waiting: list[Any] = [Autoencoder, *COMMANDS.values()]

    while waiting:
        found = waiting.pop()

        if isinstance(found, type):
            if classes.get(found.__name__, found) is not found:
                other = classes[found.__name__]
                raise ValueError(
                    f"two classes have the name {found.__name__}: those of {found.__module__} and"
                    f" {other.__module__}. Rename one."
                )

            classes[found.__name__] = found

        for name, kind in _hints(found).items():
            waiting += [
                c for c in _accepted(name, kind, trusted) if classes.get(c.__name__) is not c
            ]

    named = {name: _signature(classes[name], trusted) for name in sorted(classes)}
    sections = {"commands": commands, "recipes": known, "classes": named}

    return {
        section: {name: to_document(signature) for name, signature in signatures.items()}
        for section, signatures in sections.items()
    }


def write() -> None:
    r"""Writes the table."""
    PATH.write_text(json.dumps(generate(), indent=1) + "\n", encoding="utf-8")


def _recipe_signature(recipe: Callable[..., Any], trusted: Sequence[str]) -> Signature:
    from ..recipes.guide import ADVICE, source_of

    advice = ADVICE[recipe.__name__]._asdict() | {"source": ", ".join(source_of(recipe))}
    return _signature(recipe, trusted)._replace(advice=advice)


def _signature(value: Callable[..., Any], trusted: Sequence[str] = ()) -> Signature:
    # The text of inherited arguments stands in the class that has the constructor
    owner = value

    if isinstance(value, type) and not issubclass(value, tuple):
        owner = next(iter(_constructors(value)), value)

    texts, hints = argument_texts(inspect.getdoc(owner) or ""), _hints(value)
    arguments = [
        Argument(
            name=parameter.name,
            form=_form(hints.get(parameter.name)),
            classes=tuple(
                cls.__name__
                for cls in _accepted(parameter.name, hints.get(parameter.name), trusted)
            ),
            default=_default(parameter.default),
            positional=parameter.kind is parameter.POSITIONAL_ONLY,
            text=texts.get(parameter.name, ""),
        )
        for parameter in _parameters(value)
    ]
    module = value.__module__.removeprefix(f"{_PACKAGE}.")

    return Signature(
        value.__name__,
        module,
        summary(inspect.getdoc(value) or ""),
        tuple(arguments),
        foreign=value.__module__.partition(".")[0] != _PACKAGE,
    )


def _parameters(value: Callable[..., Any]) -> list[inspect.Parameter]:
    if isinstance(value, type) and not _is_options(value) and not _constructors(value):
        return []

    parameters = inspect.signature(value).parameters.values()
    return [p for p in parameters if p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}]


def _constructors(cls: type) -> list[type]:
    r"""Returns a class and its ancestors with their own constructors, except `object`."""
    return [c for c in cls.__mro__ if "__init__" in vars(c) and c is not object]


def _hints(value: Any) -> dict[str, Any]:
    if isinstance(value, type) and not _is_options(value):
        value = value.__init__  # type: ignore[misc]

    from ..data import TableFormat  # commands name it without importing it

    try:
        return typing.get_type_hints(value, localns={"TableFormat": TableFormat})
    except TypeError:  # `object.__init__`
        return {}
    except NameError as error:
        raise ValueError(f"the types of {value.__qualname__} cannot be read: {error}.") from None


def _is_options(value: Any) -> bool:
    r"""Tells whether a value is a class of flags that commands share, which is a named tuple."""
    return isinstance(value, type) and issubclass(value, tuple) and value is not tuple


def _default(value: Any) -> Any:
    if value is inspect.Parameter.empty:
        return REQUIRED

    if isinstance(value, Path):
        return str(value)

    if isinstance(value, (tuple, list)) and not _is_options(type(value)):
        return [*map(_default, value)]

    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


# Types


def _form(kind: Any) -> str | None:
    r"""Returns the words that an annotation allows, or `None`."""
    choices = dict.fromkeys(_alternatives(kind))

    if "PATH" in choices:  # the same words as a text
        choices.pop("TEXT", None)

    return "|".join(choices) or None


def _alternatives(kind: Any) -> Iterator[str]:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)

    if origin in (typing.Union, types.UnionType):
        for part in inner:
            yield from _alternatives(part)
    elif origin is Literal:
        assert all(isinstance(choice, (str, bool)) for choice in inner), inner
        yield "{" + ",".join(map(str, inner)) + "}"
    elif kind in _WORDS:
        yield _WORDS[kind]
    elif getattr(origin, "__name__", "") in _SEQUENCES:
        forms = [_form(part) for part in inner if part is not ...]

        if all(form in _WORDS.values() for form in forms):
            fixed = origin is tuple and ... not in inner
            yield " ".join(map(str, forms)) if fixed else f"{forms[0]} ..."


def _accepted(name: str, kind: Any, trusted: Sequence[str] = ()) -> list[type]:
    r"""Returns the classes that an argument accepts and words can make, in alphabetical order."""
    classes = {cls for base in _bases(kind) for cls in _concrete(base, trusted)}
    return sorted(
        (cls for cls in classes if _is_made_of_words(cls) and _is_sensible(name, cls)),
        key=lambda cls: cls.__name__,
    )


def _bases(kind: Any) -> Iterator[type]:
    if isinstance(kind, type) and kind.__module__.partition(".")[0] == _PACKAGE:
        yield kind
    elif getattr(typing.get_origin(kind), "__name__", "") != "Callable":
        for part in typing.get_args(kind):
            yield from _bases(part)


def _concrete(base: type, trusted: Sequence[str]) -> Iterator[type]:
    r"""Yields the public concrete classes among a class and its subclasses."""
    classes: set[type] = {base, *_descendants(base)}

    for cls in classes:
        parts = cls.__module__.split(".")

        if parts[0] == _PACKAGE and not inspect.isabstract(cls):
            parts[1] = _PUBLIC_IN.get(parts[1], parts[1])
            folder = importlib.import_module(".".join(parts[: min(2, len(parts) - 1)]))
            module = importlib.import_module(cls.__module__)

            if cls.__name__ in {*getattr(folder, "__all__", ())} or cls is base:
                assert cls.__name__ in module.__all__, cls
                yield cls
        elif _is_trusted(cls, trusted) and not inspect.isabstract(cls):
            yield cls


def _is_trusted(cls: type, trusted: Sequence[str]) -> bool:
    module, name = cls.__module__, cls.__name__
    inside = any(f"{module}.{name}".startswith(f"{t}.") for t in trusted)
    there = getattr(sys.modules.get(module), name, None) is cls  # not one of an earlier import

    return there and not name.startswith("_") and (inside or f"{module}.{name}" in trusted)


def _descendants(base: type) -> Iterator[type]:
    children: list[type] = base.__subclasses__()

    for cls in children:
        yield cls
        yield from _descendants(cls)


def _is_made_of_words(cls: type) -> bool:
    r"""Tells whether words can set each argument of a class that has no neutral default."""
    hints = _hints(cls)
    unset = [p for p in _parameters(cls) if _form(hints.get(p.name)) is None]

    unmade = [p for p in unset if p.default is not None and not [*_bases(hints.get(p.name))]]

    if unmade and cls.__module__.partition(".")[0] != _PACKAGE:
        log.warning(
            "%s cannot be chosen, as no flag can set its argument '%s': give it a type such as"
            " float, or the default None.",
            *(cls.__name__, unmade[0].name),
        )

    return not unmade


def _is_sensible(name: str, cls: type) -> bool:
    r"""Tells whether the estimator does not refuse an object of the class for an argument."""
    from ..blueprint import checks

    if name == "conditional":  # a flag, whose labels and numbers are found in the data
        return False

    known = {"posterior": checks.check_posterior, "likelihood": checks.check_likelihood}

    try:
        if name in known:
            known[name](cls())
    except ValueError:
        return False
    except TypeError:  # arguments that are required
        return True

    return True


if __name__ == "__main__":
    write()
