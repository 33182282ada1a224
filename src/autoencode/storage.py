r"""Objects as JSON, and where models may be written.

A document says how to rebuild objects; :mod:`autoencode.container` puts it into a file with the
weights. Nothing is unpickled, and no code comes from a file: classes of this library are found by
name, others only if the caller names them as trusted.
"""

__all__ = ["check_replaceable", "decode", "encode"]

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .configurable import Configurable
from .container import opened

_OURS = __name__.partition(".")[0]

# Of files that are read as data, or that results are written to
_DATA = set(
    ".npy .npz .csv .tsv .parquet .feather .json .jsonl .txt .gz .zip .idx .png .jpg .jpeg .tif"
    " .tiff .bmp .gif .webp .wav .flac .ogg .mp3 .html .py".split()
)


def encode(value: Any) -> Any:
    r"""Turns arguments and what was learned into JSON.

    Objects become their class and arguments, functions their import path.

    Raises:
        ValueError: If something has no name to be imported by, such as a lambda.

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
        return {"array": value.tolist(), "dtype": value.dtype.str}

    if isinstance(value, tuple):
        return {"tuple": [encode(v) for v in value]}

    if isinstance(value, list):
        return [encode(v) for v in value]

    if isinstance(value, dict):
        return {"dict": {k: encode(v) for k, v in value.items()}}

    if isinstance(value, Configurable):
        learned = {k: v for k, v in vars(value).items() if k.endswith("_") and k[0] != "_"}

        return {
            "class": _public_name(type(value)),
            "arguments": {k: encode(v) for k, v in value.get_params(deep=False).items()},
            "learned": {k: encode(v) for k, v in learned.items()},
        }

    if callable(value):
        return {"function": _public_name(value)}

    raise ValueError(
        f"cannot store {value!r}: expected numbers, text, arrays, functions or objects of"
        " Configurable classes."
    )


def decode(document: Any, trusted: Sequence[str | type | Callable] = ()) -> Any:
    r"""Rebuilds what `encode` returned.

    Arguments:
        document: The JSON.
        trusted: Classes and functions from outside of this library that may be used, or
            their import paths.

    Raises:
        ValueError: If the document names something that is not trusted, or not there.

    Example:
        >>> from autoencode.objectives import ELBO
        >>> decode(encode(ELBO(beta=2.0)))
        ELBO(beta=2.0, warmup=0.0, free_bits=None, cooling=None)
    """
    if isinstance(document, list):
        return [decode(v, trusted) for v in document]

    if not isinstance(document, dict):
        return document

    if "tuple" in document:
        return tuple(decode(v, trusted) for v in document["tuple"])

    if "array" in document:
        return np.array(document["array"], dtype=document["dtype"])

    if "dict" in document:
        return {k: decode(v, trusted) for k, v in document["dict"].items()}

    if "function" in document:
        return _resolve(document["function"], trusted)

    cls = _resolve(document["class"], trusted)
    value = cls(**{k: decode(v, trusted) for k, v in document["arguments"].items()})

    for name, learned in document["learned"].items():
        if not name.endswith("_") or name.startswith("_"):
            raise ValueError(f"the model sets '{name}', which is nothing that is learned.")

        setattr(value, name, decode(learned, trusted))

    return value


def check_replaceable(path: str | Path) -> None:
    r"""Finds out whether a model may be written: in the place of nothing but another model.

    Raises:
        ValueError: If the name is one of data, or something else stands there.

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
            f"cannot write a model to '{path}', where there is a file that is no model. Use"
            " another name, or delete it first."
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
    shortest = 2 if parts[0] == _OURS else 1

    for n in range(shortest, len(parts) + 1):
        shorter = ".".join(parts[:n])

        if getattr(importlib.import_module(shorter), name, None) is value:
            return f"{shorter}.{name}"

    raise ValueError(f"cannot store {value!r}: '{module}.{name}' is something else.")


def _resolve(path: str, trusted: Sequence[str | type | Callable]) -> Any:
    for item in trusted:
        if not isinstance(item, str) and _public_name(item) == path:
            return item

    module, _, name = path.rpartition(".")
    ours = path.startswith(f"{_OURS}.")

    if not ours and path not in trusted:
        raise ValueError(
            f"the model uses '{path}', which is not part of this library. If you trust it, load"
            f" with trusted=['{path}'], on the command line with --trusted {path}."
        )

    if ours and any(part.startswith("_") for part in path.split(".")):
        raise ValueError(f"the model names '{path}', which is private.")

    try:
        value = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the model uses '{path}', which cannot be imported: {error}.") from None

    if ours and not (isinstance(value, type) and issubclass(value, Configurable)):
        raise ValueError(f"the model names '{path}', which is nothing that a model is made of.")

    return value
