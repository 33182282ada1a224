r"""Objects as JSON, and a check of the paths of model files.

A document says how to rebuild objects. :mod:`autoencode.common.container` puts it into a file
with the weights. Nothing is unpickled, and no code comes from a file. Classes of this library are
found by name. Other classes are found only if the caller names them as trusted.
"""

__all__ = ["check_replaceable", "decode", "encode"]

import functools
import importlib
import re
import sys
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..common.checks.types import check_arguments, check_learned
from ..common.configurable import Configurable
from ..common.container import opened

ARRAY = "array."
_MAX_INLINE_SIZE = 64  # maximum size of an array in the document itself
_DTYPE = re.compile(r"[<>|=]?([biufSUOmM]\d{0,7}(\[\d{0,3}[a-zA-Zμ]{1,2}\])?|\?)")
_STANDARD_MODULES = sys.stdlib_module_names | {"__main__"}
_OWN_PACKAGE = __name__.partition(".")[0]

# Suffixes of files that hold data or results, not models
_DATA = set(
    ".npy .npz .csv .tsv .parquet .feather .json .jsonl .txt .gz .zip .idx .png .jpg .jpeg .tif"
    " .tiff .bmp .gif .webp .wav .flac .ogg .mp3 .html .py".split()
)


def encode(value: Any, tensors: dict[str, Tensor] | None = None) -> Any:
    r"""Turns arguments and learned attributes into JSON.

    An object becomes its class and its arguments. A function becomes its import path.

    Arguments:
        value: The object.
        tensors: A dictionary to put long arrays into, which are stored beside the document.

    Raises:
        ValueError: If an object cannot be imported by name, such as a lambda.

    Example:
        >>> from autoencode.objectives import ELBO
        >>> encode(ELBO(beta=2.0))["class"]
        'autoencode.objectives.ELBO'
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value

    if isinstance(value, np.generic):
        return encode(value.item())

    if isinstance(value, np.ndarray):
        if tensors is not None and value.size > _MAX_INLINE_SIZE and value.dtype.kind in "biuf":
            name = f"{ARRAY}{len(tensors)}"
            native = value.astype(value.dtype.newbyteorder("="))  # a contiguous copy
            tensors[name] = torch.from_numpy(np.ascontiguousarray(native))
            return {"tensor": name, "dtype": value.dtype.str}

        return {"array": value.tolist(), "dtype": value.dtype.str}

    if isinstance(value, tuple):
        return {"tuple": [encode(v, tensors) for v in value]}

    if isinstance(value, list):
        return [encode(v, tensors) for v in value]

    if isinstance(value, dict):
        return {"dict": {k: encode(v, tensors) for k, v in value.items()}}

    if isinstance(value, Configurable):
        params = value.get_params(deep=False)
        learned = {k: v for k, v in vars(value).items() if k.endswith("_") and k[0] != "_"}

        return {
            "class": _public_name(type(value)),
            "arguments": {k: encode(v, tensors) for k, v in params.items()},
            "learned": {k: encode(v, tensors) for k, v in learned.items()},
        }

    if isinstance(value, nn.Module):
        raise ValueError(
            f"cannot store a {type(value).__name__}, as a module does not say how it was made. Fit"
            " with network=Modules(encoder, decoder), where both are functions that make the"
            " modules, at the top level of a module; or keep the whole model with pickle."
        )

    if callable(value) and not isinstance(value, type):
        return {"function": _public_name(value)}

    raise ValueError(
        f"cannot store {value!r}: expected numbers, text, arrays, functions or objects of"
        " Configurable classes."
    )


def decode(
    document: Any,
    trusted: Container[str] | Iterable[str | type | Callable] = (),
    tensor: Callable[[str], Tensor] | None = None,
    fitted: bool = False,
) -> Any:
    r"""Rebuilds an object from the JSON that `encode` returned.

    A document never causes the call of a function: a named function is returned as it is. A
    class is constructed only if it is a `Configurable`, and belongs to this library or is trusted.

    Arguments:
        document: The JSON.
        trusted: Classes and functions from outside of this library that may be used, or
            import paths of these or of modules that have them.
        tensor: A function that returns an array stored beside the document, by its name.
        fitted: Whether objects must have all learned attributes of their class. Otherwise, they
            may have none.

    Raises:
        ValueError: If the document names something that is not trusted or does not exist.

    Example:
        >>> from autoencode.objectives import ELBO
        >>> decode(encode(ELBO(beta=2.0)))
        ELBO(beta=2.0)
    """
    again = functools.partial(decode, trusted=trusted, tensor=tensor)
    within = functools.partial(again, fitted=fitted)

    match document:
        case list():
            return [within(v) for v in document]
        case None | bool() | int() | float() | str():
            return document
        case {"tuple": list() as values}:
            return tuple(within(v) for v in values)
        case {"tensor": str() as name, "dtype": str() as dtype} if name.startswith(ARRAY):
            return _numbers(name, dtype, tensor)
        case {"array": values, "dtype": str() as dtype}:
            return _array(values, dtype)
        case {"dict": dict() as values}:
            return {k: within(v) for k, v in values.items()}
        case {"function": str() as path}:
            return _function(path, trusted)
        case {"class": str() as path, "arguments": dict() as given, "learned": dict() as learned}:
            cls = _class(path, trusted)
            values = {k: again(v) for k, v in given.items()}
            check_arguments(cls, values)
            value = cls(**values)
            _learn(value, {k: again(v, fitted=True) for k, v in learned.items()}, fitted)
            return value

    raise ValueError(f"the model has an invalid part, {str(document)[:60]}")


def _learn(value: Any, learned: dict[str, Any], fitted: bool) -> None:
    for name in learned:
        if not name.endswith("_") or name.startswith("_"):
            raise ValueError(f"the model sets '{name}', which is not a learned attribute.")

    # Classes from outside of this library need not declare learned attributes
    is_own = type(value).__module__.partition(".")[0] == _OWN_PACKAGE
    check_learned(
        type(value), learned, declared=is_own, complete=is_own and (fitted or bool(learned))
    )

    for name, found in learned.items():
        setattr(value, name, found)

    if learned:
        value.check_learned()


def _array(values: Any, dtype: str) -> NDArray:
    r"""Returns a small array of a document, of a type that is not wider than its elements."""
    if not _DTYPE.fullmatch(dtype):
        raise ValueError(f"the model has an array of type {dtype[:60]!r}.")

    flat, inner = values, 0

    while isinstance(flat, list) and any(isinstance(v, list) for v in flat):
        inner += 1

        if inner > 8 or not all(isinstance(v, list) for v in flat):
            raise ValueError("the model has an array without a shape.")

        flat = [v for part in flat for v in part]

    flat = flat if isinstance(flat, list) else [flat]

    if not all(v is None or isinstance(v, (bool, int, float, str)) for v in flat):
        raise ValueError("the model has an array of something other than numbers and text.")

    widest = max([1, *(len(v) for v in flat if isinstance(v, str))])

    if np.dtype(dtype).itemsize > max(16, 4 * widest):
        raise ValueError(
            f"the model has an array of type {dtype[:60]!r}, wider than its elements."
        )

    return np.array(values, dtype=np.dtype(dtype).newbyteorder("="))


def _numbers(name: str, dtype: str, tensor: Callable[[str], Tensor] | None) -> NDArray:
    if not _DTYPE.fullmatch(dtype) or np.dtype(dtype).kind not in "biuf" or tensor is None:
        raise ValueError(f"the model has numbers of type {dtype[:60]!r}.")

    return tensor(name).numpy().astype(np.dtype(dtype).newbyteorder("="), copy=False)


def check_replaceable(path: str | Path) -> None:
    r"""Checks that a path is free, or holds a model that may be replaced.

    Raises:
        ValueError: If the suffix is that of data files, or the file there is not a model.

    Example:
        >>> check_replaceable("digits.npy")
        Traceback (most recent call last):
        ValueError: cannot write a model to 'digits.npy': .npy files hold data. Models end in .ae.
    """
    path = Path(path)

    if path.suffix.lower() in _DATA:
        raise ValueError(
            f"cannot write a model to '{path}': {path.suffix.lower()} files hold data. Models end"
            " in .ae."
        )

    if not path.is_file() or path.stat().st_size == 0:
        return

    try:
        with opened(path) as stored:
            there = "arguments" in stored.document
    except (ValueError, OSError):
        there = False

    if not there:
        raise ValueError(
            f"cannot write a model to '{path}': the file there is not a model. Use another name,"
            " or delete the file first."
        )


def _public_name(value: Any) -> str:
    r"""Returns the shortest path under which a class or function can be imported."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")

    if module is None or not name.isidentifier() or module == "__main__":
        raise ValueError(
            f"cannot store {value!r}, which has no import path. Define it at the top level of a"
            " module."
        )

    parts = module.split(".")
    shortest = 2 if parts[0] == _OWN_PACKAGE else 1

    for n in range(shortest, len(parts) + 1):
        shorter = ".".join(parts[:n])

        if getattr(importlib.import_module(shorter), name, None) is value:
            return f"{shorter}.{name}"

    raise ValueError(f"cannot store {value!r}: '{module}.{name}' is something else.")


