r"""Models as files: JSON of arguments and safetensors of weights, in one file.

The file is in the safetensors format; its metadata hold one JSON document that says how to
rebuild the objects. Nothing is unpickled, and no code comes from the file: classes of this
library are found by name, others only if the caller names them as trusted.
"""

__all__ = ["check_writable", "decode", "encode", "read", "write"]

import importlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .configurable import Configurable

VERSION = 1
_OURS = __name__.partition(".")[0]
_KEY = "autoencode"


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


def write(path: str | Path, document: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    r"""Writes a model file: wholly, or not at all.

    Arguments:
        path: The file.
        document: What is needed to rebuild the model, as JSON.
        tensors: Its weights by name.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> import torch
        >>> path = Path(tempfile.mkdtemp()) / "weights.ae"
        >>> write(path, {"name": "tiny"}, {"encoder.weight": torch.ones(2)})
        >>> document, tensors = read(path)
        >>> document["name"], tensors["encoder.weight"].tolist()
        ('tiny', [1.0, 1.0])
    """
    path = Path(path)
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    text = json.dumps({"version": VERSION, **document})
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)

    try:
        save_file(tensors, temporary, metadata={_KEY: text})

        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())

        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path: str | Path, prefix: str = "") -> tuple[dict[str, Any], dict[str, Tensor]]:
    r"""Reads a model file.

    Arguments:
        path: The file.
        prefix: Of the tensors, only those whose names begin so are read.

    Returns:
        The document and the tensors by name.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, of a newer version, or no model of this library.

    Example:
        >>> read("missing.ae")
        Traceback (most recent call last):
        FileNotFoundError: there is no model file 'missing.ae'.
    """
    path = Path(path)

    if not path.is_file():
        raise FileNotFoundError(f"there is no model file '{path}'.")

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            names = [name for name in file.keys() if name.startswith(prefix)]
            tensors = {name: file.get_tensor(name) for name in names}
            document = json.loads(metadata.get(_KEY, "null"))
    except (SafetensorError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(
            f"'{path}' is no model, or is damaged or truncated ({error})."
            " Models are written by model.save(path)."
        ) from None

    if not isinstance(document, dict) or not isinstance(document.get("version"), int):
        raise ValueError(f"'{path}' holds tensors, but no model of this library.")

    if document["version"] > VERSION:
        raise ValueError(
            f"'{path}' was written by a newer release (format {document['version']}, this one"
            f" reads up to {VERSION}). Update autoencode to load it."
        )

    return document, tensors


def check_writable(path: str | Path) -> None:
    r"""Finds out whether a file can be written, before work is done that would be lost.

    Missing folders are made.

    Raises:
        ValueError: If it cannot, saying why.

    Example:
        >>> check_writable(Path(tempfile.mkdtemp()) / "runs" / "model.ae")
    """
    path = Path(path)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)

        if path.is_dir():
            raise IsADirectoryError("it is a folder")

        with tempfile.TemporaryFile(dir=path.parent):
            pass

        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError("it is read-only")
    except OSError as error:
        raise ValueError(f"cannot write '{path}': {error}.") from None


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


def _umask() -> int:
    # There is no way to read it but to set it
    umask = os.umask(0)
    os.umask(umask)

    return umask
