r"""The signatures of this library, read from `table.json` without an import of the library.

The import of torch takes more than a second, for which `--help` need not wait. The table is
generated from the imported library by `make signatures`, and a test compares both.
"""

__all__ = [
    "choices",
    "class_signature",
    "command_signature",
    "object_of",
    "recipe_signatures",
    "replaced",
]

import contextlib
import importlib
import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from .arguments import REQUIRED, Argument, Signature

PATH = Path(__file__).with_name("table.json")

Sections = dict[str, dict[str, Signature]]
_other: ContextVar[Sections | None] = ContextVar("table", default=None)


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


def object_of(signature: Signature) -> Any:
    r"""The function or class of a signature, which is imported.

    Arguments:
        signature: The signature.

    Example:
        >>> object_of(class_signature("ELBO")).__name__
        'ELBO'
    """
    relative, package = f"...{signature.module}", __package__
    module = importlib.import_module(signature.module if signature.foreign else relative, package)

    return getattr(module, signature.name)


@contextlib.contextmanager
def replaced(document: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    r"""Use another table within a `with` block, such as one with classes of other packages.

    Arguments:
        document: The table, as it is stored.

    Example:
        >>> with replaced({"recipes": {}}):
        ...     recipe_signatures()
        {}
    """
    token = _other.set(
        {section: _signatures(documents) for section, documents in document.items()}
    )

    try:
        yield
    finally:
        _other.reset(token)


def to_document(signature: Signature) -> dict[str, Any]:
    r"""Returns a signature, ready for JSON."""
    document = signature._asdict()

    for name in ("foreign", "advice"):
        if not document[name]:
            document.pop(name)

    document["arguments"] = [
        {
            key: value
            for key, value in argument._asdict().items()
            if key == "name" or value != Argument._field_defaults[key]
        }
        for argument in signature.arguments
    ]

    return document


def _section(name: str) -> dict[str, Signature]:
    return (_other.get() or _stored())[name]


@cache
def _stored() -> Sections:
    table = json.loads(PATH.read_text(encoding="utf-8"))
    return {section: _signatures(documents) for section, documents in table.items()}


def _signatures(documents: Mapping[str, Any]) -> dict[str, Signature]:
    return {name: _signature(document) for name, document in documents.items()}


def _signature(document: dict[str, Any]) -> Signature:
    return Signature(**document | {"arguments": tuple(map(_argument, document["arguments"]))})


def _argument(document: dict[str, Any]) -> Argument:
    default = document.get("default", REQUIRED)
    default = tuple(default) if isinstance(default, list) else default
    classes = tuple(document.get("classes", ()))

    return Argument(**document | {"default": default, "classes": classes})