def _class(path: str, trusted: Any) -> type:
    r"""Returns the class with an import path, if models may be made of it."""
    value = _named(path, trusted)

    if not (isinstance(value, type) and issubclass(value, Configurable)):
        raise ValueError(
            f"the model names '{path}', which cannot be part of a model: it is not a class that"
            " derives from autoencode.common.configurable.Configurable."
        )

    return value


def _function(path: str, trusted: Any) -> Callable:
    r"""Returns the function with an import path, which has to be trusted."""
    value = _named(path, trusted)

    if path.startswith(f"{_OWN_PACKAGE}.") or isinstance(value, type) or not callable(value):
        raise ValueError(f"the model names '{path}', which is not a function.")

    return value


def _is_within(path: str, trusted: Any) -> bool:
    r"""Tells whether a path is inside of a trusted module."""
    return any(isinstance(item, str) and path.startswith(f"{item}.") for item in trusted)


def _named(path: str, trusted: Any) -> Any:
    for item in trusted:
        if not isinstance(item, str) and _public_name(item) == path:
            return item

    module, _, name = path.rpartition(".")
    first = path.partition(".")[0]
    is_own = path.startswith(f"{_OWN_PACKAGE}.")

    if not all(part.isidentifier() for part in path.split(".")) or not module:
        raise ValueError(f"the model names '{path[:100]}', which is not an import path.")

    if first in _STANDARD_MODULES:
        raise ValueError(
            f"the model names '{path}', which belongs to Python and cannot be part of a model."
            " The file may be an attack."
        )

    if not is_own and path not in trusted and not _is_within(path, trusted):
        raise ValueError(
            f"the model uses '{path}', which is not part of this library. If you trust it, load"
            f" with trusted=['{path}'], on the command line with --trusted {path}."
        )

    if is_own and any(part.startswith("_") for part in path.split(".")):
        raise ValueError(f"the model names '{path}', which is private.")

    try:
        value = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the model uses '{path}', which cannot be imported: {error}.") from None

    made = f"{getattr(value, '__module__', None)}.{getattr(value, '__qualname__', name)}"

    if not is_own and path not in trusted and not _is_within(made, trusted):
        raise ValueError(
            f"the model uses '{path}', which a trusted module imports from elsewhere, as '{made}'."
            f" If you trust it, too, load with trusted=['{path}']."
        )

    return value
