r"""Every model on every kind of data, with the default network, likelihood and prior.

    python benchmarks/zoo.py [--kinds images texts] [--models vae wae] [--seconds 600] [--again]

Each pair is fitted by the command line to small data on disk, and then has to obey these laws:

- `fit`: the model fits, and transforms, reconstructs and draws finite examples.
- `better`: its reconstructions are better than the best constant one. For texts, they are nearer
  to their own text than those of other texts are.
- `same`: a stored model gives the same numbers, to the bit.
- `resume`: a training that is stopped after an epoch and resumed gives the same numbers as one
  that is not, to the bit.
- `given`: the model takes labels as a condition.
- `search`: it can be searched by `GridSearchCV`, over the size of the code.
- `command`: `transform`, `reconstruct`, `score` and `sample` work on the command line.
- `compile`: its training step can be traced into one graph (`fullgraph=True`), which is what a
  model fails by; the compiler of torch itself takes a minute for each. Steps of texts are not
  compiled, as their lengths differ.

Recipes and the two plain models of each kind obey all of them. Other objectives and posteriors
are searched, used on the command line and traced on one kind, as this code is the same for all.

Results are kept in `data/zoo/`, so that the script can be run in parts. `REFUSED` has the pairs
that make no sense, and why; other refusals are shown with their message. It is still empty, as few
pairs were measured.
"""

import argparse
import contextlib
import io
import json
import shlex
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import data
import numpy as np
import report
import torch
import zoo_data
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ShuffleSplit

import autoencode as ae
from autoencode.cli import main as run_command
from autoencode.data import Examples
from autoencode.modalities.capabilities import Tokenized
from autoencode.modalities.capabilities.sequences import event_shape
from autoencode.training.adamw import AdamW
from autoencode.training.failures.baselines import constant
from autoencode.training.step import TrainStep
from autoencode.training.update import CompiledUpdate

FOLDER = data.FOLDER / "zoo"
LAWS = ["fit", "better", "same", "resume", "given", "search", "command", "compile"]

OBJECTIVES = {
    "CIWAE": "",
    "PIWAE": "",
    "CapacityELBO": "",
    "SlicedWAE": "",
    "SinkhornAE": "",
    "Isometric": "",
    "Topological": "",
    "Sparse": "",
    "ImageSimilarity": "",
}
POSTERIORS = {
    "FullGaussian": "vae",
    "DeltaGaussian": "vae --prior StandardNormal",
    "Laplace": "vae",
    "PlanarFlow": "vae",
    "InverseAutoregressiveFlow": "vae",
    "SplineFlow": "vae",
    "PowerSpherical": "vae --latent-dim 6",
    "WrappedNormal": "vae --latent-dim 4",
    "GumbelSoftmax": "vae --latent-dim 20",
    "StraightThroughBernoulli": "vae --latent-dim 16",
    "TopK": "autoencoder --latent-dim 32 --posterior.k 8",
    "BatchTopK": "sparse --latent-dim 32 --posterior.k 8",
    "JumpReLU": "autoencoder --objective Sparse --objective.penalty l0 --latent-dim 32",
    "ResidualQuantizer": "vq_vae --latent-dim 8",
    "ProductQuantizer": "vq_vae --latent-dim 8",
    "FiniteScalarQuantizer": "vq_vae --latent-dim 8",
    "LookupFreeQuantizer": "vq_vae --latent-dim 8",
}
FEW_LAYERS = "--layers 64"  # posteriors and objectives differ from recipes in these alone
MODELS = (
    {name: f"--recipe {name}" for name in ae.recipes.__all__}
    | {name: f"--objective {name} {words} {FEW_LAYERS}" for name, words in OBJECTIVES.items()}
    | {
        name: f"--recipe {words} --posterior {name} {'' if 'sparse' in words else FEW_LAYERS}"
        for name, words in POSTERIORS.items()
    }
)

REFUSED: dict[tuple[str, str], str] = {}


class Cell(NamedTuple):
    r"""The laws that a model obeys on a kind of data, and what it said otherwise."""

    laws: dict[str, str]  # "" where obeyed, or what was wrong
    refused: str = ""
    ratio: float | None = None
    seconds: float = 0.0


class Stop(Exception):
    r"""Ends a training after its first epoch."""


class Stopping(ae.Training):
    r"""A training that is interrupted after its first epoch."""

    def train(self, *args: Any, **options: Any) -> Any:
        for record in super().train(*args, **options):
            yield record
            raise Stop


def command(*words: Any) -> None:
    r"""Runs a command, and raises what it printed if it fails."""
    said = io.StringIO()

    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = run_command([str(word) for word in words])

    if status != 0 or "Traceback" in said.getvalue():
        raise RuntimeError(said.getvalue().strip().splitlines()[-1])


