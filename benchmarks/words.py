r"""Fraction of unseen short texts that an autoencoder returns exactly, by the size of minibatches.

Each training ends after a number of processor seconds, so that a busy machine does not change the
steps much. The sets are English and German words, nouns of WordNet and molecules of MOSES.

    python benchmarks/words.py 120 words
    python benchmarks/words.py 40 german nouns molecules
"""

import sys
import time
import types
from pathlib import Path

import data
import numpy as np
import torch

import autoencode as ae
from autoencode.training import schedule

TRAIN, TEST, LATENT_DIM = 12_000, 600, 16
BATCH_SIZES = (128, 64)
ENGLISH = Path("/usr/share/dict/american-english")  # of the Debian package wamerican


def texts(name: str) -> tuple[list[str], list[str]]:
    r"""Returns the texts to train on, and others."""
    found = sorted({text for text in SETS[name]()})
    drawn = np.random.default_rng(0).permutation(found)[: TRAIN + TEST].tolist()
    return drawn[TEST:], drawn[:TEST]


def words() -> list[str]:
    lines = ENGLISH.read_text().split("\n")
    plain = [w for w in lines if w.isascii() and w.isalpha() and w.islower()]
    return [w for w in plain if 3 <= len(w) <= 12]


def german() -> list[str]:
    lines = (data.debian("wngerman", "usr/share/dict") / "ngerman").read_text().split("\n")
    return [word for word in lines if 3 <= len(word.encode()) <= 20]


def nouns() -> list[str]:
    data.glosses()
    lines = (data.FOLDER / "wordnet-base" / "index.noun").read_text().splitlines()
    heads = [line.split()[0].replace("_", " ") for line in lines if not line.startswith(" ")]
    return [noun for noun in heads if 3 <= len(noun) <= 24]


def molecules() -> list[str]:
    return [smiles for smiles in data.molecules() if len(smiles) <= 30]


SETS = {"words": words, "german": german, "nouns": nouns, "molecules": molecules}


def main(seconds: float, names: list[str]) -> None:
    torch.set_num_threads(1)
    schedule.time = types.SimpleNamespace(perf_counter=time.process_time)
    print("| texts | minibatch | exact | of the training | edits | loss | epochs |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)

    for name in names:
        train, test = texts(name)

        for size in BATCH_SIZES:
            training = ae.Training(time_budget=seconds, batch_size=size, show_progress=False)
            model = ae.autoencoder(LATENT_DIM, training=training, random_state=0).fit(train)
            exact, seen = (
                100 * np.mean(model.reconstruct(part) == np.array(part, object))
                for part in (test, train[:TEST])
            )
            edits = model.reconstruction_error(test).mean()
            loss = model.history_[-1].validation["total"]
            print(
                f"| {name} | {size} | {exact:.1f} % | {seen:.1f} % | {edits:.1f} | {loss:.2f} |"
                f" {len(model.history_)} |",
                flush=True,
            )


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:] or [*SETS])
