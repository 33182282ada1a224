r"""Tests for normal scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp, norm

from autoencode.modalities.scores import NormalScores

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


def test_what_rows_share_has_about_its_probability() -> None:
    v = np.repeat([0.0, 1.0, 2.0, 3.0, 4.0], [30, 20, 20, 20, 10])
    scores = NormalScores().fit(v)
    t = scores.encode(np.array([1.0, 2.0, 3.0]))

    np.testing.assert_allclose(norm.logpdf(t) - scores.log_slope(t), np.log(0.2), atol=0.1)
