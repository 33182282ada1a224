r"""Information in codes of short texts, and its value for compression, classes and new texts.

The texts are glosses of WordNet, and molecules of MOSES as SMILES. The VAE is compared with a
language model, which is the same decoder trained without a code, and with an autoencoder, whose
codes have no prior. Also reported: accuracy of the 45 classes of WordNet from codes, beside TF-IDF
with SVD of the same size; and the fraction of new molecules that RDKit finds valid, beside the
published figures of the VAE of MOSES.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import data
import environments
import numpy as np
import report
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import autoencode as ae
from autoencode.distributions import Autoregressive
from autoencode.evaluation import active_units, mutual_information
from autoencode.modalities import Texts

LATENT_DIM = 32
SUBWORDS = 2_000
TEST, SCORED, NEW = 2_000, 500, 2_000
HEADER = ["model", "-log p(x)", "rate", "I(x; z)", "active", "edits", "exact", "CPU s"]
VAE, PLAIN = f"`ae.vae({LATENT_DIM})`", f"`ae.autoencoder({LATENT_DIM})`"
HERE = Path(__file__).parent


class Slice(NamedTuple):
    r"""A part of a data set, chosen for the time of a run."""

    name: str
    source: str
    max_letters: int
    train: int
    epochs: int

    def __str__(self) -> str:
        return (
            f"{self.train:,} {self.name} of {self.source} of at most {self.max_letters} letters"
            f" with `epochs={self.epochs}`"
        )

    def draw(self, texts: list[str]) -> list[str]:
        short = [text for text in texts if 0 < len(text) <= self.max_letters]
        return np.random.default_rng(0).permutation(short)[: self.train + TEST].tolist()


GLOSSES = Slice("glosses", "WordNet", max_letters=60, train=60_000, epochs=8)
MOLECULES = Slice("molecules", "MOSES", max_letters=40, train=200_000, epochs=4)
PUBLISHED = "97.7 %, 99.8 % of 10,000 and 69.5 %"  # github.com/molecularsets/moses, README.md


def glosses() -> tuple[list[str], list[str]]:
    r"""Returns definitions of WordNet without their examples, and their classes."""
    known = {gloss.partition(";")[0].strip(): kind for gloss, kind in data.glosses()}
    texts = GLOSSES.draw(sorted(known))

    return texts, [known[text] for text in texts]


def molecules(part: Slice = MOLECULES) -> list[str]:
    return part.draw(data.molecules())


def row(name: str, model: ae.Autoencoder, texts: list[str]) -> list[str]:
    test, train = texts[:TEST], texts[TEST:]
    start = time.process_time()
    model.fit(train)
    seconds = time.process_time() - start

    density = ["-", "-", "-"]

    if hasattr(model, "score_samples"):
        with torch.no_grad():
            information = mutual_information(model.model_, model.preprocess(test).target)

        density = [
            f"{-model.score_samples(test[:SCORED], n_samples=64).mean():.1f}",
            f"{model.evaluate(test)['rate']:.1f}",
            f"{information:.1f}",
        ]

    R = model.reconstruct(test[:SCORED])
    edits = model.reconstruction_error(test[:SCORED])

    return [
        name,
        *density,
        f"{active_units(model.transform(test))} of {LATENT_DIM}",
        f"{edits.mean():.1f} of {np.mean([len(text) for text in test[:SCORED]]):.0f}",
        f"{100 * np.mean(R == np.array(test[:SCORED], object)):.0f} %",
        f"{seconds:.0f}",
    ]


def language_model(texts: list[str], epochs: int) -> list[str]:
    r"""Returns the row of the decoder without a code: its encoder sees only empty texts."""
    test, train = texts[:TEST], texts[TEST:]
    decoder = Autoregressive(max_length=max(map(len, texts)) + 1, dropout=0.0)
    model = ae.autoencoder(1, likelihood=decoder, training=training(epochs), random_state=0)
    start = time.process_time()
    model.fit(train, corrupted=[""] * len(train))
    seconds = time.process_time() - start

    with torch.no_grad():
        nothing = model.model_.encode(model.preprocess([""]).target).mean
        target = model.preprocess(test[:SCORED]).target
        nll = -float(model.model_.decode(nothing.expand(SCORED, -1)).log_prob(target).mean())

    return ["the decoder alone", f"{nll:.1f}", "-", "-", "-", "-", "-", f"{seconds:.0f}"]


def classes(models: dict[str, ae.Autoencoder], texts: list[str], kinds: list[str]) -> str:
    r"""Returns accuracies of classes of glosses from codes, and from SVD of TF-IDF."""
    svd = make_pipeline(TfidfVectorizer(), TruncatedSVD(LATENT_DIM, random_state=0))
    features = {f"codes of {name}": model.transform(texts) for name, model in models.items()}
    features["TF-IDF with SVD"] = svd.fit_transform(texts)
    shares = {}

    for name, Z in features.items():
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        shares[name] = probe.fit(Z[TEST:], kinds[TEST:]).score(Z[:TEST], kinds[:TEST])

    most = np.unique(kinds[TEST:], return_counts=True)
    shares["the most frequent one"] = np.mean(np.array(kinds[:TEST]) == most[0][most[1].argmax()])
    told = ", ".join(f"{100 * share:.1f} % from {name}" for name, share in shares.items())

    return f"Of {len(set(kinds))} classes of glosses a linear probe tells {told}."


def chemistry(model: ae.Autoencoder, train: list[str]) -> str:
    python = environments.python("rdkit", "rdkit")
    told = []

    for temperature in (1.0, 0.7):
        model.likelihood_.set_params(temperature=temperature)

        with tempfile.TemporaryDirectory() as work:
            new, known, out = (Path(work) / name for name in ("new", "known", "out"))
            new.write_text(
                "\n".join(" ".join(s.split()) for s in model.sample(NEW, random_state=0))
            )
            known.write_text("\n".join(train))
            environments.output(python, HERE / "peers" / "rdkit_molecules.py", new, known, out)
            shares = " %, ".join(f"{100 * share:.1f}" for share in json.loads(out.read_text()))

        told.append(f"{shares} % at temperature {temperature}")

    return (
        f"Of {NEW:,} new molecules, valid by RDKit, unique of these, and not trained on of these:"
        f" {'; '.join(told)}. MOSES publishes {PUBLISHED} for its VAE, of 1.58 million."
    )


def between(model: ae.Autoencoder, a: str, b: str) -> str:
    model.likelihood_.set_params(temperature=1.0)
    way = model.inverse_transform(np.linspace(*model.transform([a, b]), 6))
    return "\n".join(f"    {text}" for text in [a, *way, b])


def main() -> None:
    def both(part: Slice, models: dict[str, ae.Autoencoder], texts: list[str]) -> None:
        for name, model in models.items():
            rows.append([part.name, *row(name, model, texts)])
            print(rows[-1], flush=True)

        rows.append([part.name, *language_model(texts, part.epochs)])
        print(rows[-1], flush=True)

    rows: list[list[str]] = []
    models, (texts, kinds) = models_for(GLOSSES), glosses()
    subwords = {"training": training(GLOSSES.epochs), "modality": Texts(vocab_size=SUBWORDS)}
    models[f"{PLAIN}, subwords"] = ae.autoencoder(LATENT_DIM, random_state=0, **subwords)
    both(GLOSSES, models, texts)
    notes = [classes(models, texts, kinds), between(models[VAE], texts[0], texts[1])]

    models, texts = models_for(MOLECULES), molecules()
    both(MOLECULES, models, texts)
    notes += [chemistry(models[VAE], texts[TEST:]), between(models[VAE], texts[0], texts[1])]

    report.write(
        "text",
        f"Short texts in codes of {LATENT_DIM} numbers",
        ["data", *HEADER],
        rows,
        f"{GLOSSES} and {MOLECULES}, {how()}. The decoder alone is the same one, trained with an"
        f" encoder that only sees empty texts, and its -log p(x) is exact. Subwords are"
        f" {SUBWORDS:,}, learned from the glosses. None of this is trained to the"
        " end: it is what the seconds of one thread give.\n\n" + "\n\n".join(notes),
    )


def models_for(part: Slice) -> dict[str, ae.Autoencoder]:
    options = {"training": training(part.epochs), "random_state": 0}
    return {VAE: ae.vae(LATENT_DIM, **options), PLAIN: ae.autoencoder(LATENT_DIM, **options)}


def how() -> str:
    return (
        f"{TEST:,} others to test, with the defaults in all else. -log p(x) in nats per text, of"
        f" {SCORED} of them, by importance sampling with 64 codes, an estimate from above."
        f" The mutual information is estimated from {TEST:,} texts, and at most"
        f" {np.log(TEST):.1f} nats. Edits are bytes to insert, delete or replace in a"
        " reconstruction, of those of the text"
    )


def training(epochs: int) -> ae.Training:
    return ae.Training(epochs=epochs)


if __name__ == "__main__":
    main()