def examine(model_name: str, kind: zoo_data.Kind) -> Cell:
    r"""Returns what a model does on a kind of data."""
    start, laws = time.process_time(), {}

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        path = kind.write(Path())
        layers = kind.layers if FEW_LAYERS in MODELS[model_name] else ""
        words = shlex.split(f"{MODELS[model_name].replace(FEW_LAYERS, layers)} {kind.flags}")

        try:
            words += _training(model_name)
            command("fit", path, *words, "--random-state", 0, "--out", "model.ae")
        except Exception as error:  # a refusal, or what a user would see
            return Cell({}, str(error), None, time.process_time() - start)

        model = ae.load("model.ae")
        ratio = None
        steps: dict[str, Callable[[], Any]] = {
            "fit": lambda: _finite(model, path),
            "better": lambda: _better(model, path),
            "same": lambda: _same(model, path),
            "resume": lambda: _resumes(model, path),
            "given": lambda: _given(model, kind),
            "search": lambda: _searched(model, kind),
            "command": lambda: _commands(model, path, kind.out),
            "compile": lambda: _traced(model, path),
        }

        for law, step in steps.items():
            if law not in laws_of(model_name, kind):
                continue

            try:
                found = step()
                laws[law] = ""
                ratio = found if law == "better" else ratio
            except Exception as error:  # what a user would see, whatever it is
                laws[law] = f"{type(error).__name__}: {error}"[:400]
                traceback.print_exc()

    return Cell(laws, "", ratio, time.process_time() - start)


def laws_of(name: str, kind: zoo_data.Kind) -> set[str]:
    r"""Returns the laws that are checked of a model on a kind of data."""
    laws = {"fit", "better", "same", "resume", "given"}

    if name in ae.recipes.__all__ or kind.first:
        laws |= {"search", "command"}

    if kind.first or (name in {"autoencoder", "vae"} and kind.out != ".txt"):
        laws |= {"compile"}

    return laws


