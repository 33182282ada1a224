r"""Confusion table of the diagnosis: planted illnesses, and healthy models.

Each illness is planted in tables, images and series where it makes sense. A planted illness should
be named first, as a finding or as a remark. Nothing should be found in healthy models, which have
the defaults; remarks say that nothing is wrong. The limits come from other models, see
`diagnosis_limits.py`.
"""

import argparse
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_sample_image,
    load_wine,
)

import autoencode as ae
from autoencode.common.failures import FitWarning
from autoencode.objectives import ELBO
from autoencode.priors import StandardNormal

OUT = Path(__file__).parent / "results" / "diagnosis.md"
RNG = np.random.default_rng(0)


class Ill(NamedTuple):
    r"""A model with an illness, its training examples, and new ones."""

    model: ae.Autoencoder
    X: Any
    X_new: Any


def _waves(n: int) -> np.ndarray:
    t = np.linspace(0, 4 * np.pi, 32)
    a, b, c = RNG.normal(size=(3, n, 1))
    first = a * np.sin(t) + b * np.sin(2 * t) + np.sin(t + c)
    return np.stack([first, c * np.cos(t) + a * b], axis=-1) + 0.1 * RNG.normal(size=(n, 32, 2))


CANCER = load_breast_cancer().data[RNG.permutation(569)]
DIGITS = load_digits().images.astype(np.uint8)[RNG.permutation(1797)] * 15
WAVES = _waves(600)
HALF = {"table": 285, "images": 600, "series": 300}
DATA = {"table": CANCER, "images": DIGITS[:1200], "series": WAVES}
SHORT = ae.Training(epochs=20)
START = RNG.bit_generator.state  # the same for each illness, whichever are run


def planted(plant: "Callable[[str], Ill]", kind: str) -> Ill:
    RNG.bit_generator.state = START
    return plant(kind)


def fitted(kind: str, model: ae.Autoencoder, X: Any = None, X_new: Any = None) -> Ill:
    X = DATA[kind][: HALF[kind]] if X is None else X
    X_new = DATA[kind][HALF[kind] :] if X_new is None else X_new

    if kind == "table" and isinstance(model.training, ae.LeastSquares):
        model.set_params(modality=ae.modalities.Tables("columns"))

    if kind == "series":
        model.set_params(modality=ae.modalities.Series())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        return Ill(model.set_params(random_state=0).fit(X), X, X_new)


def collapse(kind: str) -> Ill:
    training = ae.Training(epochs=100)  # the linear start of tables takes long to forget
    return fitted(kind, ae.vae(3, objective=ELBO(beta=1e4), training=training))


def ignored_code(kind: str) -> Ill:
    ill = fitted(kind, ae.vae(3, training=SHORT))

    with torch.no_grad():  # the decoder's output no longer depends on the code
        for name, p in ill.model.model_.decoder.named_parameters():
            if name.endswith("weight"):
                p.zero_()

    return ill


def unused_units(kind: str) -> Ill:
    X = _flat(kind, 300, 2, 0.3)
    training = ae.Training(epochs=40)
    model = ae.vae(6, prior=StandardNormal(), objective=ELBO(beta=2.0), training=training)
    return fitted(kind, model, X[:200], X[200:])


def _flat(kind: str, n: int, d: int, noise: float) -> np.ndarray:
    r"""Returns examples near a plane, as rows, images or series."""
    X = RNG.normal(size=(n, d)) @ RNG.normal(size=(d, 64)) + noise * RNG.normal(size=(n, 64))
    return _shaped(kind, X)


def _shaped(kind: str, X: np.ndarray) -> np.ndarray:
    return {
        "table": X[:, :16],
        "images": (128 + 20 * X).clip(0, 255).astype(np.uint8).reshape(-1, 8, 8),
        "series": X.reshape(-1, 32, 2),
    }[kind]


def too_large(kind: str) -> Ill:
    X = _flat(kind, 300, 2, 0.02)
    return fitted(kind, ae.linear(8), X[:200], X[200:])


def too_small(kind: str) -> Ill:
    X = RNG.normal(size=(400, 4)).repeat(16, axis=1)[:, np.arange(64).reshape(4, 16).T.ravel()]
    X = _shaped(kind, X + 0.1 * RNG.normal(size=X.shape))
    return fitted(kind, ae.linear(2), X[:300], X[300:])


