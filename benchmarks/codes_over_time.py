r"""Codes over time: what a few numbers for each moment of a recording hold, beside one vector.

Principal components of log-mel spectra of telephone prompts stand for the codes, with one vector
for a second or for one or two frames. Linear predictions from earlier codes stand for a prior.
"""

import data
import numpy as np
import report
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from autoencode.data.media.audio.files import read_sound
from autoencode.modalities import LogMel

RATE = 8000
SHORTEST = 1.5  # seconds
TRAIN, TEST = 90, 30  # recordings
SECOND, STEP = 63, 16  # frames
HISTORIES = (1, 4)  # codes
DECIBELS = 20 / np.log(10)


def spectra() -> list[NDArray]:
    paths = sorted(data.sounds("asterisk-core-sounds-en-wav").rglob("*.wav"))
    found: list[NDArray] = []

    for i in np.random.default_rng(0).permutation(len(paths)):
        x = read_sound(paths[i], RATE)

        if len(x) >= SHORTEST * RATE:
            found.append(LogMel().forward(torch.from_numpy(x), RATE).double().numpy())

        if len(found) == TRAIN + TEST:
            break

    return found


def windows(spectra: list[NDArray], n: int, step: int) -> NDArray:
    parts = [c[i : i + n] for c in spectra for i in range(0, len(c) - n + 1, step)]
    return np.stack(parts).reshape(len(parts), -1)


def error(pca: PCA, X: NDArray) -> str:
    R = pca.inverse_transform(pca.transform(X))
    return f"{DECIBELS * np.sqrt(np.square(X - R).mean()):.2f}"


def histories(pca: PCA, spectra: list[NDArray], span: int, n: int) -> tuple[NDArray, NDArray]:
    r"""Returns `n` codes in a row, and the code that follows."""
    codes = [pca.transform(windows([c], span, span)) for c in spectra]
    before = [z[t - n : t].ravel() for z in codes for t in range(n, len(z))]

    return np.stack(before), np.concatenate([z[n:] for z in codes])


def main() -> None:
    found = spectra()
    train, test = found[:TRAIN], found[TRAIN:]
    rows = []

    for k in (16, 64, 256):
        pca = PCA(k, svd_solver="full").fit(windows(train, SECOND, STEP))
        rows.append([f"{k} for a second", k, error(pca, windows(test, SECOND, SECOND)), "", ""])

    for span in (1, 2):
        for k in (2, 4, 8, 16):
            pca = PCA(k, svd_solver="full").fit(windows(train, span, 1))
            explained = []

            for n in HISTORIES:
                model = LinearRegression().fit(*histories(pca, train, span, n))
                Z, z = histories(pca, test, span, n)
                share = 1 - np.square(z - model.predict(Z)).sum() / np.square(z - z.mean(0)).sum()
                explained.append(f"{100 * share:.0f} %")

            a_second = round(k / (0.016 * span))
            error_of_test = error(pca, windows(test, span, span))
            rows.append([f"{k} for {16 * span} ms", a_second, error_of_test, *explained])

    report.write(
        "codes_over_time",
        "Codes over time, by principal components",
        ["numbers", "numbers a second", "error, dB", "explained by 1 code before", "by 4"],
        rows,
        f"Log-mel spectra of telephone prompts, {TRAIN} to learn from and {TEST} to test. Windows"
        " of 64 ms overlap, so that neighboring frames are alike.",
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
