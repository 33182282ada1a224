r"""Ends of mutants: predictions or a refusal, soon and within the memory of their size.

- A damaged or altered file is refused, or makes the predictions that were saved, bit for bit.
- A forged file may hold another model. It makes the saved predictions if the parts of which they
  are made are the same, and those of its own are the same after it is saved and loaded again.
"""

import contextlib
import json
import random
import signal
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import memory
import numpy as np

import autoencode as ae
from autoencode.common import container

from .models import Seed, make
from .mutations import mutate

SECONDS = 10  # of the processor for one mutant, at most: others may keep it busy
MEMORY = 3e8  # bytes beyond the size of the file
# Parts of a document of which no prediction is made
_HISTORY = ("written_by", "arguments", "training", "history", "n_examples", "version")

Uses = dict[str, Callable[[ae.Autoencoder, Any, Any], Any]]
_USES: Uses = {
    "transform": lambda m, X, y: m.transform(X, y),
    "reconstruct": lambda m, X, y: m.reconstruct(X, y),
    "inverse_transform": lambda m, X, y: m.inverse_transform(
        np.ones((1, m.blueprint_.latent_dim)), _first(y)
    ),
    "sample": lambda m, X, y: m.sample(2, _first(y), random_state=0),
    "score_samples": lambda m, X, y: m.score_samples(X, y),
    "impute": lambda m, X, y: m.impute(X, y),
    "cell_surprisal": lambda m, X, y: m.cell_surprisal(X, y),
    "recommend": lambda m, X, y: m.recommend(X, 2, y),
    "forecast": lambda m, X, y: m.forecast(X, 2, y, level=None),
    "transform full_size": lambda m, X, y: m.transform(X, y, full_size=True),
    "transform indices": lambda m, X, y: m.transform(X, y, indices=True),
}


def _first(y: Any) -> Any:
    return y if y is None else y[:1]


def _predictions(model: ae.Autoencoder, seed: Seed) -> dict[str, Any]:
    r"""Returns the predictions of a whole model, by the uses that it has."""
    found = {}

    for name, use in _USES.items():
        with contextlib.suppress(ValueError, AttributeError):
            found[name] = use(model, seed.X, seed.y)

    return found


def same(a: Any, b: Any) -> bool:
    r"""Tell whether two results are the same, bit for bit."""
    if hasattr(a, "to_numpy"):
        equal = list(a.columns) == list(b.columns) and [*map(str, a.dtypes)] == [
            *map(str, b.dtypes)
        ]
        return equal and a.equals(b)

    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(p, q) for p, q in zip(a, b))

    if isinstance(a, np.ndarray) and a.dtype.kind == "O":
        return same(a.tolist(), np.asarray(b).tolist())

    if isinstance(a, np.ndarray):
        same_type = isinstance(b, np.ndarray) and (a.dtype, a.shape) == (b.dtype, b.shape)
        return same_type and a.tobytes() == b.tobytes()

    return type(a) is type(b) and a == b


def differing(a: dict[str, Any], b: dict[str, Any]) -> str | None:
    return next((name for name in a if name not in b or not same(a[name], b[name])), None)


def _meaning(file: Path) -> tuple[str, dict[str, bytes]]:
    r"""Returns what a file says of predictions."""
    document, tensors = container.read(file)
    content = {k: v for k, v in document.items() if k not in _HISTORY}

    return json.dumps(content), {k: t.numpy().tobytes() for k, t in tensors.items()}


def outcome(file: Path, whole: Seed, uses: Uses, expected: dict[str, Any], forged: bool) -> str:
    r"""Loads a mutant, uses it, and compares its predictions."""
    try:
        model = ae.load(file)
    except ValueError as error:
        return "refused" if str(file) in str(error) else f"RAW no name: {error}"
    except Exception as error:
        return f"RAW {type(error).__name__} in load: {error}"

    found: dict[str, Any] = {}
    again = file.with_name("again.ae")
    y = None if model.context_ is None else whole.y

    for name, use in uses.items():
        try:
            if hasattr(model, name.split()[0]):
                found[name] = use(model, whole.X, y)
        except (ValueError, FloatingPointError) as error:
            return f"ValueError at use: {name}: {error}"
        except Exception as error:
            return f"RAW {type(error).__name__} in {name}: {error}"

    different = differing(expected, found)

    if different and (not forged or _meaning(file) == _meaning(whole.file)):
        return f"RAW other {different}"

    try:
        model.save(again, encoder_only=model.model_.decoder is None)
        reloaded = ae.load(again)
        second = {name: uses[name](reloaded, whole.X, y) for name in found}
    except Exception as error:
        return f"RAW {type(error).__name__} in save: {error}"

    if (changed := differing(found, second)) is not None:
        return f"RAW other {changed} after save"

    return "the predictions of another model" if different else "the saved predictions"


def run(
    folder: Path,
    kinds: Iterable[str],
    mutants: int,
    seed: int = 0,
    log: Path | None = None,
    stop: float = float("inf"),
) -> Counter:
    r"""Makes mutants for some seconds, and counts their ends; prints each end that is wrong."""
    started = time.monotonic()
    rng, counts = random.Random(seed), Counter[str]()
    most = {"seconds": 0.0, "MB": 0.0}
    mutant = folder / f"mutant-{seed}.ae"
    found, files, expected, uses = make(folder, kinds), {}, {}, {}

    def late(*_: object) -> None:
        raise TimeoutError("too long")

    signal.signal(signal.SIGPROF, late)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        for name, whole in found.items():
            files[name] = whole.file.read_bytes(), *container.read(whole.file)
            expected[name] = _predictions(ae.load(whole.file), whole)
            uses[name] = {k: _USES[k] for k in expected[name]}
            end = outcome(whole.file, whole, uses[name], expected[name], forged=False)
            assert end == "the saved predictions", (name, end)

    for k in range(mutants):
        if time.monotonic() - started > stop:
            break

        name = rng.choice([*found])
        kind, what = mutate(mutant, *files[name], rng)
        before, begun = memory.forget(), time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                end = outcome(mutant, found[name], uses[name], expected[name], kind == "forged")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

        more, seconds = memory.peak() - before, time.process_time() - begun
        most = {"seconds": max(most["seconds"], seconds), "MB": max(most["MB"], more / 1e6)}

        if more > MEMORY + 1.2 * mutant.stat().st_size:
            end = f"RAW {more / 1e6:.0f} MB"

        counts[f"{kind}: {end.split(':')[0]}"] += 1

        if end.startswith("RAW"):
            counts["RAW"] += 1
            kept = folder / f"bad-{seed}-{k}.ae"
            mutant.replace(kept)
            print(
                f"{kept.name} of {name}: {' '.join(end.split())[:300]}: {what[:200]}", flush=True
            )

        if log is not None:
            with log.open("a") as file:
                line = [seed, k, name, kind, f"{seconds:.3f}", f"{more / 1e6:.1f}", end, what]
                print(*(" ".join(str(part).split())[:200] for part in line), sep="\t", file=file)

    print("the most of one mutant:", *(f"{v:.1f} {k}" for k, v in most.items()))

    return counts