def undertrained(kind: str) -> Ill:
    model = ae.vae(8, layers=(64,), training=ae.Training(epochs=1))
    return fitted(kind, model)


def overfitted(kind: str) -> Ill:
    X = RNG.normal(size=(160, 64))
    X = X if kind == "table" else _shaped(kind, X)
    return fitted(kind, ae.linear(40), X[:80], X[80:])


def rate_too_high(kind: str) -> Ill:
    return fitted(kind, ae.vae(4, training=ae.Training(epochs=12, learning_rate=1.0)))


def rate_too_low(kind: str) -> Ill:
    training = ae.Training(epochs=12, learning_rate=1e-6)
    return fitted(kind, ae.vae(4, layers=(64,), training=training))


def heavy_tailed(kind: str) -> Ill:
    n, half = (len(DATA[kind]), HALF[kind])
    noise = RNG.standard_t(2, size=DATA[kind].shape)

    if kind == "images":
        X = np.where(np.abs(noise) > 15, 255, DATA[kind] // 4).astype(np.uint8)
    else:
        X = DATA[kind] + 0.05 * DATA[kind].std(axis=0) * noise

    likelihood = ae.distributions.SharedGaussian()
    modality = {"modality": ae.modalities.Tables("columns")} if kind == "table" else {}
    model = ae.vae(3, likelihood=likelihood, training=SHORT, **modality)
    return fitted(kind, model, X[:half], X[half:n])


def off_the_prior(kind: str) -> Ill:
    ill = fitted(kind, ae.vae(4, prior=StandardNormal(), training=SHORT))
    model = ill.model.model_
    encode, decode = model.encoder.forward, model.decoder.forward

    def shifted(x: torch.Tensor, *rest: Any) -> Any:
        q = encode(x, *rest)
        return torch.distributions.Independent(torch.distributions.Normal(q.mean + 4, q.stddev), 1)

    model.encoder.forward = shifted
    model.decoder.forward = lambda z, *rest: decode(z - 4, *rest)
    return ill


def repeating(kind: str) -> Ill:
    X = _flat(kind, 300, 3, 0.02)
    ill = fitted(kind, ae.vae(3, prior=StandardNormal(), training=SHORT), X[:150], X[150:])
    model, modality = ill.model.model_, ill.model.modality_
    codes = model.encode(modality.normalize(modality.load(ill.X))).mean.detach()

    def sample(self: Any, shape: Any = ()) -> torch.Tensor:
        return codes[torch.randint(len(codes), tuple(shape))]

    prior = model.prior().__class__
    model.prior.forward = lambda: type("Repeating", (prior,), {"sample": sample})(
        torch.distributions.Normal(torch.zeros(3), torch.ones(3)), 1
    )
    return ill


def drifted(kind: str) -> Ill:
    new = DATA[kind][HALF[kind] :].copy()
    new = 255 - new if kind == "images" else new + 2 * DATA[kind].std(axis=0)
    return fitted(kind, ae.linear(6), None, new)


def shared(kind: str) -> Ill:
    new = np.concatenate([DATA[kind][HALF[kind] :], DATA[kind][:60]])
    return fitted(kind, ae.linear(10), None, new)


def copied_rows(kind: str) -> Ill:
    X = DATA[kind][: HALF[kind]]
    return fitted(kind, ae.linear(10 if kind == "table" else 6), np.concatenate([X, X]))


def linear_alike(kind: str) -> Ill:
    X = _flat(kind, 600, 3, 0.3)
    return fitted(kind, ae.autoencoder(3, training=SHORT), X[:400], X[400:])


def skipping(kind: str) -> Ill:
    ill = fitted(kind, ae.vae(3, training=SHORT))
    ill.model.history_[-1]["skipped"] = 5
    return ill


def _sparse(kind: str) -> Ill:
    training = ae.Training(epochs=60) if kind == "images" else SHORT
    return fitted(kind, ae.sparse(64, training=training))


def dead(kind: str) -> Ill:
    ill = _sparse(kind)
    with torch.no_grad():
        bias = [p for n, p in ill.model.model_.encoder.named_parameters() if n.endswith("bias")][
            -1
        ]
        bias[:30] -= 1e3
    return ill


def always_on(kind: str) -> Ill:
    ill = _sparse(kind)
    model, on = ill.model.model_, 1e3 * torch.eye(64)[0]
    decode = model.decoder.forward

    with torch.no_grad():
        biases = [p for n, p in model.encoder.named_parameters() if n.endswith("bias")]
        biases[-1] += on

    model.decoder.forward = lambda z, *rest: decode(z - on, *rest)  # acts like a constant
    return ill


def blurred(kind: str) -> Ill:
    return fitted(kind, ae.linear(1))


def smoothed(kind: str) -> Ill:
    ill = fitted(kind, ae.linear(20))
    decode = ill.model.model_.decoder.forward

    def blur(z: torch.Tensor, *rest: Any) -> Any:
        x = torch.nn.functional.pad(decode(z, *rest).mean, (1, 1, 1, 1), mode="replicate")
        x = torch.nn.functional.avg_pool2d(x, 3, stride=1)
        return torch.distributions.Independent(torch.distributions.Normal(x, 1.0), 3)

    ill.model.model_.decoder.forward = blur
    return ill


def outsized(kind: str) -> Ill:
    X = RNG.normal(size=(600, 3)) @ RNG.normal(size=(3, 10)) + 0.1 * RNG.normal(size=(600, 10))
    X[:, 4] *= 30
    model = ae.linear(2, modality=ae.modalities.Tables("none")).set_params(random_state=0)
    return Ill(model.fit(X[:300]), X[:300], X[300:])


def copied_columns(kind: str) -> Ill:
    X = np.c_[CANCER, 2 * CANCER[:, 0] + 1]
    return fitted(kind, ae.linear(10), X[:285], X[285:])


def constant_columns(kind: str) -> Ill:
    X = np.c_[CANCER, np.full(len(CANCER), 7.0)]
    return fitted(kind, ae.linear(10), X[:285], X[285:])


def dominated(kind: str) -> Ill:
    X = RNG.normal(size=(600, 3)) @ RNG.normal(size=(3, 10)) + 0.1 * RNG.normal(size=(600, 10))
    X = np.c_[X, RNG.normal(size=600)]
    return fitted(kind, ae.linear(3), X[:300], X[300:])


ALL = ("table", "images", "series")
PLANTED: dict[Callable[[str], Ill], tuple[str, tuple[str, ...]]] = {
    collapse: ("collapse", ALL),
    ignored_code: ("ignored code", ALL),
    unused_units: ("unused units", ALL),
    too_large: ("code larger than needed", ALL),
    too_small: ("code too small", ALL),
    undertrained: ("under-training", ALL),
    overfitted: ("over-fitting", ALL),
    rate_too_high: ("wrong learning rate", ALL),
    rate_too_low: ("wrong learning rate", ALL),
    heavy_tailed: ("likelihood misfit", ALL),
    off_the_prior: ("codes off the prior", ALL),
    repeating: ("copies", ALL),
    drifted: ("drift", ALL),
    shared: ("shared examples", ALL),
    copied_rows: ("duplicate rows", ALL),
    linear_alike: ("no better than linear", ALL),
    skipping: ("skipped steps", ALL),
    dead: ("dead units", ALL),
    always_on: ("always-on units", ALL),
    blurred: ("blurred images", ("images",)),
    smoothed: ("blurred images", ("images",)),
    copied_columns: ("duplicate columns", ("table",)),
    constant_columns: ("constant columns", ("table",)),
    dominated: ("dominant column", ("table",)),
    outsized: ("dominant column", ("table",)),
}


def healthy(only: Sequence[str] = ()) -> Iterator[tuple[str, Ill]]:
    r"""Yields fits with defaults to real sets, half of which are held out."""
    RNG.bit_generator.state = START
    photo = load_sample_image("china.jpg")[:416, :640, 1]
    patches = photo.reshape(26, 16, 40, 16).swapaxes(1, 2).reshape(-1, 16, 16)
    patches = patches[RNG.permutation(len(patches))]
    frame = load_iris(as_frame=True).frame.sample(frac=1, random_state=0, ignore_index=True)
    frame = frame.assign(kind=frame.pop("target").map(lambda k: "abc"[k]))
    frame.loc[::9, "petal width (cm)"] = np.nan
    sets: dict[str, Any] = {
        "cancer": CANCER,
        "wine": load_wine().data[RNG.permutation(178)],
        "diabetes": load_diabetes().data[RNG.permutation(442)],
        "digits": DIGITS,
        "patches": patches,
        "iris frame": frame,
    }

    for name, X in sets.items():
        half = len(X) // 2
        parts = (X[:half], X[half:]) if not hasattr(X, "iloc") else (X.iloc[:half], X.iloc[half:])

        for recipe in ("vae", "autoencoder") if not only or {name, "healthy"} & {*only} else ():
            model = getattr(ae, recipe)(random_state=0)
            yield f"{recipe}, {name}", fitted("any", model, *parts)


def row(name: str, ill: Ill, wanted: str = "") -> list[str]:
    r"""Returns a line of the table: the name, what was found, and whether it is right."""
    begun = time.process_time()
    diagnosis = ill.model.diagnose(ill.X, ill.X_new)
    seconds = time.process_time() - begun
    found, remarks = ([f.name for f in some] for some in (diagnosis, diagnosis.remarks))
    right = [*found, *remarks][:1] == [wanted] if wanted else not found
    print(f"{'ok  ' if right else 'MISS'} {name}: {found} {remarks} {seconds:.1f} s", flush=True)
    cells = (", ".join(names) or "nothing" for names in (found, remarks))

    return [name, wanted or "nothing", *cells, "yes" if right else "no"]


def timed() -> str:
    r"""Returns the processor seconds of a diagnosis of 10,000 rows by a model of default size."""
    RNG.bit_generator.state = START
    X = RNG.normal(size=(12_000, 8)) @ RNG.normal(size=(8, 30)) + RNG.normal(size=(12_000, 30))
    ill = fitted("any", ae.vae(training=ae.Training(epochs=1)), X[:10_000], X[10_000:])
    begun = time.process_time()
    ill.model.diagnose(ill.X, ill.X_new)

    return f"{time.process_time() - begun:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="plants, 'healthy' or 'timed'")
    only = parser.parse_args().only
    sick = (
        row(f"{plant.__name__.replace('_', ' ')}, {kind}", planted(plant, kind), wanted)
        for plant, (wanted, kinds) in PLANTED.items()
        for kind in kinds
        if not only or plant.__name__ in only or f"{plant.__name__},{kind}" in only
    )
    sound = (row(name, ill) for name, ill in healthy(only))

    for line in chain(sick, sound):
        write(line)

    if not only or "timed" in only:
        write(seconds=timed())


def write(line: Sequence[str] = (), seconds: str = "") -> None:
    r"""Writes a line or the time into the confusion table. Other lines stay."""
    text = OUT.read_text() if OUT.exists() else ""
    known = [line.strip("| ").split(" | ") for line in text.splitlines() if line[:2] == "| "]
    rows = {row[0]: row for row in [*known, [*line]] if row and row[-1] in ("yes", "no")}
    header = ["model", "planted", "wrong, the most serious first", "worth knowing", "right"]
    lines = ["# Diagnosis of planted illnesses and of healthy models", ""]

    for about, healthy in (("Planted illnesses", False), ("Healthy models", True)):
        some = [row for row in rows.values() if (row[1] == "nothing") == healthy]
        right = sum(row[-1] == "yes" for row in some)
        silent = sum(row[2:4] == ["nothing"] * 2 for row in some)
        also = f" {silent} have no remark, either." if healthy else ""
        lines += [f"{about}: {right} of {len(some)} are right.{also}", ""]
        lines += [f"| {' | '.join(row)} |" for row in (header, ["---"] * 5, *some)] + [""]

    took = re.search(r"took ([0-9.]+) s", text)
    seconds = seconds or (took[1] if took else "")

    if seconds:
        lines += [
            f"A diagnosis of 10,000 rows of 30 numbers took {seconds} s of one processor.",
            "",
        ]

    OUT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
