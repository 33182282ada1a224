r"""Tests of the metrics of neighbors and distances."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn import manifold

from autoencode.manifold.neighbors import distance_blocks
from autoencode.manifold.preservation.neighborhoods import (
    continuity,
    distance_preservation,
    neighborhood_recall,
    trustworthiness,
)

LOCAL = [trustworthiness, continuity, neighborhood_recall]


@pytest.fixture
def XZ() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(300, 7)) @ np.diag([9, 5, 3, 1, 1, 1, 1])
    return X, X[:, :2] + 0.5 * np.random.default_rng(1).normal(size=(300, 2))


@pytest.mark.parametrize("k", [1, 5, 40, 149])
def test_trustworthiness_is_scikit_learns(XZ, k: int) -> None:
    X, Z = XZ
    ours = trustworthiness(X, Z, n_neighbors=k)

    assert_allclose(ours.value, manifold.trustworthiness(X, Z, n_neighbors=k), atol=1e-12)
    assert_allclose(
        continuity(X, Z, k).value, manifold.trustworthiness(Z, X, n_neighbors=k), atol=1e-12
    )
    assert ours.standard_error == 0
    assert trustworthiness(torch.tensor(X), torch.tensor(Z), k) == ours


def test_tiles_do_not_change_trustworthiness(XZ, monkeypatch) -> None:
    expected = trustworthiness(*XZ)
    monkeypatch.setattr(distance_blocks, "COLUMNS", 32)
    assert trustworthiness(*XZ) == expected


@pytest.mark.parametrize("metric", LOCAL)
def test_similar_codes_are_perfect(XZ, metric) -> None:
    X, _ = XZ
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(7, 7))).Q

    assert metric(X, X) == (1.0, 0.0)
    assert metric(X, 3 * X @ rotation + 5) == (1.0, 0.0)
    assert metric(X.reshape(300, 7, 1), X.astype(np.float32)).value == 1.0


@pytest.mark.parametrize("metric", LOCAL)
def test_copies_are_perfect(metric) -> None:
    X = np.random.default_rng(0).normal(size=(40, 6)).repeat(5, axis=0)
    assert metric(X, X).value == 1.0


@pytest.mark.parametrize("metric", LOCAL)
def test_the_order_of_points_does_not_matter(XZ, metric) -> None:
    X, Z = XZ
    order = np.random.default_rng(0).permutation(300)
    assert_allclose(metric(X[order], Z[order]).value, metric(X, Z).value, rtol=1e-12)


@pytest.mark.slow
def test_noise_is_as_good_as_chance() -> None:
    X, Z = np.random.default_rng(0).normal(size=(2, 1500, 5))

    assert abs(trustworthiness(X, Z, 10).value - 0.5) < 0.02
    assert abs(continuity(X, Z, 10).value - 0.5) < 0.02
    assert abs(neighborhood_recall(X, Z, 10).value - 10 / 1499) < 0.005
    assert abs(distance_preservation(X, Z).spearman.value) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("metric", LOCAL)
def test_samples_are_unbiased_and_know_their_error(XZ, metric) -> None:
    X, Z = XZ
    truth = metric(X, Z).value
    draws = [metric(X, Z, n_samples=60, random_state=seed) for seed in range(100)]
    errors = np.array([(d.value - truth) / d.standard_error for d in draws])

    assert abs(errors.mean()) < 0.4
    assert 0.7 < errors.std() < 1.3
    assert draws[0] == metric(X, Z, n_samples=60, random_state=0)
    assert_allclose(metric(X, Z, n_samples=300), (truth, 0.0))


def test_neighborhood_recall_counts_common_neighbors(XZ) -> None:
    from sklearn.neighbors import NearestNeighbors

    i, j = (NearestNeighbors(n_neighbors=9).fit(a).kneighbors()[1] for a in XZ)
    expected = np.mean([len(np.intersect1d(a, b)) / 9 for a, b in zip(i, j)])
    assert_allclose(neighborhood_recall(*XZ, n_neighbors=9).value, expected)


@pytest.mark.slow
def test_shepard_is_of_all_pairs(XZ) -> None:
    X, Z = XZ
    result = distance_preservation(X, Z, n_samples=None)
    d_x, d_z = pdist(X), pdist(Z)

    assert_allclose(result.spearman.value, spearmanr(d_x, d_z).statistic)
    best = minimize_scalar(lambda alpha: ((d_x - alpha * d_z) ** 2).sum() / (d_x**2).sum())
    assert_allclose(result.stress.value, best.fun**0.5, rtol=1e-9)
    assert_allclose(distance_preservation(X, 7 * Z, None), result, rtol=1e-9)
    assert_allclose(distance_preservation(X, 2 * X, None), [(1, 0), (0, 0)], atol=1e-7)

    draws = [distance_preservation(X, Z, n_samples=1000, random_state=seed) for seed in range(50)]

    for name in ("spearman", "stress"):
        truth = getattr(result, name).value
        values = [getattr(draw, name) for draw in draws]
        errors = np.array([(v.value - truth) / v.standard_error for v in values])
        assert abs(errors.mean()) < 0.5
        assert 0.7 < errors.std() < 1.4


def test_bad_input_is_refused(XZ) -> None:
    X, Z = XZ

    with pytest.raises(ValueError, match="less than 150"):
        trustworthiness(X, Z, n_neighbors=150)

    with pytest.raises(ValueError, match="at least three points"):
        distance_preservation(X[:2], Z[:2])

    for metric in (*LOCAL, distance_preservation):
        with pytest.raises(ValueError, match="NaN"):
            metric(X, Z * np.nan)

    with pytest.raises(ValueError, match=r"got \(300, 7\) and \(299, 2\)"):
        continuity(X, Z[1:])

    with pytest.raises(ValueError, match="n_samples from 2 to 300"):
        neighborhood_recall(X, Z, n_samples=301)

    with pytest.raises(ValueError, match="at least 200 pairs"):
        distance_preservation(X, Z, n_samples=10)

    with pytest.raises(ValueError, match="coincide"):
        distance_preservation(X, 0 * Z)
