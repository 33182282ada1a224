r"""Spoken syllables in codes of 16 numbers: how far reconstructions are from held-out ones."""

import time

import data
import numpy as np
import report
from sklearn.neighbors import KNeighborsClassifier

import autoencode as ae
from autoencode.data import read_sounds
from autoencode.evaluation import log_spectral_distance, signal_to_noise
from autoencode.modalities import MDCT, LogMel, Sounds

CODE, TEST, RATE, SECONDS = 16, 358, 16000, 0.75
EPOCHS = 40

MEL = Sounds(RATE, SECONDS, spectrum=LogMel())
COSINES = Sounds(RATE, SECONDS, spectrum=MDCT())


def models() -> dict[str, ae.Autoencoder]:
    options = {"latent_dim": CODE, "modality": MEL, "random_state": 0}
    training = ae.Training(epochs=EPOCHS)

    return {
        "PCA of `MDCT()`": ae.linear(CODE, modality=COSINES),
        "PCA of `LogMel()`": ae.linear(CODE, modality=MEL),
        "`LogMel()`, perceptron": ae.autoencoder(layers=(512, 512), training=training, **options),
        "`LogMel()`, default network": ae.autoencoder(training=training, **options),
    }


def main() -> None:
    sounds = read_sounds(data.syllables(), RATE, SECONDS)
    order = np.random.default_rng(0).permutation(len(sounds.X))
    X, X_test = sounds.X[order[TEST:]], sounds.X[order[:TEST]]
    speaker = np.array([name.rpartition("/")[2] for name in sounds.files])[order]

    padded = COSINES.clone().fit(X)
    x = padded.restore(padded.normalize(padded.load(X_test)))
    floor = MEL.clone().fit(X)
    R = floor.restore(floor.normalize(floor.load(X_test)))
    rows = [["`LogMel()` itself, and its way back", *distances(x, R), "", ""]]

    for name, model in models().items():
        start = time.perf_counter()
        model.fit(X)
        seconds = time.perf_counter() - start

        neighbours = KNeighborsClassifier(1).fit(model.transform(X), speaker[TEST:])
        accuracy = neighbours.score(model.transform(X_test), speaker[:TEST])
        R = model.reconstruct(X_test)
        rows.append([name, *distances(x, R), f"{100 * accuracy:.1f} %", f"{seconds:.0f}"])
        print(rows[-1], flush=True)

    report.write(
        "sounds",
        f"Spoken syllables in codes of {CODE} numbers",
        ["model", "log-spectral distance, dB", "SNR, dB", "speaker by 1-NN", "seconds"],
        rows,
        f"{len(X):,} syllables of two speakers to train on, {TEST} others to test on, {SECONDS} s"
        f" at {RATE} Hz each; {EPOCHS} epochs where there are any. Means over test sounds; SNR is"
        " below zero where the phase is another. The first row is the limit for all of `LogMel()`."
        f" Silence would have a distance of {distances(x, 0 * x)[0]}.",
    )


def distances(x: np.ndarray, r: np.ndarray) -> list[str]:
    pairs = log_spectral_distance(x, r), signal_to_noise(x, r)
    return [f"{d.mean():.2f}" for d in pairs]


if __name__ == "__main__":
    main()
