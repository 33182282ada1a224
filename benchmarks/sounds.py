r"""Distances of reconstructions and new sounds to real recordings, with codes of 16 numbers.

The models are the recipes with their defaults. PCA is `linear`, which has principal components of
the same spectra in closed form.
"""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import data
import inversion
import numpy as np
import report
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sound_measures import level_error, onset_score, pitch_error

import autoencode as ae
from autoencode.data import read_sounds
from autoencode.evaluation import log_spectral_distance, signal_to_noise
from autoencode.modalities import MDCT, Sounds
from autoencode.priors import StandardNormal

CODE = 16
TEST_FRACTION = 0.15
NEW_PER_LABEL = 50
MIN_PER_LABEL = 100  # recordings
WINDOWS = (256, 512, 1024, 2048)


class Set(NamedTuple):
    name: str
    package: str | None  # those of the way back have none
    seconds: float
    rate: int = 16000


SYLLABLES = Set("syllables", "gcin-voice", 0.5)
SETS = [
    SYLLABLES,
    Set("drums", "sonic-pi-samples", 1.0),
    Set("prompts", "asterisk-core-sounds-en-wav", 1.0, 8000),
    Set("letters", "klettres-data", 1.5),
    Set("notes", None, 1.0),
    Set("animals, vehicles, tools", None, 1.0),
]
MODELS = {"PCA": ae.linear, "autoencoder": ae.autoencoder, "VAE": ae.vae}
PRIORS = {"new syllables, `prior=StandardNormal()`": StandardNormal(), "new syllables": None}
GENERATED = [
    "recognized as their label",
    "distance to the nearest to train on",
    "distance to others of the label",
    "median level, dB",
]


class Split(NamedTuple):
    modality: Sounds
    X: NDArray
    X_test: NDArray
    files: NDArray
    files_test: NDArray


def split(given: Set) -> Split:
    modality = Sounds(given.rate, given.seconds)

    if given.package is None:
        (sounds,) = (other for other in inversion.SETS if other.name == given.name)
        X = inversion.load(sounds, 1000).numpy()
        files = np.arange(len(X)).astype(str)
    else:
        folder = read_sounds(data.sounds(given.package), given.rate, given.seconds)
        X = modality.clone().fit(folder.X).load(folder.X).numpy()[..., 0]
        files = np.array(folder.files)

    order = np.random.default_rng(0).permutation(len(X))
    n = round(TEST_FRACTION * len(X))
    files = files[order]

    return Split(modality, X[order[n:]], X[order[:n]], files[n:], files[:n])


def fitted(make: Callable, given: Split, code: int = CODE, y: NDArray | None = None, **options):
    r"""Returns a fitted model and the CPU seconds of the fit."""
    options = {"modality": given.modality, "random_state": 0} | options

    if make is not ae.linear:
        options["training"] = ae.Training(show_progress=False)

    start = time.process_time()
    model = make(code, **options).fit(given.X, y)

    return model, time.process_time() - start


# Reconstructions


def distances(X: NDArray, R: NDArray, rate: int) -> list[str]:
    n = [w for w in WINDOWS if w <= X.shape[1]]
    pairs = log_spectral_distance(X, R, n), log_spectral_distance(X, R), signal_to_noise(X, R)
    first = [f"{d[d.isfinite()].mean():.2f}" for d in pairs]

    if not R.any():
        return [*first, "", "", ""]

    pitch, periodic = pitch_error(X, R, rate)
    level, onsets = level_error(X, R, rate), onset_score(X, R, rate)
    enough = periodic >= inversion.MIN_PERIODIC

    return [*first, f"{level:.2f}", f"{onsets:.0f} %", f"{pitch:.0f} %" if enough else ""]


MEASURES = [
    "distance at several resolutions, dB",
    "distance at 512 samples, dB",
    "SNR, dB",
    "error of the level, dB",
    "onsets within 50 ms, F-measure",
    "pitch off by 50 cents",
]


def reconstructions(given: Set, part: Split, models: dict[str, ae.Autoencoder]) -> list[list[str]]:
    X = part.X_test
    itself = part.modality.clone().fit(part.X)
    columns = [
        *(distances(X, model.reconstruct(X), given.rate) for model in models.values()),
        *[[""] * len(MEASURES)] * (len(MODELS) - len(models)),
        distances(X, itself.restore(itself.normalize(itself.load(X))), given.rate),
        distances(X, 0 * X, given.rate),
    ]

    return [[f"{given.name}: {m}", *row] for m, *row in zip(MEASURES, *columns)]


def cosines(given: Set, part: Split) -> Iterator[list[str]]:
    r"""Yields rows about principal components of `MDCT()`, which keeps the phase."""
    modality = Sounds(given.rate, given.seconds, spectrum=MDCT())
    model, _ = fitted(ae.linear, part, modality=modality)

    found = distances(part.X_test, model.reconstruct(part.X_test), given.rate)

    for name, value in zip(MEASURES, found):
        yield [f"{given.name}: {name}, of `MDCT()`", value, "", "", "", ""]


# Information in codes of syllables


