r"""Objects whose constructor arguments are their whole configuration."""

__all__ = ["Configurable"]

import functools
import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

Self = TypeVar("Self", bound="Configurable")


@functools.lru_cache(maxsize=1024)
def _arguments(kind: type) -> Mapping[str, Any]:
    parameters = inspect.signature(kind).parameters.values()
    return MappingProxyType({p.name: p.default for p in parameters if p.kind not in _VARIADIC})


class Configurable:
    r"""Base class of objects that can be cloned, stored and rebuilt from their arguments.

    As in scikit-learn, every argument of `__init__` is kept unchanged in an attribute of the same
    name. This one rule serves `clone`, grid search, stored models and the flags of the command
    line. Names of attributes that are learned from data end in an underscore.

    Example:
        >>> from autoencode.objectives import ELBO
        >>> ELBO(beta=4.0)
        ELBO(beta=4.0)
        >>> ELBO(beta=4.0).get_params()
        {'beta': 4.0, 'free_nats': None, 'cooling': None, 'free_nats_per_unit': 0.0}
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        r"""Returns the arguments by name.

        Arguments:
            deep: Whether to include the arguments of nested objects, as `name__argument`.
        """
        kind: type = type(self)
        params = {name: getattr(self, name) for name in _arguments(kind)}

        if deep:
            for name, value in list(params.items()):
                if isinstance(value, Configurable):
                    params |= {f"{name}__{k}": v for k, v in value.get_params().items()}

        return params

    def set_params(self: Self, **params: Any) -> Self:
        r"""Sets arguments by name, and those of nested objects by `name__argument`.

        Raises:
            ValueError: If there is no such argument.
        """
        known = self.get_params(deep=False)

        for name, value in params.items():
            head, _, rest = name.partition("__")

            if head not in known or (rest and not isinstance(known[head], Configurable)):
                raise ValueError(
                    f"{type(self).__name__} has no argument '{name}'; it has {sorted(known)}."
                )

            if rest:
                known[head].set_params(**{rest: value})
            else:
                setattr(self, head, value)

        return self

    def clone(self: Self) -> Self:
        r"""Returns a new object with the same arguments, without learned attributes."""
        params = self.get_params(deep=False)

        return type(self)(
            **{
                name: value.clone() if isinstance(value, Configurable) else value
                for name, value in params.items()
            }
        )

    def check_learned(self) -> None:
        r"""Checks that learned attributes agree; those of a damaged file may not.

        Raises:
            ValueError: If lengths, indices or ranges contradict each other.
        """

    def __repr__(self) -> str:
        kind: type = type(self)
        params, defaults = self.get_params(deep=False), _arguments(kind)
        shown = [f"{k}={v!r}" for k, v in params.items() if repr(v) != repr(defaults[k])]
        return f"{kind.__name__}({', '.join(shown)})"
