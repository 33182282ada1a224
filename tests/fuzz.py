r"""Mutants of model files: what comes of them, one after the other.

    python tests/fuzz.py FOLDER --mutants 20000 --seed 1

makes a model of each kind of data in the folder, and changes fields of their documents, tensors,
and bytes. A mutant is to end in predictions, or in a `ValueError` that names the file, soon and
within the memory that its size allows. What else happens is printed; the exit status is 1 then.
"""

import argparse
import contextlib
import copy
import json
import random
import signal
import struct
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import memory
import numpy as np
import torch

import autoencode as ae
from autoencode.common import container
from autoencode.modalities import Texts
from autoencode.networks import Convolutional, Recurrent, Transformer
from autoencode.priors import Mixture

SECONDS = 10  # of the processor for one mutant, at most: others may keep it busy
MEMORY = 3e8  # bytes beyond the size of the file
CLASSES = [
    *(f"autoencode.networks.{n}" for n in ae.networks.__all__),
    *(f"autoencode.objectives.{n}" for n in ae.objectives.__all__),
    *(f"autoencode.distributions.{n}" for n in ae.distributions.__all__),
    *(f"autoencode.modalities.{n}" for n in ae.modalities.__all__),
    *(f"autoencode.priors.{n}" for n in ae.priors.__all__),
    *(f"autoencode.corruptions.{n}" for n in ae.corruptions.__all__),
    "autoencode.Training", "autoencode.LeastSquares", "autoencode.Autoencoder",
    "os.system", "builtins.eval", "subprocess.Popen", "torch.nn.Linear", "numpy.zeros",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 7, 300, 2**31, 2**63, 10**12, 10**19, 0.0, 0.5, -1.5, 1e-300,
    1e308, float("nan"), float("inf"), "", "x", "a" * 5000, "é\0\x1b", "float64", "S2000000000",
    "<U99999999", "O", [], [0], [[[]]], [None], ["a", 1], {}, {"tuple": []}, {"tuple": [1, 2]},
    {"tuple": [10**9, 10**9]}, {"dict": {}}, {"dict": {"a": 1}}, {"array": [1.0], "dtype": "<f8"},
    {"array": [[1], [2]], "dtype": "<i8"}, {"array": ["x"], "dtype": "S2000000000"},
    {"array": [], "dtype": "O"}, {"tensor": "array.0", "dtype": "<f4"}, {"function": "os.system"},
]  # fmt: skip


def seeds(folder: Path, few: bool) -> dict[str, tuple[Path, Any, Any]]:
    r"""Fits and saves a model of each kind; returns their files, examples and labels."""
    rng = np.random.default_rng(0)
    once = {"training": ae.Training(epochs=1, show_progress=False), "random_state": 0}
    quick = {"layers": (8,), **once}
    X = rng.normal(size=(30, 4))
    P = rng.integers(256, size=(30, 8, 8), dtype=np.uint8)
    texts = [" ".join(rng.choice(["ab", "cd", "efg"], 3)) for _ in range(30)]
    made: dict[str, tuple[ae.Autoencoder, Any, Any]] = {
        "tables": (ae.vae(2, prior=Mixture(1), **quick), X, None),
        "given": (ae.vae(2, conditional=True, **quick), P, np.arange(30) % 3),
        "linear": (ae.linear(2, conditional=True), X, X[:, :2]),
    }

    try:
        import pandas

        kinds = {
            "n": X[:, 0],
            "k": ["a", "b", None] * 10,
            "d": pandas.date_range("2020", periods=30),
        }
        made["frames"] = (ae.vae(2, **quick), pandas.DataFrame(kinds), None)
    except ImportError:
        pass

    if not few:
        images = ae.autoencoder(2, network=Convolutional(2, 1, 8), **once)
        made["images"] = (images, P, None)
        made["texts"] = (ae.vae(2, network=Recurrent(8), modality=Texts(), **once), texts, None)
        subwords = {"network": Transformer(8, 1, 1), "modality": Texts(subwords=260)}
        made["subwords"] = (ae.vae(2, **subwords, **once), texts, None)
        waves = rng.normal(scale=0.1, size=(8, 2000)).astype(np.float32)
        made["sounds"] = (
            ae.vae(2, modality=ae.modalities.Sounds(rate=8000), **quick),
            waves,
            None,
        )

        steps = np.sin(np.arange(20)[:, None] / 3 + rng.normal(size=(12, 1, 2)))
        series = ae.vae(2, modality=ae.modalities.Series(), **quick)
        made["series"] = (series, steps, None)

    found = {}

    for name, (model, data, y) in made.items():
        model.fit(data, y).save(folder / f"{name}.ae")
        found[name] = folder / f"{name}.ae", data[:3], None if y is None else y[:3]

    return found


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


def change_within(text: str, rng: random.Random) -> str:
    r"""Changes JSON that stands as a text in a document, as vocabularies do."""
    inner = json.loads(text)
    change_document(inner, {}, rng)

    return json.dumps(inner)


