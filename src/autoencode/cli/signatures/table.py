r"""The signatures of this library, read from `table.json` without an import of the library.

The import of torch takes more than a second, for which `--help` need not wait. The table is
generated from the imported library by `make signatures`, and a test compares both.
"""

__all__ = ["choices", "class_signature", "command_signature", "recipe_signatures"]

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .arguments import REQUIRED, Argument, Signature

PATH = Path(__file__).with_name("table.json")


def command_signature(name: str) -> Signature:
    r"""The signature of a command.

    Arguments:
        name: The name of the command.

    Example:
        >>> [argument.name for argument in command_signature("recipes").arguments]
        []
    """
    return _section("commands")[name]


def class_signature(name: str) -> Signature:
    r"""The signature of a class.

    Arguments:
        name: The name of the class.

    Example:
        >>> class_signature("ELBO").arguments[0].default
        1.0
    """
    return _section("classes")[name]


def recipe_signatures() -> Mapping[str, Signature]:
    r"""The signatures of all recipes, by name.

    Example:
        >>> recipe_signatures()["linear"].arguments[0].form
        'INT'
    """
    return _section("recipes")


def choices(argument: Argument) -> dict[str, Signature]:
    r"""The classes whose objects an argument accepts, by name.

    Arguments:
        argument: The argument.

    Example:
        >>> "ELBO" in choices(class_signature("Autoencoder").arguments[1])
        True
    """
    return {name: class_signature(name) for name in argument.classes}


def to_document(signature: Signature) -> dict[str, Any]:
    r"""Returns a signature, ready for JSON."""
    document = signature._asdict()
    document["arguments"] = [
        {
            key: value
            for key, value in argument._asdict().items()
            if key == "name" or value != Argument._field_defaults[key]
        }
        for argument in signature.arguments
    ]

    return document


@cache
def _section(name: str) -> dict[str, Signature]:
    return {key: _signature(document) for key, document in _table()[name].items()}


@cache
def _table() -> dict[str, dict[str, Any]]:
    return json.loads(PATH.read_text(encoding="utf-8"))


def _signature(document: dict[str, Any]) -> Signature:
    return Signature(**document | {"arguments": tuple(map(_argument, document["arguments"]))})


def _argument(document: dict[str, Any]) -> Argument:
    default = document.get("default", REQUIRED)
    default = tuple(default) if isinstance(default, list) else default
    classes = tuple(document.get("classes", ()))

    return Argument(**document | {"default": default, "classes": classes})
