r"""Tests for skewed columns, and for numbers that many rows share."""

import itertools
import logging
import math

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch.distributions import Normal

import autoencode as ae
from autoencode.distributions import (
    Censored,
    CensoredGaussian,
    DiagonalGaussian,
    Intervals,
    PointMass,
)
from autoencode.distributions.censored import log_mass
from autoencode.modalities import MixedTables, Tables
from autoencode.modalities.normal_scores import NormalScores

pd = pytest.importorskip("pandas")

ENDS = [-math.inf, -1.5, 0.2, 0.9, math.inf]
TOUCHING = [*itertools.pairwise(ENDS)]


def fitted(X, latent_dim: int = 1, epochs: int = 10) -> ae.Autoencoder:
    return ae.vae(latent_dim, training=ae.Training(epochs=epochs), random_state=0).fit(X)


def trapezoid(y: np.ndarray, x: np.ndarray) -> float:
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum())


# Distributions


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_masses_of_intervals_are_those_of_another_implementation(dtype) -> None:
    torch.manual_seed(0)
    mu, sigma = 6 * torch.randn(2000, dtype=dtype), 0.05 + 3 * torch.rand(2000, dtype=dtype)
    low = 3 * torch.randn(2000, dtype=dtype)
    high = low + 0.01 + 2 * torch.rand(2000, dtype=dtype)
    low[::7], high[::5] = -1e3, 1e3
    mu.requires_grad_()
    log_p = log_mass(low, high, mu, sigma)
    log_p.sum().backward()

    a, b = (((t - mu) / sigma).detach().double().numpy() for t in (low, high))
    a, b = np.where(a + b > 0, -b, a), np.where(a + b > 0, -a, b)
    expected = norm.logcdf(b) + np.log(-np.expm1(norm.logcdf(a) - norm.logcdf(b)))
    p = np.exp(expected - norm.logpdf(0))
    rtol = 1e-4 if dtype is torch.float32 else 1e-10

    np.testing.assert_allclose(log_p.detach(), expected, rtol=rtol, atol=rtol)
    assert p.max() > 1 > p.min()
    assert mu.grad is not None
    assert mu.grad.isfinite().all()


def test_gradients_of_masses_are_right_far_out() -> None:
    t = torch.tensor([-50.0, -3.0, 0.1, 4.0, 80.0], dtype=torch.float64, requires_grad=True)
    low, high, sigma = (torch.tensor(x, dtype=torch.float64) for x in (0.0, 0.3, 0.7))

    assert torch.autograd.gradcheck(lambda mu: log_mass(low, high, mu, sigma), t)


@pytest.mark.parametrize(
    "intervals", [TOUCHING, [(-math.inf, 0.3)], [(-0.5, 0.5)], [(-1.0, -0.5), (0.7, math.inf)]]
)
@pytest.mark.parametrize(("loc", "scale"), [(0.0, 1.0), (0.7, 0.2), (-4.0, 0.5)])
def test_masses_and_density_add_up_to_one(intervals, loc: float, scale: float) -> None:
    p = Censored(Normal(torch.tensor([loc]), torch.tensor([scale])), Intervals([intervals]))
    inside = [min(9, max(-9, (max(a, -9) + min(b, 9)) / 2)) for a, b in intervals]
    masses = p.log_prob(torch.tensor(inside)[:, None]).exp().sum()

    t = torch.linspace(-12, 12, 200_001)
    outside = ~sum(((t >= a) & (t <= b) for a, b in intervals), start=torch.zeros_like(t) > 0)
    density = torch.where(outside, p.log_prob(t[:, None])[:, 0].exp(), 0)

    assert abs(float(masses + density.sum() * 24 / 200_000) - 1) < 1e-3


def test_scales_make_up_for_what_middles_lack() -> None:
    z = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    middle = {a: norm.ppf((norm.cdf(a) + norm.cdf(b)) / 2) for a, b in TOUCHING}
    lost = sum(((z[(z > a) & (z < b)] - middle[a]) ** 2).sum() for a, b in TOUCHING) / len(z)
    family = CensoredGaussian(((), tuple(TOUCHING))).build(None, (2,))
    family.set_scale(torch.tensor([0.5, 0.5]))
    stddev = family(torch.zeros(2, 1)).stddev.detach()

    np.testing.assert_allclose(stddev, [0.5, np.sqrt(0.25 + lost)], rtol=1e-3)


