r"""Tests of distances between real and new examples."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu
from sklearn.metrics.pairwise import polynomial_kernel

from autoencode.evaluation import copying, fidelity, frechet_distance, generation, kernel_distance


def pair(N: int = 120, M: int = 90, D: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, D)), 0.4 + 1.3 * rng.normal(size=(M, D)) @ rng.normal(size=(D, D))


def test_the_frechet_distance_is_that_of_the_matrix_root() -> None:
    X, Y = pair()
    A, B = np.cov(X.T), np.cov(Y.T)
    gap = np.square(X.mean(axis=0) - Y.mean(axis=0)).sum()
    root = sqrtm(A @ B).real
    assert frechet_distance(X, Y) == pytest.approx(gap + np.trace(A + B - 2 * root))
    assert frechet_distance(X, X) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(X, Y) == pytest.approx(frechet_distance(Y, X))

    # More features than rows, and one feature
    wide = np.random.default_rng(1).normal(size=(2, 6, 20))
    assert frechet_distance(*wide) > 0
    a, b = X[:, :1], Y[:, :1]
    gap = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet_distance(a, b) == pytest.approx(gap)


def test_the_kernel_distance_is_unbiased() -> None:
    X, Y = pair()
    K, L = (polynomial_kernel(a, degree=3, coef0=1) for a in (X, Y))
    N, M = len(X), len(Y)
    mmd = (K.sum() - K.trace()) / (N * (N - 1)) + (L.sum() - L.trace()) / (M * (M - 1))
    mmd -= 2 * polynomial_kernel(X, Y, degree=3, coef0=1).mean()
    assert kernel_distance(X, Y).value == pytest.approx(mmd)

    rng = np.random.default_rng(2)
    found = [kernel_distance(*rng.normal(size=(2, 40, 2))).value for _ in range(300)]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(300)


def test_standard_errors_of_the_kernel_distance_are_those_of_new_samples() -> None:
    rng = np.random.default_rng(3)
    found = [
        kernel_distance(rng.normal(size=(80, 2)), 0.7 + rng.normal(size=(60, 2)))
        for _ in range(200)
    ]
    spread = np.std([f.value for f in found])
    assert np.mean([f.standard_error for f in found]) == pytest.approx(spread, rel=0.25)


def test_fidelity_is_what_is_defined() -> None:
    X, Y = pair(40, 30, 2)
    k = 3
    D = cdist(X, Y)
    radius_x = np.sort(cdist(X, X), axis=1)[:, k]
    radius_y = np.sort(cdist(Y, Y), axis=1)[:, k]
    found = fidelity(X, Y, k)
    expected = {
        "precision": (radius_x[:, None] >= D).any(axis=0).mean(),
        "recall": (radius_y[None] >= D).any(axis=1).mean(),
        "density": (radius_x[:, None] >= D).sum() / k / len(Y),
        "coverage": (D.min(axis=1) <= radius_x).mean(),
    }
    assert {n: getattr(found, n).value for n in expected} == pytest.approx(expected)


def test_blocks_change_nothing(monkeypatch) -> None:
    X, Y = pair(40, 30, 2)
    whole = fidelity(X, Y), kernel_distance(X, Y), copying(X[:20], X[20:], Y)
    monkeypatch.setattr(generation, "_MAX_BLOCK_NUMBERS", 64)
    parts = fidelity(X, Y), kernel_distance(X, Y), copying(X[:20], X[20:], Y)
    assert np.array(whole[0]) == pytest.approx(np.array(parts[0]))
    assert np.array(whole[1:]) == pytest.approx(np.array(parts[1:]))


def test_copies_are_told_from_new_examples() -> None:
    rng = np.random.default_rng(0)
    train, test, fresh = rng.normal(size=(3, 150, 3))
    p, error = copying(train, test, fresh)
    assert abs(p - 0.5) < 3 * error
    assert copying(train, test, train + 1e-6).value == 1
    assert copying(train, test, fresh + 20).value == 0

    near = [cdist(a, train).min(axis=1) for a in (test, fresh)]
    assert p == pytest.approx(mannwhitneyu(*near).statistic / 150**2)

    spread = np.std([copying(*rng.normal(size=(3, 60, 2))).value for _ in range(150)])
    errors = np.mean([copying(*rng.normal(size=(3, 60, 2))).standard_error for _ in range(20)])
    assert errors == pytest.approx(spread, rel=0.4)  # that of one training set


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance, fidelity])
def test_samples_that_cannot_be_compared_are_refused(measure) -> None:
    X = np.zeros((10, 3))

    for wrong in (np.zeros((10, 2)), np.zeros((1, 3)), np.zeros((10, 3, 1)), np.zeros(10)):
        with pytest.raises(ValueError, match="two samples of at least two rows"):
            measure(X, wrong)

    with pytest.raises(ValueError, match="NaN or infinity in the second"):
        measure(X, torch.full((10, 3), torch.nan))
