r"""Tiled planes are a better density than round kernels (Vincent & Bengio, 2003)."""

import numpy as np
from experiment import Experiment, Size
from numpy import ndarray
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity

import autoencode as ae


def run(size: Size, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    X, X_test = spiral(300, rng), spiral(2_000 if size == "short" else 10_000, rng)
    widths = {"bandwidth": np.geomspace(0.003, 0.1, 24)}
    kernels = GridSearchCV(KernelDensity(), widths, cv=10).fit(X).best_estimator_
    planes = ae.manifold.ManifoldParzen(n_components=1, n_neighbors=11).fit(X)

    return {
        "Parzen": -float(kernels.score_samples(X_test).mean()),
        "Manifold Parzen": -float(planes.score_samples(X_test).mean()),
        "the true density": -float(log_density(X_test).mean()),
    }


def spiral(n: int, rng: np.random.Generator) -> ndarray:
    t = rng.uniform(3, 15, n)
    return np.column_stack([0.04 * t * np.sin(t), 0.04 * t * np.cos(t)]) + rng.normal(
        scale=0.01, size=(n, 2)
    )


def log_density(X: ndarray) -> ndarray:
    r"""Returns the log density of the spiral, by an integral over its length."""
    t = np.linspace(3, 15, 20_001)
    curve = np.column_stack([0.04 * t * np.sin(t), 0.04 * t * np.cos(t)])
    logs = [-((x - curve) ** 2).sum(axis=1) / (2 * 0.01**2) for x in X]

    return np.array([np.log(np.mean(np.exp(a - a.max()))) + a.max() for a in logs]) - np.log(
        2 * np.pi * 0.01**2
    )


EXPERIMENT = Experiment(
    title="The density of a spiral",
    source="Vincent & Bengio (2003), NIPS 15: the spiral with 300 training points",
    measure="-log p(x) of a test point, nats",
    run=run,
    published={},
    order=[("the true density", "Manifold Parzen"), ("Manifold Parzen", "Parzen")],
    note="No density can be better than the true one in the mean: a lower figure is an error.",
)