def change_document(document: dict, tensors: dict, rng: random.Random) -> None:
    everywhere = [*places(document)]
    everywhere += 20 * [p for p in everywhere if p[-1] == "vocabulary_"]  # a large one in a leaf

    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        path = rng.choice(everywhere)

        try:
            parent = at(document, path[:-1])
            old = parent[path[-1]]
        except (KeyError, IndexError, TypeError):  # changed before
            continue

        how = rng.randrange(8)

        if isinstance(old, str) and old.startswith('{"') and rng.random() < 0.9:
            with contextlib.suppress(RecursionError, TypeError, ValueError):
                parent[path[-1]] = change_within(old, rng)
        elif how == 0 and isinstance(parent, (dict, list)):
            del parent[path[-1]]
        elif how == 1:
            parent[path[-1]] = copy.deepcopy(at(document, rng.choice([*places(document)])))
        elif how == 2 and path[-1] == "class":
            parent["class"] = rng.choice(CLASSES)
        elif how == 2:
            given: dict = rng.choice([{}, {}, {"latent_dim": 3}, {"layers": 10**9}])
            parent[path[-1]] = {"class": rng.choice(CLASSES), "arguments": given, "learned": {}}
        elif how == 3 and isinstance(old, (int, float)):
            parent[path[-1]] = rng.choice([-old, old + 1, old * 2, old * 10**6, old / 3, str(old)])
        elif how == 4 and isinstance(old, list):
            parent[path[-1]] = rng.choice([old * 1000, old[::-1], old[:1], [old]])
        elif how == 5 and isinstance(parent, dict):
            parent[rng.choice(["extra", "x_", "fit_", "class", "tuple", "__class__"])] = old
        elif how == 6:
            deep: Any = old
            for _ in range(rng.choice([3, 200])):
                deep = rng.choice([[deep], {"tuple": [deep]}, {"dict": {"a": deep}}])
            parent[path[-1]] = deep
        else:
            parent[path[-1]] = copy.deepcopy(rng.choice(VALUES))


def change_tensors(document: dict, tensors: dict, rng: random.Random) -> None:
    name = rng.choice([*tensors])
    old = tensors[name]
    ways: list[Callable[[], Any]] = [
        lambda: tensors.pop(name),
        lambda: tensors.update({name: old.flatten()[:1]}),
        lambda: tensors.update({name: old.flatten()}),
        lambda: tensors.update({name: old.double()}),
        lambda: tensors.update({name: old.to(torch.int8)}),
        lambda: tensors.update({name: torch.zeros(0)}),
        lambda: tensors.update({name: torch.full_like(old, rng.choice([np.inf, np.nan, 1e30]))}),
        lambda: tensors.update({name: torch.randn(old.shape).to(old.dtype)}),
        lambda: tensors.update({f"{name}.more": old}),
        lambda: tensors.update({name: torch.stack([old, old])}),
    ]

    try:
        rng.choice(ways)()
    except (RuntimeError, TypeError, IndexError):  # of types that have no such numbers
        tensors.pop(name, None)


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


def mutate(file: Path, whole: bytes, document: dict, tensors: dict, rng: random.Random) -> None:
    how = rng.random()

    if how < 0.15:
        file.write_bytes(change_bytes(whole, rng))
        return

    document, tensors = copy.deepcopy(document), dict(tensors)
    (change_document if how < 0.9 else change_tensors)(document, tensors, rng)

    try:
        container.write(file, document, tensors)
    except (ValueError, TypeError, RecursionError):  # too large or too deep to be written
        text = json.dumps({"version": 2}) if how < 0.5 else "[" * 10**5
        file.write_bytes(struct.pack("<Q", len(text)) + text.encode())


def outcome(file: Path, X: Any, y: Any) -> str:
    r"""Loads a mutant and uses it."""
    try:
        model = ae.load(file)
    except ValueError as error:
        return "refused" if str(file) in str(error) else f"RAW no name: {error}"
    except Exception as error:
        return f"RAW {type(error).__name__} in load: {error}"

    seen = None if y is None or model.context_ is None else y

    uses: dict[str, Callable[[], Any]] = {
        "transform": lambda: model.transform(X, seen),
        "reconstruct": lambda: model.reconstruct(X, seen),
        "sample": lambda: model.sample(2, seen if seen is None else seen[:1], random_state=0),
        "save": lambda: model.save(file.with_name("again.ae")),
    }

    for name, use in uses.items():
        if name == "sample" and not hasattr(model, "sample"):
            continue

        try:
            use()
        except (ValueError, FloatingPointError):
            return f"ValueError in {name}"
        except Exception as error:
            return f"RAW {type(error).__name__} in {name}: {error}"

    return "predictions"


def run(folder: Path, mutants: int, seed: int, few: bool) -> Counter:
    rng, counts = random.Random(seed), Counter[str]()
    found = seeds(folder, few)
    files = {name: (p.read_bytes(), *container.read(p)) for name, (p, _, _) in found.items()}
    mutant = folder / "mutant.ae"

    def late(*_: object) -> None:
        raise TimeoutError("too long")

    signal.signal(signal.SIGPROF, late)

    for name, (file, X, y) in found.items():
        assert outcome(file, X, y) == "predictions", (name, outcome(file, X, y))

    for k in range(mutants):
        name = rng.choice([*found])
        mutate(mutant, *files[name], rng)
        before = memory.forget()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                what = outcome(mutant, *found[name][1:])
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

        more = memory.peak() - before

        if more > MEMORY + 1.2 * mutant.stat().st_size:
            what = f"RAW {more / 1e6:.0f} MB"

        counts[what.split(":")[0]] += 1

        if what.startswith("RAW"):
            kept = folder / f"bad-{seed}-{k}.ae"
            mutant.replace(kept)
            print(f"{kept.name} of {name}: {' '.join(what.split())[:300]}", flush=True)

    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--few", action="store_true")
    given = parser.parse_args()

    torch.set_num_threads(1)
    counts = run(given.folder, given.mutants, given.seed, given.few)
    print(*(f"{n:6} {what}" for what, n in counts.most_common()), sep="\n")
    sys.exit(any(what.startswith("RAW") for what in counts))
