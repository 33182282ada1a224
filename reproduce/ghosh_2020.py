r"""Plain autoencoders with a fitted density draw new images, too (Ghosh et al., 2020)."""

from collections.abc import Callable

import numpy as np
from experiment import Experiment, Images, Size, digits, training
from numpy import ndarray
from sklearn.neural_network import MLPClassifier

import autoencode as ae
from autoencode.priors import Mixture, StandardNormal

RECIPES = {
    "VAE, normal": lambda **o: ae.vae(prior=StandardNormal(), **o),
    "VAE, mixture": lambda **o: ae.vae(prior=Mixture(10), **o),
    "autoencoder, mixture": lambda **o: ae.autoencoder(prior=Mixture(10), **o),
    "RAE, mixture": lambda **o: ae.rae(prior=Mixture(10), **o),
    "WAE, mixture": lambda **o: ae.wae(prior=Mixture(10), **o),
}


def run(size: Size, seed: int) -> dict[str, float]:
    images = digits(size)
    features = features_of(images, seed)
    real = features(images.X_test)
    figures = {}

    for name, recipe in RECIPES.items():
        model = recipe(
            latent_dim=8 if size == "short" else 16,
            layers=(64,) if size == "short" else (500, 500),
            training=training(size, short=40, budget=20, full=100),
            random_state=seed,
        )
        new = model.fit(images.X).sample(len(real), random_state=seed)
        figures[name] = ae.evaluation.frechet_distance(real, features(np.clip(new, 0, 1)))

    return figures


def features_of(images: Images, seed: int) -> Callable[[ndarray], ndarray]:
    r"""Returns the hidden units of a classifier of the digits, as a function of images."""
    classifier = MLPClassifier((64,), max_iter=60, early_stopping=True, random_state=seed)
    classifier.fit(images.X, images.y)
    weights, bias = classifier.coefs_[0], classifier.intercepts_[0]

    def features(X: ndarray) -> ndarray:
        return np.maximum(X @ weights + bias, 0)

    return features


EXPERIMENT = Experiment(
    title="New images from regularized autoencoders",
    source="Ghosh et al. (2020), arxiv.org/abs/1903.12436, table 1: MNIST",
    measure="Fréchet distance of new images; ours in the 64 features of a classifier of digits",
    run=run,
    published={
        "VAE, normal": "19.21",
        "VAE, mixture": "17.66",
        "autoencoder, mixture": "10.66",
        "RAE, mixture": "8.69",
        "WAE, mixture": "9.39",
    },
    order=[("RAE, mixture", "VAE, normal"), ("autoencoder, mixture", "VAE, normal")],
    note="The paper has features of Inception, so that only the order can be compared.",
    epochs=100,
)
