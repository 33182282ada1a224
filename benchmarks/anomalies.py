r"""Anomaly detection in labeled data: our detector against those of PyOD and scikit-learn.

All detectors see half of the normal examples, without labels, and score the other half together
with the anomalies. All have their default settings. Normal examples; anomalies:

- Shuttle: "Rad.Flow"; the other classes, without "High" (as in ODDS);
- Satellite: the three large classes; the three small ones (as in ODDS);
- Breast cancer: benign; malignant (as in ODDS). Rows with missing cells are left out;
- Ionosphere: good; bad (as in ODDS);
- Pima: neg; pos (as in ODDS);
- Vowel: all classes but one, another for each seed; that one. Without the speaker's number;
- Letter: three letters, others for each seed; all other letters;
- MNIST: one digit, two runs for each seed, so that each digit is normal once; all others.

At most 4,000 normal examples and 2,000 anomalies are drawn from each set. None of these sets was
used to design the detector; Vehicle, Sonar and Glass of the same package, digits, wine and breast
cancer of scikit-learn, and Fashion-MNIST were.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import data
import environments
import numpy as np
import report
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

import autoencode as ae
from autoencode.manifold.anomalies.detector import OffManifoldDetector

SEEDS = range(5)
NORMAL, ANOMALIES = 4000, 2000
SCRIPT = Path(__file__).parent / "peers" / "pyod_detectors.py"

# MD5 of the files in R's package mlbench
MLBENCH = {
    "Shuttle.rda": "2dd38ffe9dda175c3c7609881a7b8f3f",
    "Satellite.rda": "7a34cc4153a892f6be26d2aacaa8b119",
    "BreastCancer.rda": "eae7e006a671d988711f7b8a2901d94f",
    "Ionosphere.rda": "9ca65dd2bb66a3f37d21ae0fec773229",
    "PimaIndiansDiabetes.rda": "faf2bcc583d54f91a923786c58658584",
    "Vowel.rda": "4f980bc3c5691f964e72cd20fa56b9fb",
    "LetterRecognition.rda": "e987247fa4b45c92191efd9322952737",
}


def environment() -> Path:
    r"""Returns the Python of an environment with PyOD and a reader of R's files."""
    return environments.python("pyod", "torch", "pyod==3.6.7", "rdata==1.1.0", "tqdm")


def tables() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    r"""Rows and labels of the tables of R's package mlbench, from Debian."""
    folder = data._bring(
        "mlbench",
        MLBENCH,
        ["apt-get", "-qq", "download", "r-cran-mlbench"],
        ["dpkg-deb", "--extract"],
    )

    if not all((folder / file).with_suffix(".npz").exists() for file in MLBENCH):
        subprocess.run([environment(), SCRIPT, "tables", folder], check=True)

    found = {}

    for file, label in LABELS.items():
        columns = dict(np.load(folder / f"{file}.npz"))
        y = columns.pop(label)
        X = np.stack([v for k, v in columns.items() if (file, k) not in LEFT_OUT], axis=1)
        complete = np.isfinite(X).all(axis=1)
        found[file] = X[complete], y[complete]

    return found


LABELS = {
    "Shuttle": "Class",
    "Satellite": "classes",
    "BreastCancer": "Class",
    "Ionosphere": "Class",
    "PimaIndiansDiabetes": "diabetes",
    "Vowel": "Class",
    "LetterRecognition": "lettr",
}
LEFT_OUT = {("BreastCancer", "Id"), ("Vowel", "V1")}


def problems(seed: int) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    r"""Yields the name, the examples, and the indices of normal examples and of anomalies."""
    known = tables()
    rng = np.random.default_rng(seed)

    X, y = known["Shuttle"]
    yield "Shuttle", X, y == "Rad.Flow", (y != "Rad.Flow") & (y != "High")

    X, y = known["Satellite"]
    small = np.isin(y, ["cotton crop", "damp gray soil", "vegetation stubble"])
    yield "Satellite", X, ~small, small

    for name, file, normal in [
        ("Breast cancer", "BreastCancer", "benign"),
        ("Ionosphere", "Ionosphere", "good"),
        ("Pima", "PimaIndiansDiabetes", "neg"),
    ]:
        X, y = known[file]
        yield name, X, y == normal, y != normal

    X, y = known["Vowel"]
    one = y == rng.choice(np.unique(y))
    yield "Vowel", X, ~one, one

    X, y = known["LetterRecognition"]
    three = np.isin(y, rng.choice(np.unique(y), 3, replace=False))
    yield "Letter", X, three, ~three

    mnist = ae.datasets.mnist(data.mnist())

    for digit in (seed, seed + 5):
        yield f"MNIST {digit}", mnist.X, mnist.y == digit, mnist.y != digit


