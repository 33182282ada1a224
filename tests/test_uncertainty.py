r"""Tests of standard deviations of codes, and of draws from p(x|z)."""

import re

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_wine

import autoencode as ae
from autoencode import Training
from autoencode.cli import main
from autoencode.distributions import (
    FullGaussian,
    Laplace,
    PlanarFlow,
    PowerSpherical,
    WrappedNormal,
)
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO
from autoencode.priors import StandardNormal

X = load_wine().data
ONE = {"training": Training(epochs=1, validation_fraction=0), "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def fitted(posterior, **options) -> ae.Autoencoder:
    network = FullyConnected((8,))
    return ae.Autoencoder(3, ELBO(), network=network, posterior=posterior, **ONE, **options).fit(X)


@pytest.mark.parametrize("posterior", [None, FullGaussian(), Laplace(), PowerSpherical()])
def test_standard_deviations_are_those_of_the_posterior(posterior) -> None:
    model = fitted(posterior)
    mean, std = model.transform(X[:5], return_std=True)

    with torch.no_grad():
        torch.manual_seed(0)
        z = model.model_.encode(model.preprocess(X[:5]).target).sample((20_000,))

    np.testing.assert_array_equal(mean, model.transform(X[:5]))
    np.testing.assert_allclose(std, z.std(dim=0), rtol=0.05)
    assert mean.dtype == std.dtype == np.float32


def test_standard_deviations_follow_the_context_and_the_rows() -> None:
    y = load_wine().target
    model = ae.vae(2, layers=(4,), conditional=True, **ONE).fit(X, y)
    mean, std = model.transform(X, y, return_std=True)

    assert np.allclose(std[7:9], model.transform(X[7:9], y[7:9], return_std=True)[1], rtol=1e-5)
    assert np.array_equal(model.set_output(transform="pandas").transform(X, y), mean)


def test_codes_without_standard_deviations_are_refused() -> None:
    refused = [(ae.linear(2).fit(X), "whose codes are points. Use ae.vae")]
    refused += [(fitted(kind), "in closed form") for kind in (PlanarFlow(2), WrappedNormal())]
    refused += [(ae.sparse(8, k=2, **ONE).fit(X), "whose codes are points")]

    for model, message in refused:
        with pytest.raises(ValueError, match=message):
            model.transform(X, return_std=True)

    for options in ({"sparse": True}, {"indices": True}, {"out": "z.npy"}):
        with pytest.raises(ValueError, match="return_std"):
            fitted(None).transform(X, return_std=True, **options)


def test_draws_of_images_have_the_noise_of_the_likelihood(tmp_path, monkeypatch) -> None:
    images = load_digits().images[:60]
    model = ae.vae(2, layers=(8,), prior=StandardNormal(), **ONE).fit(images)
    Z = np.repeat(model.transform(images[:1]), 4000, axis=0)
    draws = model.inverse_transform(Z, observation_noise=True, random_state=0)
    again = model.inverse_transform(Z, observation_noise=True, random_state=0)

    assert np.array_equal(draws, again)
    p = model.model_.decode(torch.from_numpy(Z[:1]))
    mean, std = (t.detach().numpy()[0, 0] * 16 for t in (p.mean, p.stddev))
    noise = np.random.default_rng(0).normal(size=draws.shape)
    expected = (mean + std * noise).clip(0, 16)  # as images are stored
    np.testing.assert_allclose(draws.mean(axis=0), expected.mean(axis=0), atol=0.5)
    np.testing.assert_allclose(draws.std(axis=0), expected.std(axis=0), rtol=0.1)

    means, noisy = (model.sample(9, random_state=0, observation_noise=on) for on in (None, True))
    assert np.array_equal(means, model.sample(9, random_state=0, observation_noise=False))
    assert not np.array_equal(means, noisy)

    monkeypatch.chdir(tmp_path)
    model.save("m.ae")
    words = ["sample", "m.ae", "--out", "x.npy", "-n", "9", "--random-state", "0"]
    assert main([*words, "--observation-noise"]) == 0
    assert np.array_equal(np.load("x.npy"), noisy)


def test_means_and_draws_of_tables() -> None:
    model = fitted(None, prior=StandardNormal())
    draws, means = (model.sample(9, random_state=0, observation_noise=on) for on in (True, False))

    assert np.array_equal(draws, model.sample(9, random_state=0))
    assert not np.array_equal(draws, means)

    for options in ({"steps": 3}, {"prefix": "a"}, {"seconds": 1.0}):
        with pytest.raises(ValueError, match=re.escape("observation_noise cannot be combined")):
            model.sample(2, observation_noise=True, **options)
