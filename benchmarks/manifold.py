r"""The manifold of MNIST: tangents, geodesics, neighbors, labels and augmentation.

One model serves all: a denoising autoencoder of the 60,000 images, trained without labels, with
codes of 16 numbers. It is trained once and kept in `data/`. Each task runs in a process of its
own, whose peak memory, with torch and the data, is reported.
"""

import functools
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import data
import numpy as np
import report
import torch
import torch.nn.functional as F
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier
from sklearn.semi_supervised import LabelSpreading
from sklearn.utils import Bunch
from torch import Tensor, nn

import autoencode as ae
from autoencode import manifold
from autoencode.common.estimates import Estimate, estimate_mean

MODEL = data.FOLDER / "mnist-16.ae"
REPEATS = 3
SEEDS = range(5)


@functools.cache
def digits() -> Bunch:
    return ae.datasets.mnist(data.mnist())


@functools.cache
def model() -> ae.Autoencoder:
    if not MODEL.exists():
        training = ae.Training(epochs=12, show_progress=False)
        fitted = ae.denoising(16, layers=(512, 256), training=training, random_state=0)
        fitted.fit(digits().X).save(MODEL)

    return ae.load(MODEL)


def mean(values: list[float]) -> Estimate:
    return estimate_mean(torch.tensor(values, dtype=torch.float64))


# Each task makes its preparations and returns the function to measure. The result of the function,
# if any, is an average with its standard error.


def tangent_bases() -> Callable[[], None]:
    tangents = manifold.Tangents(model()).fit(digits().X[:1000])

    def run() -> None:
        tangents.basis(digits().X_test)

    return run


def geodesics() -> Callable[[], None]:
    a, b = model().transform(digits().X_test[:200]).reshape(2, 100, -1)
    search = manifold.Geodesics(model(), n_points=64)

    def run() -> None:
        search.path(a, b)

    return run


def our_trustworthiness(n: int, n_samples: int | None = None) -> Callable[[], tuple]:
    X = digits().X[:n]
    Z = model().transform(X)
    return lambda: manifold.trustworthiness(X, Z, n_samples=n_samples, random_state=0)


def their_trustworthiness(n: int) -> Callable[[], tuple]:
    X = digits().X[:n].reshape(n, -1).astype(np.float32)
    Z = model().transform(digits().X[:n])
    return lambda: (trustworthiness(X, Z), 0.0)


# Ten labels per class: the accuracy on the other examples, over five draws of the ten


def our_spreading(n: int, alpha: float) -> Callable[[], tuple]:
    Z = model().transform(digits().X[:n])

    def run() -> tuple:
        graph = manifold.NeighborGraph(n_neighbors=15).fit(Z)
        return accuracy(
            lambda known: manifold.label_spreading(graph, known, alpha=alpha).labels, n
        )

    return run


def their_spreading(n: int, kernel: str, alpha: float) -> Callable[[], tuple]:
    Z = model().transform(digits().X[:n])
    # The kernel is as wide as the distance of neighbors; with the default of 20 no edge has weight
    farthest = manifold.NeighborGraph(n_neighbors=15).fit(Z).distances_[:, -1].mean()
    width = {"n_neighbors": 15} if kernel == "knn" else {"gamma": 1 / farthest**2}
    spreading = LabelSpreading(kernel=kernel, alpha=alpha, **width)
    return lambda: accuracy(lambda known: spreading.fit(Z, known).transduction_, n)


def nearest_label(n: int) -> Callable[[], tuple]:
    Z = model().transform(digits().X[:n])

    def label(known: np.ndarray) -> np.ndarray:
        rows = known >= 0
        return KNeighborsClassifier(1).fit(Z[rows], known[rows]).predict(Z)

    return lambda: accuracy(label, n)


def accuracy(label: Callable[[np.ndarray], np.ndarray], n: int) -> tuple[float, float]:
    return mean([(label(known) == y)[known < 0].mean() for y, known in draws(n)])


def draws(n: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    r"""Yields all labels, and labels with all but ten of each class unknown, for each seed."""
    y = digits().y[:n].astype(int)

    for seed in SEEDS:
        order = np.random.default_rng(seed).permutation(n)
        chosen = np.concatenate([order[y[order] == c][:10] for c in range(10)])
        known = np.full(n, -1)
        known[chosen] = y[chosen]
        yield y, known


# An MLP trained on 1,000 labeled digits: the test error, over five draws of the 1,000

HELD_OUT = 5000  # last training images, for the choice of strengths
TUNING_SEEDS = (100, 101)
STEPS = 1000
STRENGTHS = {
    "nothing": [0.0],
    "noise": [0.1, 0.2, 0.4, 0.8],
    "augmentation": [1.0, 2.0, 4.0, 6.0],
    "penalty": [0.0003, 0.001, 0.003],
}


class Labeled(NamedTuple):
    r"""Digits, and their tangent directions scaled by the spread of the data."""

    x: Tensor
    y: Tensor
    directions: Tensor


@functools.cache
def labeled(seed: int) -> Labeled:
    X, y = digits().X, digits().y
    rows = np.random.default_rng(seed).permutation(len(X) - HELD_OUT)[:1000]
    tangents = manifold.Tangents(model()).fit(X)
    (basis, _), spread = tangents.basis(X[rows]), tangents.local_scale(X[rows])
    return Labeled(*tensors(X[rows], y[rows]), torch.from_numpy(basis * spread[..., None]))


def tensors(X: np.ndarray, y: np.ndarray) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(X).flatten(start_dim=1) / 255, torch.from_numpy(y.astype(np.int64))


def train(how: str, strength: float, seed: int) -> nn.Module:
    r"""Returns a classifier trained by one of the four methods."""
    known = labeled(seed)
    torch.manual_seed(seed)
    layers = [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)]
    network = nn.Sequential(*layers)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)

    for _ in range(STEPS):
        rows = torch.randint(len(known.x), (100,))
        x, y, directions = (part[rows] for part in known)
        # A random tangent direction: the expected square of its product is that of the sum
        v = (torch.randn(100, 1, directions.shape[1]) @ directions).squeeze(dim=1)

        if how == "noise":
            x = (x + strength * torch.randn_like(x)).clamp(0, 1)
        elif how == "augmentation":
            # TangentAugment(tangents, scale=strength), without computing the planes again
            x = (x + strength * v).clamp(0, 1)

        loss = F.cross_entropy(network(x), y)

        if how == "penalty":
            loss = loss + strength * manifold.tangent_penalty(network, x, v[:, None]).mean()

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return network