def labels(files: NDArray) -> dict[str, NDArray]:
    r"""Returns speaker, tone and syllable of files such as `\u3105\u311a3/5.ogg`."""
    folders = [file.partition("/")[0] for file in files]
    tones = [folder[-1] if folder[-1].isdigit() else "0" for folder in folders]

    return {
        "speaker": np.array([file.rpartition("/")[2] for file in files]),
        "tone": np.array(tones),
        "syllable without its tone": np.array([folder.rstrip("01234") for folder in folders]),
    }


def neighbors(part: Split, models: dict[str, ae.Autoencoder]) -> Iterator[list[str]]:
    known, asked = labels(part.files), labels(part.files_test)

    for name in known:
        scores = [
            KNeighborsClassifier(1)
            .fit(model.transform(part.X), known[name])
            .score(model.transform(part.X_test), asked[name])
            for model in models.values()
        ]
        yield [f"syllables: {name} by 1-NN", *(f"{100 * s:.1f} %" for s in scores), "", ""]


# New syllables


def generated(part: Split) -> Iterator[list[str]]:
    def kinds(files: NDArray) -> NDArray:
        found = labels(files)
        return np.char.add(np.char.add(found["speaker"], " "), found["tone"])

    y, y_test = kinds(part.files), kinds(part.files_test)
    names, counts = np.unique(y, return_counts=True)
    names = names[counts >= MIN_PER_LABEL]
    rows, rows_test = np.isin(y, names), np.isin(y_test, names)
    part = part._replace(X=part.X[rows], X_test=part.X_test[rows_test])
    y, y_test = y[rows], y_test[rows_test]

    spectra = part.modality.clone().fit(part.X)

    def features(X: NDArray) -> NDArray:
        return spectra.normalize(spectra.load(X)).flatten(start_dim=1).numpy()

    F = features(part.X)
    judge = make_pipeline(PCA(64, random_state=0), SVC(C=10)).fit(F, y)
    y_new = np.repeat(names, NEW_PER_LABEL)

    def nearest(A: NDArray) -> str:
        return f"{np.median(pairwise_distances(A, F).min(axis=1)):.1f}"

    def apart(A: NDArray, label: NDArray) -> str:
        D = pairwise_distances(A)
        return f"{np.median(D[(label[:, None] == label) & (D > 0)]):.1f}"

    def measures(X: NDArray, label: NDArray) -> list[str]:
        A, level = features(X), np.median(20 * np.log10(X.std(axis=1) + 1e-6))
        recognized = f"{100 * judge.score(A, label):.1f} %"

        return [recognized, nearest(A), apart(A, label), f"{level:.1f}"]

    real = measures(part.X_test, y_test)

    for name, prior in PRIORS.items():
        model, _ = fitted(ae.vae, part, y=y, conditional=True, prior=prior)
        new = measures(model.sample(len(y_new), y=y_new, random_state=0), y_new)
        again = measures(model.reconstruct(part.X_test, y_test), y_test)

        for what, *values in zip(GENERATED, new, real):
            yield [f"{name}: {what}", "", "", *values, ""]

    for what, *values in zip(GENERATED, again, real):
        yield [f"the same, reconstructed from held-out ones: {what}", "", "", *values, ""]


def measured(given: Set) -> list[list[str]]:
    r"""Returns the rows of a set."""
    part = split(given)
    makes = MODELS if given is SYLLABLES else dict(list(MODELS.items())[:2])
    models, seconds = {}, []

    for name, make in makes.items():
        models[name], spent = fitted(make, part)
        seconds.append(f"{spent:.0f}")

    new = reconstructions(given, part, models)

    if given is SYLLABLES:
        new += neighbors(part, models)
        new += generated(part)
        larger = {name: fitted(make, part, 64)[0] for name, make in list(MODELS.items())[:2]}
        new += [[f"{n}, 64 numbers", *r] for n, *r in reconstructions(given, part, larger)]
        new += cosines(given, part)

    seconds += [""] * (5 - len(seconds))
    return [*new, [f"{given.name}: seconds to fit {len(part.X):,}", *seconds]]


def main() -> None:
    write([row for given in SETS for row in measured(given)])


def write(rows: list[list[str]]) -> None:
    report.write(
        "sounds",
        f"Recordings in codes of {CODE} numbers",
        ["measure", *MODELS, "limit", "silence"],
        rows,
        NOTES,
    )


NOTES = (
    f"Codes have {CODE} numbers unless another size is said; models are the recipes with their"
    " defaults. PCA is `ae.linear`, of the same log-mel spectra. Distances are log-spectral, at"
    " several resolutions the mean over windows of 256 to 2,048 samples; they are means over"
    f" {TEST_FRACTION:.0%} of the recordings, which no model has seen. The limit is how far"
    " recordings are from themselves, by the spectrum and its way back, or what real"
    " recordings that were held out have. The SNR is below zero where the phase is another."
    " Levels are those of 20 ms, within 40 dB of the loudest. The pitch is that of frames of 64 ms"
    " with an autocorrelation beyond 0.8, and is left out where few have one.\n\n"
    "Syllables are of two speakers, in four tones. New ones were drawn from"
    f" `ae.vae(conditional=True)`, {NEW_PER_LABEL} for each speaker and tone, and are judged"
    " by a support vector machine on 64 principal components of real spectra. Distances between"
    " syllables are Euclidean, of scaled spectra, and medians.\n\n"
    "Seconds are those of one processor, spectra included."
)

if __name__ == "__main__":
    main()
