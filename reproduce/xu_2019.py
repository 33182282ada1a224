r"""New rows of a table (TVAE, Xu et al., 2019): two simulated tables with known densities."""

import numpy as np
from experiment import Experiment, Size, training
from numpy import ndarray
from sklearn.mixture import GaussianMixture

import autoencode as ae

WIDTH = 0.05  # the standard deviation of each component


def run(size: Size, seed: int) -> dict[str, float]:
    n = 1000 if size == "short" else 10_000
    rng = np.random.default_rng(seed)
    figures = {}

    for name, means in {"grid": grid(), "ring": ring()}.items():
        X, X_test = draw(means, n, rng), draw(means, n, rng)
        model = ae.vae(
            latent_dim=2,
            training=training(size, short=60, budget=150, full=300),
            random_state=seed,
        )
        new = model.fit(X).sample(n, random_state=seed)

        for kind, rows in {"VAE": new, "real rows": X}.items():
            figures[f"{name}, {kind}, of new rows"] = -_log_density(means, rows)
            fitted = GaussianMixture(len(means), random_state=seed).fit(rows)
            figures[f"{name}, {kind}, of test rows"] = -float(fitted.score(X_test))

    return figures


def grid() -> ndarray:
    return np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), axis=-1).reshape(-1, 2) * 1.0


def ring() -> ndarray:
    angles = np.arange(8) * np.pi / 4
    return np.column_stack([np.cos(angles), np.sin(angles)])


def draw(means: ndarray, n: int, rng: np.random.Generator) -> ndarray:
    return means[rng.integers(len(means), size=n)] + rng.normal(scale=WIDTH, size=(n, 2))


def _log_density(means: ndarray, X: ndarray) -> float:
    squares = ((X[:, None] - means) ** 2).sum(axis=2) / (2 * WIDTH**2)
    logs = np.logaddexp.reduce(-squares, axis=1) - np.log(len(means) * 2 * np.pi * WIDTH**2)
    return float(logs.mean())


EXPERIMENT = Experiment(
    title="New rows of simulated tables",
    source="Xu et al. (2019), arxiv.org/abs/1907.00503: a grid and a ring of Gaussians",
    measure="negative log density, nats: new rows under the true density, and test rows under a"
    " mixture fitted to new rows",
    run=run,
    published={},
    order=[],
    note="The figures of the paper are not verified here and therefore not shown; real rows in"
    " place of new ones show what can be reached.",
    epochs=300,
)