# Tables


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float", "int", "frame", "mixed"])
def test_flags_have_the_frequencies_of_the_data_and_probabilities(kind: str) -> None:
    rng = np.random.default_rng(0)
    F = rng.random((600, 3)) < [0.5, 0.1, 0.03]
    rows = np.array([*itertools.product([0, 1], repeat=3)])
    X, every = F.astype("float" if kind == "float" else int), rows

    if kind in {"frame", "mixed"}:
        X, every = (pd.DataFrame(t, columns=list("abc")) for t in (X, every))

    if kind == "mixed":
        X, every = X.assign(k="x"), every.assign(k="x")
        X.loc[::2, "k"] = "y"
        every = pd.concat([every, every.assign(k="y")])

    model = fitted(X, epochs=10)
    S = model.sample(5000, random_state=0)
    S = np.asarray(S.iloc[:, :3] if kind == "mixed" else S, float)

    assert set(np.unique(S)) == {0.0, 1.0}
    assert np.allclose(S.mean(axis=0), F.mean(axis=0), atol=0.04)
    assert abs(np.exp(model.score_samples(every)).sum() - 1) < 0.02


@pytest.mark.slow
def test_an_inflated_amount_has_a_probability_and_a_density() -> None:
    rng = np.random.default_rng(0)
    X = (rng.gamma(2, 10, 1000) * (rng.random(1000) < 0.7))[:, None]
    model = fitted(X)
    v = np.linspace(1e-6, 300, 2001)
    p = np.exp(model.score_samples([[0.0]]))[0]
    S = model.sample(5000, random_state=0)

    assert isinstance(model.likelihood_, CensoredGaussian)
    assert abs(p - (X == 0).mean()) < 0.03
    assert abs((S == 0).mean() - (X == 0).mean()) < 0.03
    assert abs(p + trapezoid(np.exp(model.score_samples(v[:, None], n_samples=32)), v) - 1) < 0.02

    # What was never seen is possible, and unlikely
    far = model.score_samples([[-1.0], [-100.0], [1e6]])
    assert np.isfinite(far).all()
    assert (far < np.quantile(model.score_samples(X), 0.01)).all()


@pytest.mark.slow
@pytest.mark.parametrize("frame", [False, True])
def test_skewed_columns_have_the_quantiles_of_the_data(frame: bool, tmp_path) -> None:
    X = np.random.default_rng(0).lognormal(0, 2, (600, 2))
    X = pd.DataFrame(X, columns=["a", "b"]) if frame else X
    model = fitted(X)
    S = np.asarray(model.sample(5000, random_state=0))
    q = [0.1, 0.25, 0.5, 0.75, 0.9]

    assert (S > 0).all()
    assert (S == np.asarray(X).min(axis=0)).mean() < 0.01
    assert np.allclose(np.log(np.quantile(S, q, 0)), np.log(np.quantile(X, q, 0)), atol=0.3)

    model.save(tmp_path / "model.ae")
    assert np.array_equal(ae.load(tmp_path / "model.ae").score_samples(X), model.score_samples(X))

    # In the user's units, as the error
    assert np.allclose(
        model.reconstruction_error(X),
        ((np.asarray(X) - np.asarray(model.reconstruct(X))) ** 2).sum(axis=1),
        rtol=1e-3,
    )


def test_exact_rows_of_frames_have_no_error_whatever_score_they_come_from() -> None:
    v = np.linspace(-3, 5, 40) ** 2
    X = pd.DataFrame({"v": v, "level": [*"ab"] * 20, "flag": [0.0, 1.0] * 20})
    frames = MixedTables().fit(X)
    x = frames.normalize(frames.load(X))
    far = x.clone()
    far[:, 1] = 9 * far[:, 1].sign()  # the flag

    assert frames.restore(far).equals(frames.restore(x))
    assert frames.error(x, PointMass(far)).abs().max() < 1e-6
    far[:, 1] = -far[:, 1]
    assert frames.error(x, PointMass(far)).min() > 1


@pytest.mark.slow
def test_densities_of_skewed_columns_integrate_to_one() -> None:
    X = np.random.default_rng(0).exponential(size=(300, 1))
    model = fitted(X)
    v = np.linspace(-3, 30, 3001)

    assert abs(trapezoid(np.exp(model.score_samples(v[:, None], n_samples=32)), v) - 1) < 0.03


