r"""Classes of flags that several commands share: an argument of such a class has their flags."""

__all__ = ["build_options", "option_groups"]

from collections.abc import Iterator, Mapping
from typing import Any

from .arguments import Argument, Signature
from .flags import Group
from .table import class_signature, object_of


def option_groups(signature: Signature) -> Iterator[Group]:
    r"""The groups of shared flags of a command.

    Arguments:
        signature: The signature of the command, or of a class of options.

    Example:
        >>> from autoencode.cli.signatures import command_signature
        >>> [group.flags() for group in option_groups(command_signature("info"))]
        [['--trusted']]
    """
    for argument in signature.arguments:
        if argument.classes:
            options = class_signature(*argument.classes)
            own = tuple(a for a in options.arguments if not a.classes)

            if own:
                title = options.summary[:1].lower() + options.summary[1:].rstrip(".")
                yield Group(options.name, "", own, title=title)

            yield from option_groups(options)


def build_options(
    signature: Signature, settings: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    r"""Build the objects of shared flags, by argument.

    Arguments:
        signature: The signature of the command, or of a class of options.
        settings: The given values, by class and flag.

    Returns:
        An object for each argument that has a class; `None` if that is its default and no flag
        was given.

    Example:
        >>> from autoencode.cli.signatures import command_signature
        >>> build_options(command_signature("info"), {"LoadOptions": {"trusted": ("a.B",)}})
        {'loading': LoadOptions(trusted=('a.B',))}
    """
    return {a.name: _build(a, settings) for a in signature.arguments if a.classes}


def _build(argument: Argument, settings: Mapping[str, Mapping[str, Any]]) -> Any:
    about = class_signature(*argument.classes)
    values = settings.get(about.name, {})

    if argument.default is None and not values:
        return None

    return object_of(about)(**values, **build_options(about, settings))