def split(X: np.ndarray, normal: np.ndarray, other: np.ndarray, seed: int) -> tuple:
    r"""Returns training examples, test examples, and whether each test example is an anomaly."""
    rng = np.random.default_rng(seed)
    inside = rng.permutation(np.flatnonzero(normal))[:NORMAL]
    outside = rng.permutation(np.flatnonzero(other))[:ANOMALIES]
    train, rest = np.array_split(inside, 2)

    return X[train], X[np.r_[rest, outside]], np.r_[np.zeros(len(rest)), np.ones(len(outside))]


def ours(X: np.ndarray, X_test: np.ndarray, seed: int) -> np.ndarray:
    return -OffManifoldDetector(random_state=seed).fit(X).score_samples(X_test)


def forest(X: np.ndarray, X_test: np.ndarray, seed: int) -> np.ndarray:
    flat, flat_test = (x.reshape(len(x), -1) for x in (X, X_test))
    return -IsolationForest(random_state=seed).fit(flat).score_samples(flat_test)


def run(seed: int) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    r"""Returns areas under the ROC curve by detector and data, and seconds by detector."""
    splits = {name: split(X, *which, seed) for name, X, *which in problems(seed)}
    areas, seconds = {}, {}

    for detector, scores in {"autoencode": ours, "IsolationForest": forest}.items():
        start = time.perf_counter()
        areas[detector] = {
            name: roc_auc_score(y, scores(X, X_test, seed))
            for name, (X, X_test, y) in splits.items()
        }
        seconds[detector] = time.perf_counter() - start

    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "splits.npz", Path(folder) / "scores.json"
        flat = {name: [x.reshape(len(x), -1) for x in parts[:2]] for name, parts in splits.items()}
        arrays = {f"{k}/{part}": x for k, v in flat.items() for part, x in zip(PARTS, v)}
        np.savez(path, **arrays)
        subprocess.run([environment(), SCRIPT, "scores", path, str(seed), out], check=True)
        found = json.loads(out.read_text())

    for detector, spent in found.pop("seconds").items():
        seconds[detector] = sum(spent)
        areas[detector] = {k: roc_auc_score(splits[k][2], v) for k, v in found[detector].items()}

    return areas, seconds


PARTS = ("train", "test")
NAMES = {
    "autoencode": "`OffManifoldDetector()`",
    "AutoEncoder": "PyOD 3.6.7 `AutoEncoder()`",
    "VAE": "PyOD 3.6.7 `VAE()`",
    "IsolationForest": "scikit-learn `IsolationForest()`",
}


def write(runs: list[tuple]) -> None:
    columns = list(dict.fromkeys(_data(name) for name in runs[0][0]["autoencode"]))
    rows = []

    for detector, title in NAMES.items():
        areas: dict[str, list[float]] = {column: [] for column in columns}

        for found, _ in runs:
            for name, area in found[detector].items():
                areas[_data(name)].append(area)

        means = [np.mean(areas[column]) for column in columns]
        spent = np.mean([seconds[detector] for _, seconds in runs])
        rows.append([title, *(f"{m:.3f}" for m in [*means, np.mean(means)]), f"{spent:.0f}"])

    report.write(
        "anomalies",
        "Anomalies: area under the ROC curve",
        ["detector", *columns, "mean", "seconds"],
        rows,
        f"Means over {len(runs)} seeds, all detectors with their defaults on the same splits;"
        " seconds are those of one seed, all data together, on a machine with other work: rough."
        " What is normal and what is not stands in the script, with the data on which the"
        " detector was designed, none of which is here.",
    )


def _data(name: str) -> str:
    return "MNIST" if name.startswith("MNIST") else name


def main() -> None:
    write([run(seed) for seed in SEEDS])


if __name__ == "__main__":
    main()