def _check(holds: Any, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def _equal(a: Any, b: Any) -> bool:
    return a.equals(b) if hasattr(a, "equals") else np.array_equal(np.asarray(a), np.asarray(b))


def _outputs(model: ae.Autoencoder, path: Path) -> list[Any]:
    found = [model.transform(path), model.reconstruct(path)]

    if hasattr(model, "score_samples"):
        found.append(model.score_samples(path, n_samples=4))

    if hasattr(model, "sample"):
        found.append(model.sample(3, random_state=0))

    return found


def _training(name: str) -> list[str]:
    r"""Returns flags of a training of about a hundred steps, or two hundred of small networks."""
    if name == "linear":
        return []

    epochs = 50 if name in ae.recipes.__all__ else 100
    return ["--epochs", str(epochs), "--batch-size", "32", "--compile", "False"]


def _finite(model: ae.Autoencoder, path: Path) -> None:
    Z, _, *rest = _outputs(model, path)
    _check(np.isfinite(Z).all() and len(Z) == zoo_data.N, "codes are not finite")
    _check(not hasattr(model, "score_samples") or np.isfinite(rest[0]).all(), "densities")
    _check(np.std(Z, axis=0).max() > 0, "all codes are equal")


def _better(model: ae.Autoencoder, path: Path) -> float:
    r"""Returns the error relative to that of the best constant, or of other texts."""
    errors = model.reconstruction_error(path)
    modality, x = model.modality_, model.preprocess(path).target

    if isinstance(modality, Tokenized):
        texts = path.read_text().splitlines()
        R = model.reconstruct(path)
        theirs = _edits(modality, texts, [*R[1:], R[0]])
    else:
        family = model.blueprint_.likelihood.clone()
        p = constant(family, x, torch.Size(event_shape(modality)))
        theirs = modality.error(x, p).numpy()

    ratio = float(errors.mean() / theirs.mean())
    _check(ratio < 1, f"errors are {ratio:.2f} of those of a constant")
    return ratio


def _edits(modality: Any, texts: list[str], others: list[str]) -> Any:
    from autoencode.modalities.text.edit_distance import edits

    longest = modality.shape_[0] - 1
    others = [r.encode()[:longest].decode(errors="ignore") for r in others]
    return edits(modality.load(texts), modality.load(others), end=255).double().numpy()


def _same(model: ae.Autoencoder, path: Path) -> None:
    model.save("again.ae")
    same = [*map(_equal, _outputs(model, path), _outputs(ae.load("again.ae"), path))]
    _check(all(same), f"a stored model differs: {same}")


def _short(model: ae.Autoencoder, **options: Any) -> ae.Autoencoder:
    training = model.training

    if isinstance(training, ae.Training):
        return clone(model).set_params(training=ae.Training(2, 32, compile=False, **options))

    return clone(model)


def _resumes(model: ae.Autoencoder, path: Path) -> None:
    if not isinstance(model.training, ae.Training):
        return  # solved in closed form, at once

    whole = _short(model).fit(path)
    resumed = _short(model, checkpoint_dir="run", checkpoint_seconds=0.0)
    stopping = clone(resumed).set_params(training=Stopping(**resumed.training.get_params()))

    with contextlib.suppress(Stop):
        stopping.fit(path)

    _check(list(Path("run").iterdir()), "no checkpoint was written")
    resumed.fit(path, resume=True)
    same = map(_equal, _outputs(whole, path), _outputs(resumed, path))
    _check(all(same), "a resumed training differs")


def _given(model: ae.Autoencoder, kind: zoo_data.Kind) -> None:
    prior = {"prior": None} if str(model.prior).startswith("Mixture") else {}
    given = _short(model).set_params(conditional=True, **prior).fit(kind.X, kind.y)
    _check(np.isfinite(given.transform(kind.X, kind.y)).all(), "codes are not finite")

    if hasattr(given, "sample"):
        _check(len(given.sample(2, kind.y[0], random_state=0)) == 2, "no samples of a label")


def _searched(model: ae.Autoencoder, kind: zoo_data.Kind) -> None:
    size = model.blueprint_.latent_dim

    if model.blueprint_.network.code_size(model.modality_.shape_) is not None:
        grid = {"random_state": [0, 1]}  # the network decides on the size
    else:
        grid = {"latent_dim": [size, 2 * size]}

    halves = ShuffleSplit(1, test_size=0.5, random_state=0)
    search = GridSearchCV(_short(model), grid, cv=halves, error_score="raise", refit=False)
    search.fit(kind.X)
    scores = search.cv_results_["mean_test_score"]
    _check(np.isfinite(scores).all(), f"scores are {scores}")


def _commands(model: ae.Autoencoder, path: Path, suffix: str) -> None:
    command("transform", "model.ae", path, "--out", "codes.npy")
    _check(_equal(np.load("codes.npy"), model.transform(path)), "codes differ from Python's")
    command("reconstruct", "model.ae", path, "--out", f"reconstructed{suffix}")

    if hasattr(model, "score_samples"):
        command("score", "model.ae", path)

    if hasattr(model, "sample"):
        command("sample", "model.ae", "-n", 3, "--random-state", 0, "--out", f"new{suffix}")


def _traced(model: ae.Autoencoder, path: Path) -> None:
    r"""Traces a training step into one graph, without the compiler's own optimizations."""
    if not isinstance(model.training, ae.Training):
        return

    x = model.preprocess(path).target[:16]
    step = TrainStep(model.model_, model.objective_).train()
    compile_, torch.compile = torch.compile, _trace_only(torch.compile)

    try:
        update = CompiledUpdate(step, AdamW(step, 1e-3))
    finally:
        torch.compile = compile_

    update._warm_up(Examples(x))
    raised: list[str] = []
    update.eager = lambda *_: raised.append("fell back")  # type: ignore[assignment]
    compiled = update.compiled
    update(Examples(x), 1.0)
    _check(not raised, "the step was not traced")
    _check(update.compiled is compiled, "the step was not traced")


def _trace_only(compile_: Callable) -> Callable:
    def trace(function: Callable, options: Any = None, **others: Any) -> Callable:
        return compile_(function, backend="eager", **others)

    return trace


# All pairs


def kept(model: str, kind: str) -> Path:
    return FOLDER / kind / f"{model}.json"


def shown(cell: Cell, why: str) -> str:
    if cell.refused:
        return "refused" if why else f"**{cell.refused}**"

    wrong = [law for law, said in cell.laws.items() if said]
    return f"**{', '.join(wrong)}**" if wrong else f"{cell.ratio:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="*", default=[*zoo_data.KINDS])
    parser.add_argument("--models", nargs="*", default=[*MODELS])
    parser.add_argument("--seconds", type=float, default=1e9, help="no pair begins after these")
    parser.add_argument("--quiet", action="store_true", help="no report of all pairs")
    parser.add_argument("--again", action="store_true", help="also of pairs that are measured")
    given = parser.parse_args()
    start = time.monotonic()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")

    for kind in given.kinds:
        for name in given.models:
            file = kept(name, kind)

            if (file.exists() and not given.again) or time.monotonic() - start > given.seconds:
                continue

            cell = examine(name, zoo_data.KINDS[kind]())
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(cell._asdict()))
            wrong = {law: why for law, why in cell.laws.items() if why}
            print(kind, name, f"{cell.seconds:.0f} s", cell.ratio, cell.refused, wrong, flush=True)

    if not given.quiet:
        write_report()


def write_report() -> None:
    rows, notes = [], []

    for name in MODELS:
        row = [f"`{name}`"]

        for kind in zoo_data.KINDS:
            file = kept(name, kind)
            why = REFUSED.get((name, kind), "")
            row.append(shown(Cell(**json.loads(file.read_text())), why) if file.exists() else "")

        rows.append(row)

    reasons: dict[str, list[str]] = {}

    for (name, kind), why in REFUSED.items():
        reasons.setdefault(why, []).append(f"`{name}` on {kind}")

    notes = [f"- {', '.join(pairs)}: {why}" for why, pairs in reasons.items()]
    report.write(
        "zoo",
        "Every model on every kind of data",
        ["model", *zoo_data.KINDS],
        rows,
        "\n".join(["Pairs that make no sense are refused:", "", *notes]),
        before=(__doc__ or "").partition("\n\n")[2].partition("\n\n")[2].strip()
        + "\n\nFigures are errors relative to those of the best constant, of a model that obeys"
        " all laws. Laws in bold do not hold.",
    )


if __name__ == "__main__":
    main()
