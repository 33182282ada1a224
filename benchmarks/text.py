r"""Short texts in codes: does the code carry anything, and what is it worth?

Compared, in one run and of the same size, with a language model: the same decoder that is
trained without a code. By default on the names of characters in the Unicode standard, which
Python carries; `python benchmarks/text.py wordnet` takes a slice of the glosses of WordNet, from
Debian's package `wordnet-base`.
"""

import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

import numpy as np
import report
import torch

import autoencode as ae
from autoencode.distributions import Autoregressive
from autoencode.evaluation import active_units

LATENT_DIM = 32
EPOCHS = 20
TEST = 500


def unicode_names(longest: int = 40) -> list[str]:
    r"""The names of the characters below U+3000 that are not too long."""
    named = (unicodedata.name(chr(c), "") for c in range(0x3000))
    return [name.capitalize() for name in named if 0 < len(name) <= longest]


def wordnet(n: int = 20_000, longest: int = 60) -> list[str]:
    r"""Definitions of WordNet, without their examples, drawn from those not too long."""
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["apt-get", "-qq", "download", "wordnet-base"], cwd=work, check=True)
        (archive,) = Path(work).iterdir()
        subprocess.run(["dpkg-deb", "--extract", archive.name, "."], cwd=work, check=True)
        lines = [
            line
            for part in ("noun", "verb", "adj", "adv")
            for line in next(Path(work).rglob(f"data.{part}")).read_text().splitlines()
            if " | " in line
        ]

    glosses = [line.partition(" | ")[2].partition(";")[0].strip() for line in lines]
    glosses = sorted({gloss for gloss in glosses if 0 < len(gloss) <= longest})

    return np.random.default_rng(0).permutation(glosses)[:n].tolist()


def language_model(train: list[str], test: list[str]) -> list[str]:
    r"""The same decoder without a code: the encoder only ever sees the empty text."""
    decoder = Autoregressive(length=max(map(len, train)) + 1, dropout=0.0)
    model = ae.autoencoder(1, likelihood=decoder, training=ae.Training(epochs=EPOCHS))
    start = time.perf_counter()
    model.set_params(random_state=0).fit(train, corrupted=[""] * len(train))
    seconds = time.perf_counter() - start

    with torch.no_grad():
        nothing = model.model_.encode(model.preprocess([""]).target).mean
        p = model.model_.decode(nothing.expand(len(test), -1))
        ll = float(p.log_prob(model.preprocess(test).target).mean())

    return ["language model, no code", f"{ll:.1f}", "-", "-", "-", "-", f"{seconds:.0f}"]


def row(name: str, model: ae.Autoencoder, train: list[str], test: list[str]) -> list[str]:
    start = time.perf_counter()
    model.fit(train)
    seconds = time.perf_counter() - start

    terms, R = model.evaluate(test), model.reconstruct(test)
    exact = np.mean(R == np.array(test, object))
    middle = np.linspace(*model.transform([test[0], test[1]]), 5)

    print("reconstructed:", [*zip(test[:5], R[:5], strict=True)], flush=True)
    print("new:", model.sample(8, random_state=0).tolist(), flush=True)
    print("in between:", model.inverse_transform(middle).tolist(), flush=True)

    return [
        name,
        f"{model.score_samples(test, samples=32).mean():.1f}",
        f"{terms['rate']:.1f}",
        f"{active_units(model.transform(test))} of {LATENT_DIM}",
        f"{model.reconstruction_error(test).mean():.1f}",
        f"{100 * exact:.0f} %",
        f"{seconds:.0f}",
    ]


def main(which: str = "unicode") -> None:
    texts = {"unicode": unicode_names, "wordnet": wordnet}[which]()
    texts = np.random.default_rng(0).permutation(texts).tolist()
    test, train = texts[:TEST], texts[TEST:]
    training = ae.Training(epochs=EPOCHS)
    seen = Autoregressive(length=max(map(len, texts)) + 1, dropout=0.0)

    models = {
        f"`vae({LATENT_DIM})`": ae.vae(LATENT_DIM, training=training, random_state=0),
        "the same, nothing hidden": ae.vae(
            LATENT_DIM, likelihood=seen, training=training, random_state=0
        ),
    }
    rows = [row(name, model, train, test) for name, model in models.items()]
    rows.append(language_model(train, test))

    report.write(
        "text" if which == "unicode" else f"text-{which}",
        f"Short texts in codes of {LATENT_DIM} numbers: {which}",
        ["model", "log p(x)", "rate", "active", "edits", "exact", "seconds"],
        rows,
        f"{len(train):,} texts to train on, {EPOCHS} epochs, and {len(test)} to test, in nats per"
        " text; log p(x) by importance sampling with 32 codes, which for a model with a code is"
        " an estimate from below. Edits: bytes to insert, delete or replace in a reconstruction;"
        " exact: those without.",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
