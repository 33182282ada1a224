r"""What the experiments share: their form, their sizes and their data."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy import ndarray
from sklearn.datasets import load_digits

import autoencode as ae

Size = Literal["short", "budget", "full"]
r"""`short` runs in seconds on small data, `budget` in minutes, `full` has the paper's schedule."""


class Experiment(NamedTuple):
    r"""A published comparison that can be run again."""

    title: str
    source: str
    measure: str
    run: Callable[[Size, int], dict[str, float]]
    r"""Returns the figure of each method, from a size and a seed."""

    published: dict[str, str]
    r"""The paper's figures; methods without a verified figure are left out."""

    order: list[tuple[str, str]]
    r"""Pairs of methods, of which the first has the lower figure, as the paper claims."""

    note: str = ""
    epochs: int = 1
    r"""The epochs of each training of the paper's schedule."""


class Images(NamedTuple):
    r"""Images with pixels in 0 to 1, one in a row, and their classes."""

    X: ndarray
    y: ndarray
    X_test: ndarray
    y_test: ndarray

    def binarized(self, seed: int) -> "Images":
        r"""Draws each pixel once, with its brightness as the probability; `(N, H, W)`."""
        rng = np.random.default_rng(seed)
        side = int(self.X.shape[1] ** 0.5)
        X, X_test = (
            (rng.random(x.shape) < x).reshape(-1, side, side) for x in (self.X, self.X_test)
        )
        return self._replace(X=X, X_test=X_test)

    def scores(self, model: ae.Autoencoder, n_samples: int) -> float:
        r"""Returns the mean of -log p(x) of the test images, in nats."""
        return -float(np.mean(model.score_samples(self.X_test, n_samples=n_samples)))


def digits(size: Size, n: int = 10_000, n_test: int = 1_000) -> Images:
    r"""MNIST, or for short experiments the digits of scikit-learn with 8 x 8 pixels.

    Arguments:
        size: The size of the experiment. The full one has all images.
        n: The number of training images of MNIST within the budget.
        n_test: The number of its test images.
    """
    if size == "short":
        X, y = load_digits(return_X_y=True)
        shuffled = np.random.default_rng(0).permutation(len(X))
        X, y = X[shuffled] / 16, y[shuffled]
        return Images(X[:1200], y[:1200], X[1200:], y[1200:])

    sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
    import data

    mnist = ae.datasets.mnist(data.mnist())
    n, n_test = (None, None) if size == "full" else (n, n_test)
    X, X_test = (x.reshape(len(x), -1) / 255 for x in (mnist.X[:n], mnist.X_test[:n_test]))

    return Images(X, mnist.y[:n], X_test, mnist.y_test[:n_test])


def training(size: Size, short: int, budget: int, full: int, **options: float) -> ae.Training:
    r"""Returns a training with as many epochs as the size allows.

    Without a GPU, trainings of the paper's schedule end after one epoch.
    """
    full = full if torch.cuda.is_available() else 1
    epochs = {"short": short, "budget": budget, "full": full}[size]
    return ae.Training(epochs=epochs, validation_fraction=0.0, show_progress=False, **options)