def wrong(network: nn.Module, X: np.ndarray, y: np.ndarray) -> float:
    x, y = tensors(X, y)

    with torch.no_grad():
        return float((network(x).argmax(dim=1) != y).double().mean())


def classifier(how: str) -> Callable[[], tuple]:
    held_out = digits().X[-HELD_OUT:], digits().y[-HELD_OUT:]

    def tuned(strength: float) -> float:
        return sum(wrong(train(how, strength, seed), *held_out) for seed in TUNING_SEEDS)

    strengths = STRENGTHS[how]
    strength = min(strengths, key=tuned) if len(strengths) > 1 else strengths[0]
    print(f"{how}: a strength of {strength} was chosen", flush=True)
    test = digits().X_test, digits().y_test
    return lambda: mean([wrong(train(how, strength, seed), *test) for seed in SEEDS])


# The table


class Task(NamedTuple):
    name: str
    method: str
    prepare: Callable[..., Callable]
    arguments: tuple = ()
    repeats: int = REPEATS


BASES = "tangent bases of 10,000 images"
CURVES = "100 geodesics of 64 points"
TRUST = "trustworthiness of"
LABELS = "10 labels a class, accuracy of"
TEST = "1,000 labels, test error of a perceptron"

TASKS = [
    Task(BASES, "`Tangents(model).basis(X)`", tangent_bases),
    Task(CURVES, "`Geodesics(model).path(a, b)`", geodesics),
    Task(
        f"{TRUST} 60,000", "`trustworthiness(n_samples=1000)`", our_trustworthiness, (60000, 1000)
    ),
    Task(f"{TRUST} 10,000", "`trustworthiness`", our_trustworthiness, (10000,)),
    Task(f"{TRUST} 10,000", "scikit-learn's", their_trustworthiness, (10000,), 1),
    Task(f"{LABELS} 60,000", "the nearest label", nearest_label, (60000,), 1),
    Task(f"{LABELS} 60,000", "`label_spreading(alpha=0.9)`", our_spreading, (60000, 0.9), 1),
    Task(f"{LABELS} 60,000", "`label_spreading(alpha=0.99)`", our_spreading, (60000, 0.99), 1),
    Task(f"{LABELS} 60,000", "scikit-learn, knn, 0.2", their_spreading, (60000, "knn", 0.2), 1),
    Task(f"{LABELS} 60,000", "scikit-learn, knn, 0.99", their_spreading, (60000, "knn", 0.99), 1),
    Task(f"{LABELS} 6,000", "`label_spreading(alpha=0.99)`", our_spreading, (6000, 0.99)),
    Task(f"{LABELS} 6,000", "scikit-learn, rbf, 0.2", their_spreading, (6000, "rbf", 0.2), 1),
    Task(TEST, "no help", classifier, ("nothing",), 1),
    Task(TEST, "noise of the same strength everywhere", classifier, ("noise",), 1),
    Task(TEST, "`TangentAugment`", classifier, ("augmentation",), 1),
    Task(TEST, "`tangent_penalty`", classifier, ("penalty",), 1),
]


def measure(task: Task) -> list[str]:
    run, seconds = task.prepare(*task.arguments), []

    for _ in range(task.repeats):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)

    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    value = "{:.5f} ± {:.5f}".format(*result) if result else "-"
    return [task.name, task.method, value, f"{statistics.median(seconds):.1f}", f"{memory:.0f}"]


def alone(function: Callable, *arguments: Any) -> Any:
    r"""Calls a function in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        result = pool.submit(function, *arguments).result()

    print(result, flush=True)
    return result


def write(rows: list[list[str]]) -> None:
    report.write(
        "manifold",
        "The manifold of MNIST",
        ["task", "with", "result", "seconds", "peak MiB"],
        rows,
        NOTES,
    )


NOTES = """\
The model is `ae.denoising(16, layers=(512, 256))`, trained on all 60,000 images for 12 epochs. \
Results are means with their standard errors; seconds are medians of three repetitions, or of one \
where they are many. Peak memory is that of a whole process, with torch and the data.

Trustworthiness is of codes with 5 neighbors; its standard error is that of the sample, and 0 \
where all points were looked at.

Labels: over five draws of the ten per class, of the same codes for all; seconds are those of all \
five. Ours makes one graph of 15 neighbors for them, scikit-learn's one for each. Scikit-learn's \
default of `alpha` is 0.2; with 0.99 it has not converged at its `max_iter=30`. Its `rbf` kernel, \
here as wide as the 15th neighbor is far, needs a matrix of all pairs: 29 GB for 60,000.

The classifier has two hidden layers of 512 units and 1,000 steps of Adam with batches of 100, \
over five draws of its 1,000 labels, the same for all. Strengths were chosen out of three or four \
on 5,000 training images, by two other draws; seconds are those of five trainings.
"""


def main() -> None:
    alone(model)
    write([alone(measure, task) for task in TASKS])


if __name__ == "__main__":
    main()
