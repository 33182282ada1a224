r"""Checks of values against type annotations."""

__all__ = ["check_agreement", "check_arguments", "check_learned", "fits", "learned_hints"]

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


def fits(value: Any, kind: Any, strict: bool = False) -> bool:
    r"""Tell whether a value has the type of an annotation.

    Every value fits an annotation that this function does not understand.

    Arguments:
        value: Any object.
        kind: The annotation.
        strict: Whether to refuse a number in place of a sequence, an array in place of a list,
            and integers of more than 64 bits.

    Example:
        >>> fits((2, 3), collections.abc.Sequence[int]), fits("2", int | None)
        (True, False)
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    fits_inner = functools.partial(fits, strict=strict)

    if kind is Any:
        return True

    if kind is None or kind is type(None):
        return value is None

    if origin is Union or origin is types.UnionType:
        return any(fits_inner(value, k) for k in inner)

    if origin is Literal:
        return any(type(value) is type(v) and value == v for v in inner)

    if kind in (int, float):
        return _is_number(value, kind, strict)

    if strict and (origin in (list, tuple) or kind in (list, tuple)):
        if not isinstance(value, origin or kind):
            return False

    if origin in _SEQUENCES or kind in _SEQUENCES:
        return _holds(value, kind if origin is None else origin, inner, strict)

    if origin in _MAPPINGS or kind in _MAPPINGS:
        first, second = inner if len(inner) == 2 else (Any, Any)
        return isinstance(value, Mapping) and all(
            fits_inner(k, first) and fits_inner(v, second) for k, v in value.items()
        )

    if origin is collections.abc.Callable or kind is collections.abc.Callable:
        return callable(value) and not isinstance(value, type)

    if isinstance(kind, type) and issubclass(kind, PurePath):
        return isinstance(value, (str, PurePath))

    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and _has_dtype(value, inner)

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
        ValueError: expected beta of ELBO as float | ..., got 'much'
    """
    hints = _hints(cls)

    for name, value in values.items():
        if name in hints and not fits(value, hints[name]):
            raise ValueError(
                f"expected {name} of {cls.__name__} as {hints[name]}, got {str(repr(value))[:60]}"
            )


def check_learned(cls: type, values: Mapping[str, Any], declared: bool, complete: bool) -> None:
    r"""Check learned attributes against the declarations of a class.

    Arguments:
        cls: A class.
        values: Learned attributes by name.
        declared: Whether the class must declare all of these attributes.
        complete: Whether all declared attributes without a default must be present.

    Raises:
        ValueError: If an attribute is unknown, missing, or of another type than declared.

    Example:
        >>> from autoencode.modalities.context import ContinuousContext
        >>> check_learned(ContinuousContext, {"size_": 3}, True, True)
        Traceback (most recent call last):
        ValueError: ContinuousContext lacks 'loc_'
    """
    hints = learned_hints(cls)

    for name in values:
        if name not in hints and (declared or hasattr(cls, name)):
            raise ValueError(f"{cls.__name__} learns no '{name}'")

    for name, kind in hints.items():
        if name not in values:
            if complete and not hasattr(cls, name):
                raise ValueError(f"{cls.__name__} lacks '{name}'")
        elif not fits(values[name], kind, strict=True):
            raise ValueError(
                f"expected {name} of {cls.__name__} as {kind}, got {str(repr(values[name]))[:60]}"
            )


def check_agreement(cls: type, **facts: bool | np.bool_) -> None:
    r"""Check that the learned attributes of a class agree with each other.

    Arguments:
        cls: A class.
        facts: Whether each learned attribute agrees with the others, by name.

    Raises:
        ValueError: If an attribute does not agree.

    Example:
        >>> check_agreement(dict, keys_=True, values_=False)
        Traceback (most recent call last):
        ValueError: 'values_' of dict does not agree with the rest
    """
    for name, holds in facts.items():
        if not holds:
            raise ValueError(f"'{name}' of {cls.__name__} does not agree with the rest")


@functools.cache
def learned_hints(cls: type) -> dict[str, Any]:
    r"""Annotations of the learned attributes of a class, whose names end in an underscore."""
    return {
        name: kind
        for name, kind in typing.get_type_hints(cls).items()
        if name.endswith("_") and not name.startswith("_")
    }


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    hints: dict[str, Any] = {}

    for source in (cls, cls.__init__):  # type: ignore[misc]
        try:
            hints |= typing.get_type_hints(source)
        except Exception:  # annotations of other libraries may raise anything
            continue

    return {
        name: kind
        for name, kind in hints.items()
        if typing.get_origin(kind) is not None or isinstance(kind, (type, types.UnionType))
    }


def _has_dtype(value: np.ndarray, inner: tuple[Any, ...]) -> bool:
    r"""Returns whether an array has the type that its annotation names, in any precision."""
    (scalar,) = typing.get_args(inner[1]) or (Any,)

    if isinstance(scalar, typing.TypeVar) or scalar is Any:
        return True

    wide = next(
        w for w in (np.bool_, np.integer, np.floating, np.generic) if issubclass(scalar, w)
    )
    return bool(np.issubdtype(value.dtype, wide))


def _is_number(value: Any, kind: type, strict: bool = False) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return False

    if strict and isinstance(value, (int, np.integer)) and not -(2**63) <= value < 2**63:
        return False

    return isinstance(value, (int, np.integer)) or (
        isinstance(value, (float, np.floating)) and (kind is float or float(value).is_integer())
    )


def _holds(value: Any, container: type, inner: tuple[Any, ...], strict: bool) -> bool:
    r"""Returns whether a sequence has elements of a type. One element counts as a sequence."""
    if isinstance(value, str) or not isinstance(value, (list, tuple, np.ndarray)):
        return not strict and bool(inner) and container is not tuple and fits(value, inner[0])

    if container is tuple and inner and inner[-1] is not Ellipsis:
        return len(value) == len(inner) and all(
            fits(v, kind, strict) for v, kind in zip(value, inner)
        )

    return not inner or all(fits(v, inner[0], strict) for v in value)
