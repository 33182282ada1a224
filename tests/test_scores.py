r"""Tests for normal scores."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp, norm
from sklearn.datasets import load_diabetes, load_iris, load_linnerud, load_wine

from autoencode.modalities.columns.marginals import marginal
from autoencode.modalities.normal_scores import NormalScores, ScoreTable

KINDS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "cauchy": lambda rng, n: rng.standard_cauchy(n),
    "poisson": lambda rng, n: rng.poisson(4.0, n).astype(float),
    "many zeros": lambda rng, n: rng.gamma(1.0, 1000.0, n) * (rng.random(n) < 0.3),
    "rounded": lambda rng, n: rng.normal(0, 30, n).round(),
    "constant": lambda rng, n: np.full(n, 3.5),
}


@pytest.mark.parametrize("n", [1, 2, 50, 3000])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_come_back(kind: str, n: int) -> None:
    v = np.sort(KINDS[kind](np.random.default_rng(0), n))
    scores = NormalScores().fit(v)
    t = scores.encode(v)

    np.testing.assert_allclose(scores.decode(t), v, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(scores.decode(t.astype(np.float32)), v, atol=1e-5 * np.ptp(v))
    assert (np.diff(t) >= 0).all()
    assert np.isfinite(scores.log_slope(t)).all()

    beyond = scores.encode(np.array([v[0] - 1, v[-1] + 1, v[0] - 1e9, v[-1] + 1e9]))
    assert beyond[2] < beyond[0] < t[0]
    assert t[-1] < beyond[1] < beyond[3] < t[-1] + 30
    assert scores.decode(beyond).tolist() == [v[0], v[-1]] * 2


@given(st.lists(st.floats(-1e300, 1e300) | st.integers(-3, 3).map(float), min_size=1))
def test_any_numbers_come_back(v: list[float]) -> None:
    scores = NormalScores(knots=8).fit(np.array(v))
    back = scores.decode(scores.encode(np.array(v)))

    np.testing.assert_allclose(back, v, atol=1e-9 * max(1e-290, np.ptp(v)), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_normal_draws_become_what_the_data_are(kind: str) -> None:
    v = KINDS[kind](np.random.default_rng(0), 3000)
    drawn = NormalScores().fit(v).decode(np.random.default_rng(1).normal(size=20_000))

    assert ks_2samp(v, drawn).statistic < 0.03
    assert abs((v == 0).mean() - (drawn == 0).mean()) < 0.02


def test_slope_is_the_derivative() -> None:
    v = np.random.default_rng(0).lognormal(size=500)
    scores = NormalScores().fit(v)
    t = np.linspace(-2.01, 2.02, 50)
    ends = [scores.decode(t + h) for h in (1e-7, -1e-7)]

    np.testing.assert_allclose(np.exp(scores.log_slope(t)), (ends[0] - ends[1]) / 2e-7, rtol=1e-4)

    # Beyond the data, where the way back ends, that of the way there
    far = v.max() + np.array([0.1, 5.0, 100.0])
    h = 1e-6 * far
    slope = (scores.encode(far + h) - scores.encode(far - h)) / (2 * h)
    np.testing.assert_allclose(scores.log_slope(scores.encode(far)), -np.log(slope), rtol=1e-5)


def test_what_rows_share_has_the_probability_of_its_interval() -> None:
    v = np.repeat([0.0, 1.0, 2.0, 3.0, 4.0], [30, 20, 20, 20, 10])
    scores = NormalScores().fit(v)
    masses = [norm.cdf(high) - norm.cdf(low) for low, high in scores.intervals()]

    np.testing.assert_allclose(masses, [0.3, 0.2, 0.2, 0.2, 0.1])
    assert (scores.log_slope(scores.encode(v)) == 0).all()

    # What was never seen has less, and ever less
    unseen = scores.log_slope(scores.encode(np.array([1.5, 5.0, 9.0, -3.0])))
    assert (unseen >= np.log(len(v)) - 1e-9).all()
    assert unseen[1] < unseen[2]


@pytest.mark.parametrize("n", [1, 2, 50, 3000])
def test_columns_are_mapped_at_once_as_they_are_one_by_one(n: int) -> None:
    rng = np.random.default_rng(0)
    columns = [kind(rng, n) for kind in KINDS.values()]
    maps = [NormalScores(knots=21).fit(v) for v in columns]
    v = np.stack([np.concatenate([v, v + 0.3, [-1e9, 1e9, v.min(), v.max()]]) for v in columns], 1)
    expected = np.stack([m.encode(x) for m, x in zip(maps, v.T)], axis=1)

    np.testing.assert_allclose(ScoreTable(maps).encode(torch.from_numpy(v)), expected, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_means_are_those_of_draws(kind: str) -> None:
    rng = np.random.default_rng(0)
    scores = NormalScores(knots=21).fit(np.sort(KINDS[kind](rng, 300)))
    loc, scale = np.array([-0.3, 0.8, 2.0]), np.array([1.0, 0.3, 1e-6])
    z = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    draws = scores.decode((loc + scale * z[:, None]).ravel()).reshape(-1, 3)
    tolerance = 1e-3 * (1e-9 + draws.std(axis=0) + np.abs(draws).mean(axis=0))

    assert (np.abs(scores.mean(loc, scale) - draws.mean(axis=0)) <= tolerance).all()


REAL = {
    "flags": (lambda rng: rng.random(60) < 0.1, 2),
    "ratings": (lambda rng: rng.integers(1, 6, 60), 5),
    "half stars": (lambda rng: rng.integers(1, 11, 200) / 2, 10),
    "counts": (lambda rng: rng.poisson(2.0, 300).clip(0, 7), 8),
    "amounts": (lambda rng: rng.gamma(2, 10, 300) * (rng.random(300) < 0.8), 1),
    "shares": (lambda rng: rng.uniform(-50, 150, 400).clip(0, 100), 2),
    "normal": (lambda rng: rng.normal(size=300), None),
    "rounded": (lambda rng: rng.normal(0, 2, 300).round(1), None),
    "ages": (lambda rng: rng.integers(18, 90, 3000), None),
    "standardized flags": (lambda rng: (rng.random(300) < 0.4) * 0.0952 - 0.0446, None),
    "few rows": (lambda rng: rng.integers(0, 20, 20), None),
    "lognormal": (lambda rng: rng.lognormal(0, 2, 300), 0),
    "exponential": (lambda rng: rng.exponential(size=300), 0),
    "heavy tails": (lambda rng: rng.standard_t(1.5, 1000), 0),
}


@pytest.mark.parametrize("kind", REAL)
def test_columns_need_normal_scores_by_their_content(kind: str) -> None:
    make, shared = REAL[kind]
    scores = marginal(make(np.random.default_rng(0)).astype(float))

    assert (scores is None) if shared is None else (len(scores.intervals()) == shared)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_diabetes, load_linnerud])
def test_tables_to_compare_densities_of_are_only_scaled(load) -> None:
    assert all(marginal(v) is None for v in load().data.T)
