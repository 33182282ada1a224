r"""Tests for the density, leaving_out and mixtures modules."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.neighbors import KernelDensity
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn
from torch.distributions import LowRankMultivariateNormal

import autoencode as ae
from autoencode.common.batching import memory_budget
from autoencode.manifold.density import local_gaussians
from autoencode.manifold.density.bandwidth import leave_one_out_log_prob, leave_one_out_updates
from autoencode.manifold.density.local_gaussians import fit_local_gaussians
from autoencode.manifold.density.manifold_parzen import ManifoldParzen
from autoencode.manifold.tangents.tangents import Tangents


@parametrize_with_checks(
    [ManifoldParzen(), ManifoldParzen(Tangents(source="neighbors", n_neighbors=5))]
)
def test_estimator(estimator, check) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([ManifoldParzen(sigma="local")])
def test_estimator_with_local_scales(estimator, check) -> None:
    check(estimator)


def spiral(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = rng.uniform(3, 15, n)
    curve = 0.04 * t[:, None] * np.stack([np.sin(t), np.cos(t)], axis=1)
    return curve + 0.01 * rng.normal(size=(n, 2))


def oracle(X: np.ndarray) -> np.ndarray:
    t = np.linspace(3, 15, 1501)
    curve = 0.04 * t[:, None] * np.stack([np.sin(t), np.cos(t)], axis=1)
    log_p = -((X[:, None] - curve) ** 2).sum(axis=-1) / 2e-4 - math.log(2e-4 * math.pi)
    return logsumexp(log_p, axis=1) - math.log(len(t))


def sheet(n: int, D: int = 5, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 2))
    curved = np.concatenate([z, np.sin(z), z[:, :1] * z[:, 1:]], axis=1)[:, :D]
    return curved + 0.05 * rng.normal(size=(n, D))


def brute_force(X: np.ndarray, Q: np.ndarray, d: int, k: int, sigma: float) -> np.ndarray:
    r"""The definition: neighbors by sorting, planes by singular values, dense covariances."""
    parts = []

    for x in X:
        V = X[np.argsort(((X - x) ** 2).sum(axis=1))[1 : k + 1]] - x
        _, s, B = np.linalg.svd(V)
        S = (B[:d].T * (s[:d] ** 2 / len(V))) @ B[:d] + sigma**2 * np.eye(X.shape[1])
        parts.append(multivariate_normal(x, S).logpdf(Q))

    return logsumexp(parts, axis=0) - math.log(len(X))


@pytest.mark.slow
@pytest.mark.parametrize(("d", "k"), [(0, 5), (1, 5), (2, 7), (5, 9), (9, 9)])
def test_is_what_is_defined(d: int, k: int) -> None:
    X, Q = sheet(60), sheet(20, seed=1)
    density = ManifoldParzen(n_components=d, n_neighbors=k, sigma=0.2).fit(X)

    assert density.n_components_ == min(d, 5)
    assert np.allclose(density.score_samples(Q), brute_force(X, Q, min(d, 5), k, 0.2), atol=1e-9)


def test_memory_changes_nothing(monkeypatch) -> None:
    X, Q = sheet(60), sheet(20, seed=1)

    def results() -> list[np.ndarray]:
        density = ManifoldParzen(n_components=2).fit(X)
        local = ManifoldParzen(n_components=2, sigma="local", n_nearest=9).fit(X)
        return [
            density.score_samples(Q),
            local.score_samples(Q),
            local.truncation_bound(Q),
            density.sample(40, random_state=0),
        ]

    expected = results()
    monkeypatch.setattr(local_gaussians, "_QUERY_BATCH", 3)

    with memory_budget(2**14):
        in_parts = results()

    for found, once in zip(in_parts, expected):
        assert np.allclose(found, once, atol=1e-9)


@pytest.mark.parametrize("sigma", [0.1, "loo", "local"])
@pytest.mark.parametrize("d", [0, 1, 2])
def test_integrates_to_one(d: int, sigma: float | str) -> None:
    X = sheet(40, D=2)
    density = ManifoldParzen(n_components=d, n_neighbors=8, sigma=sigma).fit(X)
    side = np.linspace(-7, 7, 281)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    total = np.exp(density.score_samples(grid)).sum() * (side[1] - side[0]) ** 2

    assert total == pytest.approx(1, abs=1e-3)


def test_one_gaussian_is_that_of_torch() -> None:
    X, Q = torch.from_numpy(sheet(40)), torch.from_numpy(sheet(20, seed=1))
    density = ManifoldParzen(n_components=2, n_neighbors=6, sigma=0.1, n_nearest=1).fit(X)
    i = torch.cdist(Q, X).argmin(dim=1)
    near = torch.cdist(X, X).argsort(dim=1)[:, 1:7]
    _, s, V = torch.linalg.svd(X[near[i]] - X[i, None])

    expected = LowRankMultivariateNormal(
        X[i],
        (s[:, :2, None] * V[:, :2]).mT / 6**0.5,
        torch.full((20, 5), 0.01, dtype=torch.float64),
    )
    log_p = expected.log_prob(Q) - math.log(40)
    assert torch.allclose(density.score_samples(Q), log_p, rtol=1e-9)

    # A single example has no neighbors, and a sphere around it
    one = ManifoldParzen(sigma=0.1).fit(X[:1])
    expected = multivariate_normal(X[0].numpy(), 0.01 * np.eye(5))
    assert np.allclose(one.score_samples(Q).numpy(), expected.logpdf(Q.numpy()), rtol=1e-9)


def test_without_components_is_a_kernel_density() -> None:
    X, Q = sheet(200), sheet(50, seed=1)
    density = ManifoldParzen(n_components=0).fit(X)
    expected = KernelDensity(bandwidth=density.sigma_).fit(X)

    assert np.allclose(density.score_samples(Q), expected.score_samples(Q), rtol=1e-9)


@pytest.mark.slow
@settings(max_examples=12)
@given(st.integers(0, 2**31 - 1), st.floats(1e-3, 1e3), st.sampled_from(["loo", "local"]))
def test_moves_with_the_data(seed: int, c: float, sigma: str) -> None:
    rng = np.random.default_rng(seed)
    X, Q = sheet(50, D=3, seed=seed), sheet(10, D=3, seed=seed + 1)
    R, shift = np.linalg.qr(rng.normal(size=(3, 3)))[0], rng.normal(size=3)
    density = ManifoldParzen(n_components=2, n_neighbors=8, sigma=sigma)
    expected = density.fit(X).score_samples(Q)

    moved = clone(density).fit(X @ R + shift).score_samples(Q @ R + shift)
    assert np.allclose(moved, expected, atol=1e-6)

    scaled = clone(density).fit(c * X).score_samples(c * Q)
    assert np.allclose(scaled, expected - 3 * math.log(c), atol=1e-6)


@settings(max_examples=20)
@given(st.integers(1, 80), st.integers(0, 5), st.sampled_from([0.05, 0.5, "local"]))
def test_truncation_is_bounded(truncate: int, d: int, sigma: float | str) -> None:
    X, Q = sheet(60), 1.5 * sheet(20, seed=1)
    exact = ManifoldParzen(n_components=d, sigma=sigma).fit(X)
    some = ManifoldParzen(n_components=d, sigma=sigma, n_nearest=truncate).fit(X)
    truncated, bound = some.score_samples(Q), some.truncation_bound(Q)

    assert (truncated <= exact.score_samples(Q) + 1e-9).all()
    assert (exact.score_samples(Q) <= truncated + bound + 1e-9).all()
    assert (exact.truncation_bound(Q) == 0).all()

    if truncate >= 60:
        assert np.allclose(truncated, exact.score_samples(Q), atol=1e-9)
        assert (bound == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize(("n", "k", "d"), [(30, 6, 1), (30, 6, 3), (8, 15, 2), (3, 2, 1)])
def test_leaves_out_as_if_fitted_without(n: int, k: int, d: int) -> None:
    X, grid = sheet(n), torch.tensor([0.05, 0.2, 1.0], dtype=torch.float64)
    x, held = torch.from_numpy(X), torch.arange(n)
    mixture, *rest = fit_local_gaussians(x, torch.full_like(x[:, 0], 1 / n).log(), None, k, d)
    found = leave_one_out_log_prob(
        mixture, grid, held, leave_one_out_updates(mixture, held, *rest)
    )

    for sigma, value in zip(grid, found):
        each = ManifoldParzen(n_components=d, n_neighbors=k, sigma=float(sigma))
        expected = np.mean(
            [clone(each).fit(np.delete(X, i, axis=0)).score(X[i : i + 1]) for i in range(n)]
        )
        assert float(value) == pytest.approx(expected, abs=1e-9)


def test_leaving_out_finds_the_best_sigma() -> None:
    X, test = spiral(300, seed=0), spiral(2000, seed=1)
    options = {"n_components": 1, "n_neighbors": 11}
    best = ManifoldParzen(**options).fit(X)

    for factor in (0.5, 2.0):
        other = ManifoldParzen(sigma=factor * best.sigma_, **options).fit(X)
        assert other.score(test) < best.score(test)


@pytest.mark.slow
def test_spiral() -> None:
    test = spiral(3000, seed=0)
    best, manifold, parzen = oracle(test).mean(), [], []

    for seed in range(1, 6):
        train = spiral(300, seed)
        manifold.append(ManifoldParzen(n_components=1, n_neighbors=11).fit(train).score(test))
        parzen.append(ManifoldParzen(n_components=0).fit(train).score(test))

    assert -best == pytest.approx(-1.80, abs=0.04)
    assert -np.mean(manifold) == pytest.approx(-1.53, abs=0.1)
    assert -np.mean(parzen) == pytest.approx(-1.33, abs=0.1)
    assert all(p < m < best for p, m in zip(parzen, manifold))


def test_local_sigma_is_the_first_direction_left_out() -> None:
    X = sheet(40)
    density = ManifoldParzen(n_components=2, n_neighbors=6, sigma="local").fit(X)
    near = np.argsort(((X[:, None] - X) ** 2).sum(axis=-1), axis=1)[:, 1:7]
    s = np.linalg.svd(X[near] - X[:, None], compute_uv=False)

    assert np.allclose(density.sigma_, s[:, 2] / 6**0.5)

    # On a line there is no second direction, and the last one there is serves
    line = np.linspace(0, 1, 20)[:, None] * np.array([[1.0, 2.0]])
    assert (ManifoldParzen(n_components=1, sigma="local").fit(line).sigma_ > 0.01).all()


def test_samples_have_the_moments_of_the_mixture() -> None:
    X = sheet(30, D=3)
    density = ManifoldParzen(n_components=1, n_neighbors=5, sigma=0.3).fit(X)
    draws = density.sample(200000, random_state=0)
    near = np.argsort(((X[:, None] - X) ** 2).sum(axis=-1), axis=1)[:, 1:6]
    _, s, V = np.linalg.svd(X[near] - X[:, None])
    steps = s[:, :1] * V[:, 0] / 5**0.5
    covariance = np.cov(X.T, bias=True) + steps.T @ steps / 30 + 0.09 * np.eye(3)

    assert np.allclose(draws.mean(axis=0), X.mean(axis=0), atol=0.02)
    assert np.allclose(np.cov(draws.T), covariance, atol=0.03)

    # The mean log-density of draws is minus the entropy: no other density gives them more
    again = density.sample(5000, random_state=1)
    assert density.score(again) > ManifoldParzen(n_components=1, sigma=0.2).fit(X).score(again)


def test_copies_are_weights() -> None:
    X, Q = sheet(40), sheet(10, seed=1)
    copied = np.concatenate([X, X, X[:5], X[:5]])
    density = ManifoldParzen(n_components=2, n_neighbors=6).fit(copied)

    assert np.isfinite(density.sigma_)
    assert density.sigma_ > 0.01
    assert np.allclose(density.weights_ * 90, [4] * 5 + [2] * 35)

    # All of them twice is as once
    once = ManifoldParzen(n_components=2, n_neighbors=6).fit(X)
    twice = ManifoldParzen(n_components=2, n_neighbors=6).fit(np.concatenate([X, X]))
    assert np.allclose(twice.score_samples(Q), once.score_samples(Q))


def test_odd_data() -> None:
    # One column, constant columns, fewer examples than neighbors
    line = np.random.default_rng(0).normal(size=(30, 1))
    assert np.isfinite(ManifoldParzen().fit(line).score(line))

    padded = np.concatenate([line, np.zeros((30, 2))], axis=1)
    assert np.isfinite(ManifoldParzen(n_components=1).fit(padded).score(padded))
    assert ManifoldParzen().fit(padded).score([[0, 0, 1]]) < -1000
    assert np.isfinite(ManifoldParzen().fit(sheet(2)).score(sheet(2)))

    # As far from the origin as is usual for dates
    far = sheet(40) + 1e6
    near = ManifoldParzen(n_components=2, sigma=0.01).fit(sheet(40)).score_samples(sheet(9))
    shifted = ManifoldParzen(n_components=2, sigma=0.01).fit(far).score_samples(sheet(9) + 1e6)
    assert np.allclose(shifted, near, rtol=1e-3)

    with pytest.raises(ValueError, match="all the same"):
        ManifoldParzen().fit(np.ones((5, 2)))

    assert np.isfinite(ManifoldParzen(sigma=0.5).fit(np.ones((5, 2))).score([[1.0, 2.0]]))


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("n_components", -1),
        ("n_components", 1.5),
        ("n_neighbors", 0),
        ("sigma", 0),
        ("sigma", "best"),
        ("n_nearest", 0),
    ],
)
def test_arguments_are_checked(argument: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"expected {argument} to be"):
        ManifoldParzen(**{argument: value}).fit(sheet(20))

    with pytest.raises(TypeError, match="expected tangents"):
        ManifoldParzen(tangents="decoder").fit(sheet(20))


def test_tangents_of_a_model() -> None:
    # A plane in four dimensions, known to the decoder; the noise fools the neighbors
    rng = np.random.default_rng(0)
    W = torch.linalg.qr(torch.randn(4, 2, dtype=torch.float64)).Q
    z = rng.uniform(-1, 1, size=(300, 2))
    X = z @ W.T.numpy() + 0.05 * rng.normal(size=(300, 4))
    T = Tangents((lambda x: x @ W, lambda z: z @ W.T), n_components=2)
    density = ManifoldParzen(tangents=T, n_neighbors=8).fit(X)

    # It is the density within the plane times a Gaussian across it
    Q = X[:20] + 0.1
    P = (W @ W.T).numpy()
    inside = ManifoldParzen(n_components=2, n_neighbors=8, sigma=density.sigma_)
    near = np.argsort(((X[:, None] - X) ** 2).sum(axis=-1), axis=1)[:, 1:9]
    parts = []

    for x, j in zip(X, near):
        V = (X[j] - x) @ P
        S = V.T @ V / 8 + density.sigma_**2 * np.eye(4)
        parts.append(multivariate_normal(x, S).logpdf(Q))

    assert np.allclose(density.score_samples(Q), logsumexp(parts, axis=0) - math.log(300))
    assert density.sigma_ == pytest.approx(0.05, rel=0.3)
    assert density.score(Q) != inside.fit(X).score(Q)


def test_tangents_of_neighbors_give_the_same_plane_on_flat_data() -> None:
    flat = np.random.default_rng(0).normal(size=(100, 2)) @ np.array([[1.0, 0, 1], [0, 1, 1]])
    options = {"n_neighbors": 7, "sigma": 0.1}
    own = ManifoldParzen(n_components=2, **options).fit(flat)
    T = Tangents(source="neighbors", n_components=2, n_neighbors=7)

    assert np.allclose(
        ManifoldParzen(tangents=T, **options).fit(flat).score_samples(flat[:9] + 0.1),
        own.score_samples(flat[:9] + 0.1),
    )


def test_images_and_torch() -> None:
    images = np.random.default_rng(0).integers(0, 256, size=(20, 4, 4), dtype=np.uint8)
    model = ae.autoencoder(2, layers=(8,), training=ae.Training(epochs=1)).fit(images)
    density = ManifoldParzen(tangents=Tangents(model), sigma=0.5).fit(images)
    draws = density.sample(3, random_state=0)

    assert draws.shape == (3, 4, 4)
    assert draws.dtype == np.uint8
    assert density.score_samples(images).shape == (20,)
    assert density.n_features_in_ == 16

    flat = images.reshape(20, 16) / 255.0
    pair = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), nn.Linear(2, 16)

    for tangents in (Tangents(source="neighbors", n_components=2), Tangents(pair)):
        density = ManifoldParzen(tangents=tangents, sigma=0.5).fit(flat.reshape(20, 4, 4))
        assert density.sample(3).shape == (3, 4, 4)

    x = torch.rand(20, 2, 3)
    density = ManifoldParzen(n_components=1).fit(x)
    assert density.sample(5).shape == (5, 2, 3)
    assert isinstance(density.sample(5), torch.Tensor)
    assert density.score_samples(x).dtype == torch.float64
    assert density.score(x) == pytest.approx(
        ManifoldParzen(n_components=1).fit(x.numpy()).score(x.numpy())
    )


def test_is_reproducible() -> None:
    X = sheet(60)
    density = ManifoldParzen(random_state=0).fit(X)
    state = torch.get_rng_state()

    assert density.sigma_ == ManifoldParzen(random_state=0).fit(X).sigma_
    assert (density.sample(5, random_state=1) == density.sample(5, random_state=1)).all()
    assert (density.sample(5) != density.sample(5)).any()
    assert (torch.get_rng_state() == state).all()
