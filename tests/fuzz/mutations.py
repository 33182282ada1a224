r"""Changes of documents, tensors and bytes of model files."""

import contextlib
import copy
import json
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

import autoencode as ae
from autoencode.common import container

_CLASSES = [
    *(f"autoencode.networks.{n}" for n in ae.networks.__all__),
    *(f"autoencode.objectives.{n}" for n in ae.objectives.__all__),
    *(f"autoencode.distributions.{n}" for n in ae.distributions.__all__),
    *(f"autoencode.modalities.{n}" for n in ae.modalities.__all__),
    *(f"autoencode.priors.{n}" for n in ae.priors.__all__),
    *(f"autoencode.corruptions.{n}" for n in ae.corruptions.__all__),
    "autoencode.Training", "autoencode.LeastSquares", "autoencode.Autoencoder",
    "os.system", "builtins.eval", "subprocess.Popen", "torch.nn.Linear", "numpy.zeros",
]  # fmt: skip
_VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 7, 300, 2**31, 2**63, 10**12, 10**19, 0.0, 0.5, -1.5, 1e-300,
    1e308, float("nan"), float("inf"), "", "x", "a" * 5000, "é\0\x1b", "float64", "S2000000000",
    "<U99999999", "O", [], [0], [[[]]], [None], ["a", 1], {}, {"tuple": []}, {"tuple": [1, 2]},
    {"tuple": [10**9, 10**9]}, {"dict": {}}, {"dict": {"a": 1}}, {"array": [1.0], "dtype": "<f8"},
    {"array": [[1], [2]], "dtype": "<i8"}, {"array": ["x"], "dtype": "S2000000000"},
    {"array": [], "dtype": "O"}, {"tensor": "array.0", "dtype": "<f4"}, {"function": "os.system"},
]  # fmt: skip


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    r"""Yields the paths of all parts of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)

    for key, part in inner:
        yield (*path, key)

        if isinstance(part, (dict, list)):
            yield from places(part, (*path, key))


def at(value: Any, path: tuple) -> Any:
    for key in path:
        value = value[key]

    return value


def _change_within(text: str, rng: random.Random) -> str:
    r"""Changes JSON that stands as a text in a document, as vocabularies do."""
    inner = json.loads(text)
    change_document(inner, rng)

    return json.dumps(inner)


def change_document(document: dict, rng: random.Random) -> str:
    everywhere = [*places(document)]
    everywhere += 20 * [p for p in everywhere if p[-1] == "vocabulary_"]  # a large one in a leaf
    changed = []

    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        path = rng.choice(everywhere)

        with contextlib.suppress(KeyError, IndexError, TypeError):  # changed before
            how = _change_part(document, path, at(document, path[:-1]), rng)
            changed.append(f"{'.'.join(map(str, path))} {how}")

    return "; ".join(changed)


def _change_part(document: dict, path: tuple, parent: Any, rng: random.Random) -> str:
    old, how = parent[path[-1]], rng.randrange(8)

    if isinstance(old, str) and old.startswith('{"') and rng.random() < 0.9:
        with contextlib.suppress(RecursionError, TypeError, ValueError):
            parent[path[-1]] = _change_within(old, rng)
        return "within"

    if how == 0 and isinstance(parent, (dict, list)):
        del parent[path[-1]]
        return "deleted"

    if how == 5 and isinstance(parent, dict):
        parent[rng.choice(["extra", "x_", "fit_", "class", "tuple", "__class__"])] = old
        return "added"

    if how == 1:
        new = copy.deepcopy(at(document, rng.choice([*places(document)])))
    elif how == 2 and path[-1] == "class":
        new = rng.choice(_CLASSES)
    elif how == 2:
        given: dict = rng.choice([{}, {}, {"latent_dim": 3}, {"layers": 10**9}])
        new = {"class": rng.choice(_CLASSES), "arguments": given, "learned": {}}
    elif how == 3 and isinstance(old, (int, float)):
        new = rng.choice([-old, old + 1, old * 2, old * 10**6, old / 3, str(old)])
    elif how == 4 and isinstance(old, list):
        new = rng.choice([old * 1000, old[::-1], old[:1], [old]])
    elif how == 6:
        new = old
        for _ in range(rng.choice([3, 200])):
            new = rng.choice([[new], {"tuple": [new]}, {"dict": {"a": new}}])
    else:
        new = copy.deepcopy(rng.choice(_VALUES))

    parent[path[-1]] = new
    return f"= {str(new)[:60]}"


def _change_tensors(tensors: dict, rng: random.Random) -> str:
    name = rng.choice([*tensors])
    old = tensors[name]
    ways: dict[str, Callable[[], Any]] = {
        "gone": lambda: tensors.pop(name),
        "first": lambda: tensors.update({name: old.flatten()[:1]}),
        "flat": lambda: tensors.update({name: old.flatten()}),
        "double": lambda: tensors.update({name: old.double()}),
        "int8": lambda: tensors.update({name: old.to(torch.int8)}),
        "empty": lambda: tensors.update({name: torch.zeros(0)}),
        "full": lambda: tensors.update(
            {name: torch.full_like(old, rng.choice([np.inf, np.nan, 1e30]))}
        ),
        "random": lambda: tensors.update(
            {
                name: torch.tensor(
                    np.random.default_rng(rng.randrange(99)).normal(size=old.shape)
                ).to(old.dtype)
            }
        ),
        "more": lambda: tensors.update({f"{name}.more": old}),
        "twice": lambda: tensors.update({name: torch.stack([old, old])}),
    }
    way = rng.choice([*ways])

    try:
        ways[way]()
    except (RuntimeError, TypeError, IndexError):  # of types that have no such numbers
        tensors.pop(name, None)

    return f"{name} {way}"


def change_bytes(whole: bytes, rng: random.Random) -> bytes:
    b = bytearray(whole)
    i, n = rng.randrange(len(b)), rng.choice([1, 8, 100])
    how = rng.randrange(6)

    if how == 0:
        b[i] ^= 1 << rng.randrange(8)
    elif how == 1:
        b[i : i + n] = bytes(n)
    elif how == 2:
        del b[i : i + n]
    elif how == 3:
        b[i:i] = rng.randbytes(n)
    elif how == 4:
        b = b[:i]
    else:
        b[:8] = struct.pack("<Q", rng.choice([0, 1, len(b), 2**40, 2**64 - 1, i]))

    return bytes(b)


def mutate(
    file: Path, whole: bytes, document: dict, tensors: dict, rng: random.Random
) -> tuple[str, str]:
    r"""Writes a mutant; returns its kind, and what was changed.

    Of `damaged` files the bytes are changed, and of `altered` ones the document or the tensors,
    while their digest stays. `forged` files have the digest of their own content.
    """
    how = rng.random()

    if how < 0.15:
        file.write_bytes(change_bytes(whole, rng))
        return "damaged", ""

    document, tensors = copy.deepcopy(document), dict(tensors)
    what = _change_tensors(tensors, rng) if how > 0.9 else change_document(document, rng)

    try:
        container.write(file, document, tensors)
    except (ValueError, TypeError, RecursionError):  # too large or too deep to be written
        text = json.dumps({"version": 2}) if how < 0.5 else "[" * 10**5
        file.write_bytes(struct.pack("<Q", len(text)) + text.encode())
        return "damaged", "none"

    if how < 0.25:
        begin = 8 + len(container._FILE_BEGINNING)
        new = bytearray(file.read_bytes())
        new[begin : begin + 64] = whole[begin : begin + 64]
        file.write_bytes(new)
        return "altered", what

    return "forged", what
