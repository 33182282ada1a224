r"""Small examples of each kind of data, and arguments of quick fits."""

from collections.abc import Callable
from typing import Any

import numpy as np

import autoencode as ae
from autoencode import objectives as o

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
GRAY = RNG.integers(256, size=(30, 8, 8), dtype=np.uint8)
COLOR = RNG.integers(256, size=(12, 8, 8, 3), dtype=np.uint8)
COUNTS = RNG.poisson(2.0, size=(30, 4))
TEXTS = [" ".join(RNG.choice(["ab", "cd", "efg"], 3)) for _ in range(30)]
WAVES = RNG.normal(scale=0.1, size=(8, 2000)).astype(np.float32)
STEPS = np.sin(np.arange(20)[:, None] / 3 + RNG.normal(size=(12, 1, 2)))
GAPS = np.where(RNG.random(STEPS.shape) < 0.2, np.nan, STEPS)


def frame() -> Any:
    import pandas

    numbers, rng = X, np.random.default_rng(1)
    columns = {
        "number": numbers[:, 0],
        "level": ["a", "b", None] * 10,
        "day": pandas.date_range("2020", periods=30),
        "count": rng.integers(9, size=30),
        "money": rng.integers(1000, size=30) / 100,
        "truth": rng.random(30) < 0.5,
        "zone": pandas.date_range("2021", periods=30, freq="h", tz="UTC"),
        "kind": pandas.Categorical(["x", "y"] * 15, categories=["x", "y", "z"]),
    }

    return pandas.DataFrame(columns)


def timed() -> Any:
    import pandas

    steps = np.arange(40.0)
    return pandas.DataFrame({"t": steps, "u": np.sin(steps), "v": np.cos(steps), "w": steps % 7})


def ragged() -> list[np.ndarray]:
    return [step[: 8 + i] for i, step in enumerate(STEPS)]


ONCE: dict[str, Any] = {
    "training": ae.Training(epochs=1, show_progress=False),
    "random_state": 0,
}
QUICK: dict[str, Any] = {"layers": (8,), **ONCE}
Made = tuple[Callable[[], ae.Autoencoder], Callable[[], Any], Any]


def with_objective(
    objective: Any, data: Callable[[], Any] = lambda: X, latent_dim: int = 2, **options: Any
) -> Made:
    given = {"network": ae.networks.FullyConnected((8,)), "objective": objective, **ONCE}
    return lambda: ae.Autoencoder(latent_dim, **given | options), data, None


def with_posterior(posterior: Any, objective: Any = None, latent_dim: int = 2) -> Made:
    return with_objective(
        objective or o.Reconstruction(), latent_dim=latent_dim, posterior=posterior
    )
