r"""A penalty on the total correlation gives each factor a unit (Chen et al., 2018)."""

import numpy as np
from experiment import Experiment, Size, training
from numpy import ndarray

import autoencode as ae

BETA = 4.0


def run(size: Size, seed: int) -> dict[str, float]:
    n, side = {"short": (1000, 12), "budget": (10_000, 32), "full": (100_000, 64)}[size]
    X, factors = sprites(n, side, np.random.default_rng(seed))
    figures = {}

    for name, recipe in {"beta-VAE": ae.beta_vae, "beta-TC-VAE": ae.beta_tc_vae}.items():
        model = recipe(
            latent_dim=6 if size == "short" else 10,
            beta=BETA,
            layers=(64,) if size == "short" else (1200, 1200),
            training=training(size, short=60, budget=15, full=30, batch_size=64),
            random_state=seed,
        )
        Z = model.fit(X).transform(X)
        figures[name] = ae.evaluation.disentanglement(Z, factors).mig

    return figures


def sprites(n: int, side: int, rng: np.random.Generator) -> tuple[ndarray, ndarray]:
    r"""Draws binary squares and disks at random places and with random sizes.

    Arguments:
        n: The number of images.
        side: Their width and height in pixels.
        rng: The generator.

    Returns:
        The images, with shape `(n, side, side)`, and the factors: shape, size and the place.
    """
    kind = rng.integers(2, size=n)
    radius = rng.choice(np.linspace(0.1, 0.2, 6), n) * side
    place = rng.choice(np.linspace(0.25, 0.75, 16), (n, 2)) * side
    grid = np.arange(side) + 0.5
    down = np.abs(grid - place[:, :1])[:, :, None]
    right = np.abs(grid - place[:, 1:])[:, None, :]
    r = radius[:, None, None]
    inside = np.where(kind[:, None, None] == 1, np.hypot(down, right), np.maximum(down, right)) < r

    return inside, np.column_stack([kind, radius, place])


EXPERIMENT = Experiment(
    title="Disentanglement of drawn sprites",
    source="Chen et al. (2018), arxiv.org/abs/1802.04942: box plots of dSprites, no table",
    measure="mutual information gap of units and factors",
    run=run,
    published={},
    order=[("beta-VAE", "beta-TC-VAE")],
    note="dSprites is not in a package registry; the sprites are squares and disks of our own.",
    epochs=30,
)
