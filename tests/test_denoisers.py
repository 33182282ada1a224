r"""Tests for the denoisers module."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal

import autoencode as ae
from autoencode.corruptions import GaussianNoise
from autoencode.manifold.codec import as_codec
from autoencode.manifold.dimension import intrinsic_dimension
from autoencode.manifold.score import local_dimension, stein_score, walkback

SIGMA = 0.3


class Gaussian:
    r"""A Gaussian of some rank, and the best denoiser of it as a pair of functions."""

    def __init__(self, D: int, d: int, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.mu = torch.randn(D, dtype=torch.float64)
        self.scales = torch.linspace(0.5, 3.0, d, dtype=torch.float64)
        self.W = torch.linalg.qr(torch.randn(D, d, dtype=torch.float64)).Q
        self.S = (self.W * self.scales**2) @ self.W.T
        self.noisy = MultivariateNormal(self.mu, self.S + SIGMA**2 * torch.eye(D).double())

        # Any basis of the code will do
        A = torch.randn(d, d, dtype=torch.float64) + 3 * torch.eye(d)
        gain = self.scales**2 / (self.scales**2 + SIGMA**2)
        self.encode = lambda x: (x - self.mu) @ self.W @ A
        self.decode = lambda z: torch.linalg.solve(A, z, left=False) * gain @ self.W.T + self.mu

    def __iter__(self):
        return iter((self.encode, self.decode))

    def clean(self, n: int) -> Tensor:
        z = torch.randn(n, len(self.scales), dtype=torch.float64)
        return self.mu + z * self.scales @ self.W.T

    def dimension(self, x: Tensor) -> Tensor:
        r"""Its closed form, with every direction of variance zero counted as well."""
        values, vectors = torch.linalg.eigh(self.S)
        noisy = values.clamp(min=0) + SIGMA**2
        squares = ((x - self.mu) @ vectors).square()
        return (1 - SIGMA**2 / noisy).sum() + SIGMA**2 * (squares / noisy**2).sum(dim=-1)


@pytest.mark.parametrize(("D", "d"), [(1, 1), (4, 4), (10, 3)])
def test_score_of_a_gaussian(D: int, d: int) -> None:
    p = Gaussian(D, d)
    x = p.noisy.sample((50,))
    expected = -torch.linalg.solve(p.noisy.covariance_matrix, x - p.mu, left=False)

    assert torch.allclose(stein_score(tuple(p), x, noise=SIGMA), expected, rtol=1e-8)


def test_score_between_two_gaussians() -> None:
    def log_p(x: Tensor, scale: float) -> Tensor:
        return torch.logaddexp(Normal(-2.0, scale).log_prob(x), Normal(2.0, scale).log_prob(x))

    def mean(x: Tensor) -> Tensor:  # of the clean given the noisy example
        nearer = torch.sigmoid(4 * x / (1 + SIGMA**2)) * 4 - 2
        return nearer + (x - nearer) / (1 + SIGMA**2)

    x = torch.linspace(-4, 4, 100, dtype=torch.float64)[:, None].requires_grad_()
    (expected,) = torch.autograd.grad(log_p(x, math.hypot(1, SIGMA)).sum(), x)
    found = stein_score((lambda x: x, mean), x.detach(), noise=SIGMA)

    assert torch.allclose(found, expected, atol=1e-8)

    # Uphill, to the nearer of the two
    between = (x.abs() > 0.01) & (x.abs() < 1.8)
    assert (found[between].sign() == x[between].sign()).all()
    assert (found[x > 2.2] < 0).all()


@pytest.mark.parametrize(("D", "d"), [(1, 1), (4, 4), (10, 3)])
def test_dimension_of_a_gaussian_is_exact(D: int, d: int) -> None:
    p = Gaussian(D, d)
    x = p.clean(50)
    value, error = local_dimension(tuple(p), x, noise=SIGMA)

    assert torch.allclose(value, p.dimension(x), rtol=1e-10)
    assert (error == 0).all()

    # It is how fast the density falls as the noise grows
    log_scale = torch.tensor(math.log(SIGMA), dtype=torch.float64, requires_grad=True)
    covariance = p.S + (2 * log_scale).exp() * torch.eye(D).double()
    log_p = MultivariateNormal(p.mu, covariance).log_prob(x).sum()
    (slope,) = torch.autograd.grad(log_p, log_scale)

    assert value.sum().item() == pytest.approx(50 * D + slope.item())


def test_dimension_of_clean_examples_is_that_of_the_plane() -> None:
    p = Gaussian(10, 3)
    p.scales.fill_(100.0)  # times the noise, and more
    x = p.mu + 100 * torch.randn(500, 3, dtype=torch.float64) @ p.W.T
    plane = (lambda x: (x - p.mu) @ p.W, lambda z: z @ p.W.T + p.mu)

    assert torch.allclose(local_dimension(plane, x, noise=SIGMA).value, torch.tensor(3.0).double())

    # With noise it is all ten
    noisy = x + SIGMA * torch.randn_like(x)
    value = local_dimension(plane, noisy, noise=SIGMA).value
    assert (value.mean() - 10).abs() < 4 * value.std() / 500**0.5


@pytest.mark.parametrize(("D", "d"), [(12, 8), (8, 12)])
def test_probes_are_unbiased(D: int, d: int) -> None:
    torch.manual_seed(0)
    E, G = torch.randn(D, d, dtype=torch.float64), torch.randn(d, D, dtype=torch.float64)
    model = (lambda x: torch.tanh(x @ E), lambda z: torch.sin(z @ G))
    x = torch.randn(400, D, dtype=torch.float64)
    exact, none = local_dimension(model, x, n_probes=16, noise=SIGMA)
    value, error = local_dimension(model, x, n_probes=6, noise=SIGMA, random_state=0)

    # Against the definition
    for x_i, d_i in zip(x[:3], exact):
        J = torch.autograd.functional.jacobian(lambda x: model[1](model[0](x)), x_i)
        residual = (model[1](model[0](x_i)) - x_i).square().sum()
        assert d_i.item() == pytest.approx((J.trace() + residual / SIGMA**2).item())

    assert (none == 0).all()
    assert (error > 0).any()
    assert ((value - exact).mean() / error.square().mean().sqrt() * 400**0.5).abs() < 3
    ratio = (value - exact).square().mean() / error.square().mean()
    assert ratio.item() == pytest.approx(1, rel=0.25)

    again = local_dimension(model, x, n_probes=6, noise=SIGMA, random_state=0)
    assert torch.equal(again.value, value)


def test_one_probe_is_exact_where_the_encoder_inverts_the_decoder() -> None:
    W = torch.linalg.qr(torch.randn(30, 20, dtype=torch.float64)).Q
    x = torch.randn(5, 20, dtype=torch.float64) @ W.T
    value, error = local_dimension((lambda x: x @ W, lambda z: z @ W.T), x, n_probes=2, noise=1.0)

    assert torch.allclose(value, torch.full_like(value, 20.0))
    assert (error < 1e-12).all()


def normal_maps(scale: float, mu: float):
    r"""The exact posterior mean of N(mu, scale^2) seen with noise 1, and the posterior itself."""
    gain = scale**2 / (scale**2 + 1)
    codec = as_codec((lambda x: mu + gain * (x - mu), lambda z: z))
    posterior = replace(codec, likelihood=lambda z: Normal(z, gain**0.5), noise=1.0)
    return codec, posterior, gain


def test_walkback_visits_the_distribution_of_the_data() -> None:
    mu, scale = 2.0, 1.5
    means, posterior, gain = normal_maps(scale, mu)
    start = np.zeros((2000, 1))
    walk = walkback(posterior, start, n_steps=40, random_state=0)

    assert walk.shape == (40, 2000, 1)
    assert kstest(walk[-1, :, 0], "norm", args=(mu, scale)).pvalue > 0.01

    # Without the noise of the posterior it would be too narrow
    walk = walkback(means, start, n_steps=40, noise=1.0, random_state=0)
    narrow = gain / (1 - gain**2) ** 0.5
    assert narrow < 0.7 * scale
    assert kstest(walk[-1, :, 0], "norm", args=(mu, narrow)).pvalue > 0.01


def test_walkback_is_reproducible_and_leaves_the_generator_alone() -> None:
    _, posterior, _ = normal_maps(1.0, 0.0)
    state = torch.get_rng_state()
    x = torch.zeros(5, 1)
    walk = walkback(posterior, x, n_steps=3, random_state=0)

    assert isinstance(walk, Tensor)
    assert torch.equal(walk, walkback(posterior, x, n_steps=3, random_state=0))
    assert not torch.equal(walk, walkback(posterior, x, n_steps=3))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_trained_linear_denoiser_in_the_units_of_the_user() -> None:
    rng = np.random.default_rng(0)
    mixing = np.array([[2.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 0.5]]) * [100.0, 1.0, 0.01]
    X = [5.0, -3.0, 0.2] + rng.normal(size=(20000, 3)) @ mixing
    mu, S, unit = X.mean(axis=0), np.cov(X.T), X.std(axis=0)

    model = ae.linear(
        latent_dim=3,
        corruption=GaussianNoise(0.5),
        modality=ae.modalities.Tables(),
        random_state=0,
    ).fit(X)

    # The noise was added to columns of unit variance
    noisy = S + np.diag((0.5 * unit) ** 2)
    expected = -np.linalg.solve(noisy, (X[:200] - mu).T).T
    error = (stein_score(model, X[:200]) - expected) * unit
    assert (error**2).mean() < 0.03**2 * ((expected * unit) ** 2).mean()

    scaled = S / np.outer(unit, unit)
    gain = np.linalg.solve(scaled + 0.25 * np.eye(3), scaled)
    residual = ((X[:200] - mu) / unit) @ (gain - np.eye(3))
    expected = np.trace(gain) + (residual**2).sum(axis=1) / 0.25
    found = local_dimension(model, X[:200]).value
    assert found.shape == (200,)
    assert np.allclose(found, expected, rtol=0.05)

    walk = walkback(model, X[:2000], n_steps=5, random_state=0)
    assert walk.shape == (5, 2000, 3)
    assert np.allclose(walk[-1].std(axis=0), unit, rtol=0.2)


def test_images() -> None:
    images = np.random.default_rng(0).integers(0, 256, size=(20, 4, 4), dtype=np.uint8)
    model = ae.denoising(2, layers=(8,), training=ae.Training(epochs=1)).fit(images)

    if model.corruption is None or as_codec(model).noise is None:
        model.corruption = GaussianNoise(0.3)

    assert stein_score(model, images).shape == (20, 16)
    assert local_dimension(model, images, random_state=0).value.shape == (20,)
    walk = walkback(model, images[:3], n_steps=2, random_state=0)
    assert walk.shape == (2, 3, 4, 4)
    assert walk.dtype == np.uint8


def test_bad_input() -> None:
    means, _, _ = normal_maps(1.0, 0.0)
    x = np.zeros((5, 1))

    for function in (stein_score, walkback, local_dimension):
        with pytest.raises(ValueError, match="noise that the model was trained to remove"):
            function(means, x)

        for noise in (0.0, -1.0, math.nan):
            with pytest.raises(ValueError, match="scale of the noise > 0"):
                function(means, x, noise=noise)

    with pytest.raises(ValueError, match="number of steps >= 1"):
        walkback(means, x, n_steps=0, noise=1.0)

    with pytest.raises(ValueError, match="number of probes >= 2"):
        local_dimension(means, x, n_probes=1, noise=1.0)


def test_a_single_example_walks_alone() -> None:
    p = Gaussian(3, 2)
    x = p.clean(2)
    both, one = (
        walkback(tuple(p), X, n_steps=4, noise=SIGMA, random_state=0) for X in (x[:1], x[0])
    )

    assert one.shape == (4, 3)
    assert torch.equal(one, both[:, 0])


def test_conditional_models_are_seen_under_a_label() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    training = ae.Training(epochs=3, show_progress=False)
    model = ae.denoising(2, layers=(8,), conditional=True, training=training, random_state=0)
    model.fit(X, [0, 1, 2] * 20)

    for look in (
        stein_score,
        walkback,
        lambda *given, **under: local_dimension(*given, **under).value,
    ):
        seen = [look(model, X[:5], y=[y]) for y in (0, 1)]
        assert not np.allclose(*seen)

    dimensions = [intrinsic_dimension(X, "denoiser", model=model, y=[y]).value for y in (0, 1)]
    assert dimensions[0] != dimensions[1]

    with pytest.raises(ValueError, match="pass y"):
        stein_score(model, X)
