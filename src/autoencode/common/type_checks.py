r"""Checks of values against type annotations."""

__all__ = ["check_arguments", "fits"]

import collections.abc
import functools
import types
import typing
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal, Union

import numpy as np

_SEQUENCES = (collections.abc.Sequence, collections.abc.Iterable, list, tuple)
_MAPPINGS = (collections.abc.Mapping, dict)


def fits(value: Any, kind: Any) -> bool:
    r"""Whether a value has the type of an annotation.

    Every value fits an annotation that this function does not understand.

    Arguments:
        value: Any object.
        kind: The annotation.

    Example:
        >>> fits((2, 3), collections.abc.Sequence[int]), fits("2", int | None)
        (True, False)
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)

    if kind is Any:
        return True

    if kind is None or kind is type(None):
        return value is None

    if origin is Union or origin is types.UnionType:
        return any(fits(value, k) for k in inner)

    if origin is Literal:
        return any(type(value) is type(v) and value == v for v in inner)

    if kind in (int, float):
        return _is_number(value, kind)

    if origin in _SEQUENCES or kind in _SEQUENCES:
        return _holds(value, kind if origin is None else origin, inner)

    if origin in _MAPPINGS or kind in _MAPPINGS:
        first, second = inner if len(inner) == 2 else (Any, Any)
        return isinstance(value, Mapping) and all(
            fits(k, first) and fits(v, second) for k, v in value.items()
        )

    if origin is collections.abc.Callable or kind is collections.abc.Callable:
        return callable(value) and not isinstance(value, type)

    if isinstance(kind, type) and issubclass(kind, PurePath):
        return isinstance(value, (str, PurePath))

    if isinstance(origin, type):
        kind = origin

    return isinstance(value, kind) if isinstance(kind, type) and kind is not object else True


def check_arguments(cls: type, values: Mapping[str, Any]) -> None:
    r"""Check values against the annotations of a class.

    Arguments:
        cls: A class.
        values: Arguments of its constructor, or annotated attributes, by name.

    Raises:
        ValueError: If a value does not have the annotated type.

    Example:
        >>> from autoencode.objectives import ELBO
        >>> check_arguments(ELBO, {"beta": "much"})
        Traceback (most recent call last):
        ValueError: expected beta of ELBO as <class 'float'>, got 'much'
    """
    hints = _hints(cls)

    for name, value in values.items():
        if name in hints and not fits(value, hints[name]):
            raise ValueError(
                f"expected {name} of {cls.__name__} as {hints[name]}, got {str(repr(value))[:60]}"
            )


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {}

    for source in (cls, cls.__init__):  # type: ignore[misc]
        try:
            found |= typing.get_type_hints(source)
        except Exception:  # annotations of other libraries may raise anything
            continue

    return {
        name: kind
        for name, kind in found.items()
        if typing.get_origin(kind) is not None or isinstance(kind, (type, types.UnionType))
    }


def _is_number(value: Any, kind: type) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return False

    return isinstance(value, (int, np.integer)) or (
        isinstance(value, (float, np.floating)) and (kind is float or float(value).is_integer())
    )


def _holds(value: Any, container: type, inner: tuple[Any, ...]) -> bool:
    r"""Returns whether a sequence has elements of a type. One element counts as a sequence."""
    if isinstance(value, str) or not isinstance(value, (list, tuple, np.ndarray)):
        return bool(inner) and container is not tuple and fits(value, inner[0])

    if container is tuple and inner and inner[-1] is not Ellipsis:
        return len(value) == len(inner) and all(map(fits, value, inner))

    return not inner or all(fits(v, inner[0]) for v in value)
