r"""Tests of where networks with a shortcut begin; `linear` itself is held in `test_recipes.py`."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

import autoencode as ae
from autoencode.data import Examples
from autoencode.distributions import Bernoulli, FixedGaussian, Gaussian
from autoencode.least_squares import initialize
from autoencode.networks import Perceptron
from autoencode.objectives import Reconstruction
from autoencode.step import Step

X = np.random.default_rng(0).normal(size=(200, 8)) @ np.random.default_rng(1).normal(size=(8, 8))
y = np.arange(200) % 3


def begun(make=ae.autoencoder, D: int = 3, X=X, y=None, shortcut=True, **options):
    r"""Returns a model that was trained, and then put back to where it would begin."""
    network = Perceptron((16,), shortcut=shortcut)
    training = ae.Training(epochs=2, progress=False)
    model = make(D, network=network, training=training, random_state=0, **options).fit(X, y)
    before = {name: t.clone() for name, t in model.model_.state_dict().items()}

    given = model.preprocess(X, y)
    initialize(Step(model.model_, Reconstruction()), Examples(given.target, None, given.context))
    moved = any(not torch.equal(t, before[n]) for n, t in model.model_.state_dict().items())

    return model, moved


@pytest.mark.parametrize("make", [ae.autoencoder, ae.vae, ae.denoising])
def test_training_begins_at_principal_components(make) -> None:
    model, moved = begun(make)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    pca = PCA(3).fit(scaled)
    Z, known = model.transform(X), pca.transform(scaled)

    assert moved
    assert np.allclose(np.abs(Z), np.abs(known / known.std(axis=0)), atol=1e-3)

    R = pca.inverse_transform(known) * X.std(axis=0) + X.mean(axis=0)
    assert np.allclose(model.reconstruct(X), R, atol=1e-3 * np.abs(X).max())

    scale = model.model_.decode(torch.zeros(1, 3)).stddev
    assert scale.mean().item() == pytest.approx(np.sqrt(pca.noise_variance_ * 5 / 8), rel=1e-2)


def test_under_a_context_it_begins_at_what_that_leaves() -> None:
    moved = X + 5 * y[:, None]
    model, _ = begun(X=moved, y=y, conditional=True)
    scaled = (moved - moved.mean(axis=0)) / moved.std(axis=0)
    means = np.stack([scaled[y == label].mean(axis=0) for label in range(3)])[y]
    pca = PCA(3).fit(scaled - means)

    R = pca.inverse_transform(pca.transform(scaled - means)) + means
    R = R * moved.std(axis=0) + moved.mean(axis=0)
    assert np.allclose(model.reconstruct(moved, y), R, atol=1e-3 * np.abs(moved).max())


@pytest.mark.parametrize(
    ("options", "moves"),
    [
        ({"likelihood": FixedGaussian()}, True),
        ({"likelihood": Gaussian()}, False),
        ({"shortcut": False}, False),
        ({"X": (X > 0).astype(float), "likelihood": Bernoulli()}, False),
    ],
)
def test_other_models_begin_as_they_did(options, moves: bool) -> None:
    assert begun(**options)[1] is moves


@pytest.mark.parametrize(("shortcut", "epochs"), [(True, 32), (False, 128)])
def test_what_begins_there_is_soon_done(shortcut: bool, epochs: int) -> None:
    model = ae.autoencoder(2, network=Perceptron((4,), shortcut=shortcut), random_state=0)
    assert model.fit(X[:20]).training_.epochs == len(model.history_) == epochs

    model.set_params(training=ae.Training(epochs=3))  # said is said
    assert len(model.fit(X[:20]).history_) == 3


@pytest.mark.parametrize(
    ("x", "rank"), [(X[:2], 1), (np.ones((20, 8)), 0), (X[:1], 0), (X[:, [0, 1, 1, 0, 2]], 3)]
)
def test_codes_wider_than_what_varies_are_zero_there(x, rank: int) -> None:
    model, _ = begun(D=12, X=x)
    Z = model.transform(x)

    assert np.allclose(Z.std(axis=0)[:rank], 1, atol=1e-3)
    assert np.allclose(Z[:, rank:], 0, atol=1e-6)
    assert np.allclose(model.reconstruct(x), x, atol=1e-3)


def test_least_squares_refuse_a_shortcut() -> None:
    network = Perceptron((), shortcut=True)

    with pytest.raises(ValueError, match="no shortcut"):
        ae.autoencoder(2, network=network, training=ae.LeastSquares()).fit(X)