@pytest.mark.parametrize("zeros", [0, 120])
@pytest.mark.parametrize("shape", [lambda t: 0.7 * t, lambda t: 0.2 + t + 0.1 * t**2])
def test_scores_of_a_model_are_decoded_to_the_distribution_of_the_data(zeros: int, shape) -> None:
    rng = np.random.default_rng(0)
    v = np.r_[np.zeros(zeros), rng.lognormal(0, 1.5, 400)]
    scores = NormalScores(41).fit(v, np.zeros(1) if zeros else np.zeros(0))
    t = shape(rng.normal(size=30_000))
    moved = scores.calibrated(t)
    shared = dict(zip(scores.intervals(), moved.intervals()))
    free = t > scores.high_[0] if zeros else np.full(len(t), True)

    assert all(a == b for a, b in shared.items())  # those of the likelihood
    assert np.array_equal(moved.decode(t) == 0, scores.decode(t) == 0)

    new, data = moved.decode(t[free]), v[zeros:]
    ends = np.linspace(0.01, 0.99, 50)
    assert np.allclose(
        np.searchsorted(np.sort(data), np.quantile(new, ends)) / 400, ends, atol=0.02
    )
    assert abs(new.std() / data.std() - 1) < 0.1
    assert abs(scores.decode(t[free]).std() / data.std() - 1) > 0.1

    assert np.allclose(moved.decode(moved.encode(v)), v)
    assert np.array_equal(scores.calibrated(t[:50]).middle_, scores.middle_)


def test_new_rows_are_calibrated_and_nothing_else(tmp_path) -> None:
    rng = np.random.default_rng(0)
    X = np.exp(rng.standard_t(4, (200, 1)) * [1.0, -0.5] + 0.3 * rng.normal(size=(200, 2)))
    model = fitted(X, epochs=2)
    before = Tables().fit(X)
    before.fit_density(X)
    now = model.modality_.scores_
    assert all(np.array_equal(a.middle_, b.middle_) for a, b in zip(now, before.scores_))

    S = np.sort(model.sample(20_000, random_state=0), axis=0)
    ranks = np.searchsorted(np.sort(X[:, 0]), S[::1000, 0]) / len(X)
    assert np.allclose(ranks, np.arange(20) / 20, atol=0.05)

    model.save(tmp_path / "model.ae")
    again = ae.load(tmp_path / "model.ae")
    assert np.array_equal(again.sample(9, random_state=0), model.sample(9, random_state=0))


def test_rows_come_back_through_their_scores() -> None:
    rng = np.random.default_rng(0)
    X = np.c_[
        np.full(300, 2.0), rng.lognormal(0, 2, 300), rng.normal(size=300),
        rng.integers(1, 6, 300), rng.gamma(2, 10, 300) * (rng.random(300) < 0.7),
    ]  # fmt: skip

    for dtype in ("float64", "float32"):
        modality = Tables().fit(X.astype(dtype))
        modality.fit_density(X.astype(dtype))
        x = modality.normalize(modality.load(X.astype(dtype)))

        assert modality.scored_.tolist() == [1, 3, 4]
        assert x.shape == (300, 4)
        np.testing.assert_allclose(modality.restore(x), X, rtol=1e-4, atol=1e-6)

    # Means of draws are what `reconstruct` takes
    with torch.no_grad():
        p = modality.likelihood().build(None, (4,))(x[:2, :, None])
        mean = modality.restore_mean(modality.mean(p))

    draws = np.mean([modality.restore(p.sample()) for _ in range(2000)], axis=0)
    assert (np.abs(draws - mean) <= 0.15 * X.std(axis=0) + 1e-6).all()

    for scaling in ("columns", "whole", "none"):
        modality = Tables(scaling).fit(X)
        modality.fit_density(X)
        assert not isinstance(modality.likelihood(), CensoredGaussian)
        assert len(modality.scored_) == 0


def test_kinds_of_columns_are_reported(caplog) -> None:
    rng = np.random.default_rng(0)
    X = np.c_[
        np.ones(200), rng.lognormal(0, 2, 200), rng.integers(1, 6, 200), rng.normal(size=200)
    ]

    with caplog.at_level(logging.INFO, "autoencode"):
        fitted(X, epochs=1)

    assert "1 of 4 columns are constant, 1 hold numbers that many rows share, 1 are" in caplog.text


def test_columns_that_need_nothing_have_nothing() -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))

    assert type(fitted(X, epochs=1).likelihood_) is DiagonalGaussian
    assert (
        ae.autoencoder(1, training=ae.Training(epochs=1)).fit(np.exp(3 * X)).modality_.scores_
        == []
    )


def test_all_columns_constant_have_no_density() -> None:
    X = np.full((20, 3), 7.0)
    assert np.array_equal(fitted(X, epochs=1).score_samples(X), np.zeros(20))
